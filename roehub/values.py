"""Values as people write them: ranges, lists, arrays, names of instruments, times.

See: docs/python.md
"""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime
from typing import Any, cast

from backtest.markets import market_id_of
from backtest.types import Instrument

Axis = Mapping[str, Any]
ARRAY_DIGITS = 12


def axis(values: object, name: str = "an axis", *, is_whole: bool = False) -> Axis:
    """An axis of a request.

    Args:
        values: One value, a `range`, a list, a NumPy array, a pandas index or series, or an axis as
            REST writes it. Floats of an array are taken to twelve digits: the third value of
            `numpy.arange(0.1, 0.5, 0.1)` is 0.3, and not 0.30000000000000004.
        name: Of the axis, for messages.
        is_whole: Whether it takes whole numbers: `numpy.linspace(5, 20, 4)` has some, as floats.

    Raises:
        ValueError: There is no value, or one that is neither a finite number nor a text.

    See: docs/grid.md
    """
    if isinstance(values, Mapping):
        return cast("Axis", values)
    listed = [_scalar(value, name) for value in _listed(values, name, is_whole)]
    if not listed:
        raise ValueError(f"{name} needs at least one value, and {_shown(values)} is empty")
    return {"mode": "explicit", "values": listed}


def instrument(name: object) -> Mapping[str, Any]:
    """The id of an instrument.

    Args:
        name: `"binance:spot:BTCUSDT"`, `(1, "BTCUSDT")`, or as REST writes it.

    Raises:
        ValueError: It names no market or no symbol.

    See: docs/python.md
    """
    if isinstance(name, Mapping):
        return cast("Mapping[str, Any]", name)
    if isinstance(name, Instrument):
        return {"market_id": name.market_id, "symbol": name.symbol}
    match name:
        case str() if name.count(":") == 2 and not name.endswith(":"):
            market, _, symbol = name.rpartition(":")
            return {"market_id": market_id_of(market), "symbol": symbol}
        case (int() as market_id, str() as symbol):
            return {"market_id": market_id, "symbol": symbol}
        case _:
            written = "'binance:spot:BTCUSDT' or (1, 'BTCUSDT')"
            raise ValueError(f"an instrument must be written like {written}, was {_shown(name)}")


def moment(value: object, name: str = "a time") -> str:
    """A time with its zone.

    Args:
        value: ISO text, `date`, `datetime`, a pandas `Timestamp` or a NumPy `datetime64`; without
            a zone it is UTC.
        name: Of the time, for messages.

    Raises:
        ValueError: It is no time.

    See: docs/python.md
    """
    found = _datetime(value)
    if found is None:
        written = "'2024-01-31', '2024-01-31T12:00' or a datetime"
        raise ValueError(f"{name} must be written like {written}, was {_shown(value)}")
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return aware.isoformat()


def plain(value: object) -> object:
    """A value with the numbers and arrays of NumPy in it as numbers and lists of Python.

    See: docs/python.md
    """
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("Iterable[object]", value)]
    if not (hasattr(value, "dtype") and hasattr(value, "tolist")):
        return value
    if getattr(value, "ndim", 0) > 0:
        return [plain(item) for item in cast("Iterable[object]", value)]
    return _with_its_digits(cast("Any", value).tolist(), value)


def _with_its_digits(number: object, written: object) -> object:
    """The number whose digits a short float shows, and not that of the nearest float64."""
    return float(str(written)) if type(written).__name__ in {"float16", "float32"} else number


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names what was perhaps meant; nothing where nothing is near.

    See: docs/python.md
    """
    return meant(difflib.get_close_matches(name, list(known), n=3))


def meant(found: Sequence[str]) -> str:
    """The end of a sentence that asks whether one of these was meant.

    See: docs/python.md
    """
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _listed(values: object, name: str, is_whole: bool) -> Iterable[object]:
    if isinstance(values, Set):
        raise ValueError(f"{name} has an order, and a set has none; write a list")
    is_array = hasattr(values, "dtype") and getattr(values, "ndim", 0) > 0
    if is_array:
        return (_as_meant(value, is_whole) for value in cast("Iterable[object]", values))
    is_one = isinstance(values, str | bytes) or hasattr(values, "dtype")
    if is_one or not isinstance(values, Iterable):
        return [cast("object", values)]
    return cast("Iterable[object]", values)


def _as_meant(value: object, is_whole: bool) -> object:
    """A float of an array without the last digits, which steps leave behind."""
    value = _with_its_digits(value, value)
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    number = float(f"{value:.{ARRAY_DIGITS}g}")
    return int(number) if is_whole and number.is_integer() else number


def _scalar(value: object, name: str) -> object:
    """A number of Python's own, also for one of NumPy's, or a text."""
    found = plain(value)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if not isinstance(found, str) and not (is_number and math.isfinite(cast("float", found))):
        raise ValueError(
            f"{name} takes numbers, or names where it is a choice, was {_shown(found)}"
        )
    return found


def _datetime(value: object) -> datetime | None:
    if isinstance(value, str) or type(value).__name__ == "datetime64":
        try:
            return datetime.fromisoformat(str(value))
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime) and value == value:  # noqa: PLR0124 - NaT is not itself
        return value
    return None


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
