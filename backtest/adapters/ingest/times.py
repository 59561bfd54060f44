"""From the spellings of moments to microseconds since 1970 UTC."""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc

from backtest.adapters.ingest.values import trimmed
from backtest.types import IntArray

UNREADABLE_TIME = np.iinfo(np.int64).min

DateOrder = Literal["day-first", "month-first"]

# Each of them turns one way of writing into ISO 8601; a text that it does not fit stays as it is.
_REWRITINGS: tuple[tuple[str, str], ...] = (
    (r"\s+", " "),
    (r"^(\d{4})[./](\d{1,2})[./](\d{1,2})", r"\1-\2-\3"),
    (r"^(\d{4})(\d{2})(\d{2})([ T;]|$)", r"\1-\2-\3\4"),
    (r"^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?$", r"\1-\2-\3 \4:\5:0\6"),
    (r"^(\d{4}-\d{2}-\d{2}[ T])(\d{2})(\d{2})(\d{2})?$", r"\1\2:\3:0\4"),
    (r"^(\d{4}-\d{2}-\d{2})-(\d{2})-(\d{2})(?:-(\d{2}))?$", r"\1 \2:\3:0\4"),
    (r":0(\d{2})$", r":\1"),
    (r":0$", r":00"),
    (r"^(\d{4})-(\d)-", r"\1-0\2-"),
    (r"^(\d{4}-\d{2})-(\d)([ T]|$)", r"\1-0\2\3"),
    (r"([ T])(\d):", r"\g<1>0\2:"),
    (r"([+-]\d{2}:?\d{2})\s*\[?(?:UTC|GMT|Z)\]?$", r"\1"),
    (r"\s*\[(UTC|GMT)\]$", "Z"),
    (r"\s*(?:UTC|GMT)?([+-]\d{2}):?(\d{2})$", r"\1:\2"),
    (r"\s*(?:UTC|GMT|Z)$", "Z"),
    (r"^(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})$", r"\1:00\2"),
    (r"[,.](\d{1,9})(Z|[+-]\d{2}:\d{2}|)$", r".\1\2"),
)
# The hour of a clock that goes to 12, with minutes and seconds or without: 9:30 PM, 09-PM.
_HALF_DAY = (
    r"^(?P<day>.*\d)[ T-]+(?P<hour>0?[1-9]|1[0-2])(?P<rest>(?::\d{2}){0,2})"
    r"[ -]?(?P<half>[AaPp])\.?[Mm]\.?$"
)
_DAY_FIRST = (r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})", r"\3-\2-\1")
_MONTH_FIRST = (r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})", r"\3-\1-\2")
# Months by name: `Jan 2, 2024`, `January 02 2024`, `02-Jan-2024`, `Tue, 02 Jan 2024`.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED_MONTH = r"^(?:[A-Za-z]{3,9},? )?(?:[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2}[ -]?[A-Za-z]{3})"
_COMPACT = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}|\d{6})?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTimes:
    """`us` is shape (n,) int64; it counts from 1970 in UTC, or in an unknown zone if `is_local`.

    `is_count` says that the file has numbers.
    """

    us: IntArray
    is_local: bool
    is_count: bool = False


def to_moments(column: Any, order: DateOrder | None = None) -> FileTimes:
    """Read a column of times; what is none becomes `UNREADABLE_TIME`.

    Numbers are seconds, milliseconds, microseconds or nanoseconds, told apart by their size, which
    is unambiguous from 1973 to 5138. Texts are ISO 8601 or one of its common relatives.

    Args:
        column: Arrow array of timestamps, dates, numbers or texts.
        order: Of day and month where the year comes last.
    """
    if pa.types.is_timestamp(column.type):
        moments = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        return FileTimes(us=_ints(moments), is_local=column.type.tz is None)
    if pa.types.is_date(column.type):
        return FileTimes(us=_ints(column.cast(pa.timestamp("us"))), is_local=True)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        us = _scaled(column.to_numpy(zero_copy_only=False))
        return FileTimes(us=us, is_local=False, is_count=True)
    is_text = pa.types.is_string(column.type)
    return (_numbers(column) if is_text else None) or _texts(trimmed(column), order)


def _numbers(text: Any) -> FileTimes | None:
    for kind in (pa.int64(), pa.float64()):
        try:
            numbers = text.cast(kind)
        except pa.ArrowInvalid:
            continue
        if not _is_compact(text):
            us = _scaled(numbers.to_numpy(zero_copy_only=False))
            return FileTimes(us=us, is_local=False, is_count=True)
    return None


def _texts(text: Any, order: DateOrder | None) -> FileTimes:
    numbers = _numbers(text)
    if numbers is not None:
        return numbers
    for spelling in (text, _iso(text, order)):
        for zone in ("UTC", None):
            try:
                moments = spelling.cast(pa.timestamp("us", zone))
            except pa.ArrowInvalid:
                continue
            return FileTimes(us=_ints(moments), is_local=zone is None)
    return _one_by_one(_iso(text, order).to_pylist())


def _one_by_one(texts: list[str | None]) -> FileTimes:
    """Where only some have a zone, those without are no times."""
    singles = [_one_time(text) for text in texts]
    us = np.array([moment for moment, _ in singles], dtype=np.int64)
    lacks_zone = np.array([is_local for _, is_local in singles], dtype=np.bool_)
    is_local = bool(np.all(lacks_zone | (us == UNREADABLE_TIME)))
    if not is_local:
        us[lacks_zone] = UNREADABLE_TIME
    return FileTimes(us=us, is_local=is_local)


def _is_compact(text: Any) -> bool:
    """Such as 20240131 or 20240131235900, which as numbers would be days in 1970 or far ahead."""
    first = text[:1]
    if not pc.any(pc.match_substring_regex(first, _COMPACT)).as_py():
        return False
    return bool(pc.all(pc.match_substring_regex(text, _COMPACT)).as_py())


def _iso(text: Any, order: DateOrder | None) -> Any:
    if order is not None:
        text = pc.replace_substring_regex(text, *_pattern(order))
    text = _in_24_hours(_with_numbered_months(text))
    for pattern, replacement in _REWRITINGS:
        text = pc.replace_substring_regex(text, pattern, replacement.replace(r"\g<1>", r"\1"))
    return text


def _with_numbered_months(text: Any) -> Any:
    if not pc.any(pc.match_substring_regex(text, _NAMED_MONTH)).as_py():
        return text
    for number, month in enumerate(_MONTHS, start=1):
        name = rf"(?i)^(?:[a-z]{{3,9}},? )?{month}[a-z]*\.? (\d{{1,2}}),? (\d{{4}})"
        text = pc.replace_substring_regex(text, name, rf"\2-{number:02}-\1")
        name = rf"(?i)^(?:[a-z]{{3,9}},? )?(\d{{1,2}})[ -]?{month}[a-z]*[ ,.-]*(\d{{4}})"
        text = pc.replace_substring_regex(text, name, rf"\2-{number:02}-\1")
    return text


def _in_24_hours(text: Any) -> Any:
    """The same moments, those with AM or PM on a clock that goes to 24."""
    found = pc.extract_regex(text, _HALF_DAY)
    if found.null_count == len(found):
        return text
    day, hour, rest, half = (pc.struct_field(found, i) for i in range(4))
    hour = pc.cast(hour, pa.int64())
    hour = pc.if_else(pc.equal(hour, 12), 0, hour)
    hour = pc.add(hour, pc.if_else(pc.equal(pc.utf8_upper(half), "P"), 12, 0))
    hour = pc.utf8_lpad(pc.cast(hour, pa.string()), 2, "0")
    rest = pc.if_else(pc.equal(rest, ""), ":00", rest)
    clock = pc.binary_join_element_wise(hour, rest, "")
    return pc.coalesce(pc.binary_join_element_wise(day, clock, " "), text)


def _pattern(order: DateOrder) -> tuple[str, str]:
    return _DAY_FIRST if order == "day-first" else _MONTH_FIRST


def date_order(texts: list[str]) -> DateOrder | Literal["unknown"] | None:
    """The order of day and month; None where the year comes first or there is no date."""
    matches = [match for text in texts if (match := re.match(_DAY_FIRST[0], text))]
    if not matches:
        return None
    if any(int(match.group(1)) > 12 for match in matches) or "." in matches[0].group():
        return "day-first"
    if any(int(match.group(2)) > 12 for match in matches):
        return "month-first"
    return "unknown"


def in_zone(local_us: IntArray, zone: str) -> tuple[IntArray, NDArray[np.bool_]]:
    """Local times as UTC, and which of them exist twice or not at all, where clocks are changed."""
    if zone == "UTC":
        return local_us, np.zeros(len(local_us), dtype=np.bool_)
    is_time = local_us != UNREADABLE_TIME
    local = pa.array(np.where(is_time, local_us, 0), pa.timestamp("us"))
    early, late = (
        _ints(pc.assume_timezone(local, zone, ambiguous=which, nonexistent=which))
        for which in ("earliest", "latest")
    )
    return np.where(is_time, early, UNREADABLE_TIME), (early != late) & is_time


def _ints(moments: Any) -> IntArray:
    numbers = moments.cast(pa.int64()).fill_null(UNREADABLE_TIME)
    return np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def _scaled(numbers: Any) -> IntArray:
    """Whole microseconds; anything that is not finite is unreadable."""
    if np.issubdtype(numbers.dtype, np.integer):
        return _scaled_ints(numbers.astype(np.int64))
    size = np.abs(numbers.astype(np.float64))
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.select(
            [size < 1e11, size < 1e14, size < 1e17],
            [numbers * 1_000_000, numbers * 1_000, numbers],
            np.floor_divide(numbers, 1_000),
        )
        is_time = np.isfinite(scaled) & (np.abs(scaled) < 2**62)
        return np.where(is_time, np.round(np.where(is_time, scaled, 0)), UNREADABLE_TIME).astype(
            np.int64
        )


def _scaled_ints(numbers: IntArray) -> IntArray:
    """The same where nothing can be lost to rounding; usually all are of one unit."""
    size = np.abs(numbers)
    if len(numbers) == 0 or (size.min() >= 10**11 and size.max() < 10**14):
        return numbers * 1_000
    return np.select(
        [size < 10**11, size < 10**14, size < 10**17],
        [numbers * 1_000_000, numbers * 1_000, numbers],
        numbers // 1_000,
    )


def _one_time(text: str | None) -> tuple[int, bool]:
    """A single time of a column in which not all are alike, and whether it lacks a zone."""
    try:
        return int(_scaled(np.array([float(text or "")]))[0]), False
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return UNREADABLE_TIME, False
    is_local = moment.tzinfo is None
    since_epoch = (moment.replace(tzinfo=UTC) if is_local else moment) - datetime(
        1970, 1, 1, tzinfo=UTC
    )
    seconds = since_epoch.days * 86_400 + since_epoch.seconds
    return seconds * 1_000_000 + since_epoch.microseconds, is_local
