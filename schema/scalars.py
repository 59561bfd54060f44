"""The scalars of the contract: what counts as a number, a time, a symbol.

Both faces read their values through these types. Booleans and texts are never numbers, an integral
float is an integer where one is wanted, nothing is infinite, and a time always carries a zone.
See: docs/graphql.md
"""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NewType, TypeVar

import numpy as np
import strawberry
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

T = TypeVar("T")

MAX_COUNT = 2**31 - 1
MAX_TEXT = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE_FIRST = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER_TEXT = re.compile(r"[\s+-]*[\d_.]+(?:[eE][+-]?\d+)?\s*")


def _reject_infinite(value: float) -> None:
    try:
        is_finite = math.isfinite(value)
    except OverflowError:
        is_finite = False
    if not is_finite:
        raise PydanticKnownError("finite_number")


def _to_whole(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")
    if isinstance(value, str):
        raise PydanticKnownError("int_parsing")
    if isinstance(value, int | float):
        _reject_infinite(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _to_number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticKnownError("float_type")
    _reject_infinite(value)
    return value


def _to_real(value: object) -> float:
    return float(_to_number(value))


def _to_axis_value(value: object) -> int | float | str:
    if isinstance(value, str):
        _reject_odd_text(value)
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("axis_value_type", "Input should be a number or a text")
    _reject_infinite(value)
    return value


def _to_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise PydanticKnownError("bool_type")
    return value


def _reject_odd_text(value: str) -> None:
    if len(value) > MAX_TEXT:
        raise PydanticKnownError("string_too_long", {"max_length": MAX_TEXT})
    if not value.isprintable():
        raise PydanticCustomError("unprintable_text", "Input should hold printable characters only")


def _to_text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    if not value:
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    _reject_odd_text(value)
    return value


def _to_symbol(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    return _to_text(value.strip().upper())


def _to_time_text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticKnownError("datetime_type")
    if not _DATE_FIRST.match(value) and _NUMBER_TEXT.fullmatch(value):
        raise PydanticKnownError("datetime_type")
    return value


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise PydanticKnownError("timezone_aware")
    try:
        utc = value.astimezone(UTC)
    except OverflowError as overflow:
        raise PydanticKnownError("datetime_object_invalid", {"error": "out of range"}) from overflow
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def require_some(items: tuple[T, ...]) -> tuple[T, ...]:
    """Refuse an empty list; pydantic's own length also counts items that failed, as missing.

    See: docs/graphql.md
    """
    if not items:
        raise PydanticKnownError(
            "too_short", {"field_type": "List", "min_length": 1, "actual_length": 0}
        )
    return items


def to_epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of a time with a zone, rounded down.

    See: docs/graphql.md
    """
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def to_time_texts(epochs_ms: Sequence[int]) -> list[str]:
    """Many times at once, each as `to_time_text` writes it.

    See: docs/graphql.md
    """
    moments = np.array(epochs_ms, "datetime64[ms]")
    return np.datetime_as_string(moments, timezone="UTC").tolist()


def to_time_text(epoch_ms: int) -> str:
    """ISO 8601 in UTC with three decimals: `2024-01-01T00:00:00.000Z`.

    See: docs/graphql.md
    """
    moment = _EPOCH + timedelta(milliseconds=epoch_ms)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


WholeNumber = NewType("WholeNumber", int)
"""An integer in GraphQL inputs; unlike `Int` it lets `1.0` be 1, as JSON clients may write it."""

BigInt = NewType("BigInt", int)
"""An integer that may exceed 32 bits."""

Timestamp = NewType("Timestamp", str)
"""A time as ISO text."""

AxisScalar = NewType("AxisScalar", str)
"""Stands for an integer, a float or a text in the GraphQL schema."""

Count = Annotated[WholeNumber, BeforeValidator(_to_whole), Field(gt=0, le=MAX_COUNT)]
CountFromZero = Annotated[WholeNumber, BeforeValidator(_to_whole), Field(ge=0, le=MAX_COUNT)]
MarketId = Annotated[WholeNumber, BeforeValidator(_to_whole), Field(ge=1, le=65535)]
Real = Annotated[float, BeforeValidator(_to_real)]
Flag = Annotated[bool, BeforeValidator(_to_boolean)]
AxisNumber = Annotated[int | float, BeforeValidator(_to_number)]
AxisValue = Annotated[int | float | str, BeforeValidator(_to_axis_value)]
Text = Annotated[str, BeforeValidator(_to_text), Field(max_length=MAX_TEXT)]
Symbol = Annotated[str, BeforeValidator(_to_symbol), Field(max_length=MAX_TEXT)]
Instant = Annotated[
    datetime,
    BeforeValidator(_to_time_text),
    AfterValidator(_to_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _as_is(value: Any) -> Any:
    return value


GRAPHQL_SCALARS: dict[object, Any] = {
    WholeNumber: strawberry.scalar(
        name="WholeNumber",
        description="An integer. A float without a fraction is that integer: `1.0` is `1`.",
        serialize=_as_is,
        parse_value=_as_is,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="An integer that may need more than 32 bits.",
        serialize=int,
        parse_value=_as_is,
    ),
    Timestamp: strawberry.scalar(
        name="DateTime",
        description="A time in ISO 8601 with a zone, for example `2024-01-01T00:00:00.000Z`.",
        serialize=str,
        parse_value=_as_is,
    ),
    AxisScalar: strawberry.scalar(
        name="AxisValue",
        description="One value of an axis: an integer, a float or a text. `30` and `30.0` differ.",
        serialize=_as_is,
        parse_value=_as_is,
    ),
}
