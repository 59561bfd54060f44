"""From the spellings of candle files to numbers, flags and lengths."""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

import re
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc

from backtest.types import FloatArray

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:nan|inf|infinity)$"
_NOTHING = pa.array(["", "nan", "NaN", "NAN", "null", "NULL", "None", "NA", "N/A", "-"])
_LENGTH = re.compile(r"(?:candles?|kline|ohlcv)?[-_ ]*(\d*)\s*([a-z]*)")
_UNIT_US = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), SECOND_US),
    **dict.fromkeys(("", "m", "t", "min", "mins", "minute", "minutes"), MINUTE_US),
    **dict.fromkeys(("h", "hr", "hour", "hours", "hourly"), 60 * MINUTE_US),
    **dict.fromkeys(("d", "day", "days", "daily"), 1_440 * MINUTE_US),
    **dict.fromkeys(("w", "week", "weekly"), 7 * 1_440 * MINUTE_US),
    **dict.fromkeys(("mo", "mon", "month", "monthly"), 30 * 1_440 * MINUTE_US),
}


def to_floats(column: Any, *, has_decimal_commas: bool = False) -> FloatArray:
    """Shape (n,) float64; NaN where there is no number, or where it says NaN."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return _array(column.cast(pa.float64(), safe=False))
    text = column if pa.types.is_string(column.type) else column.cast(pa.string())
    if has_decimal_commas:  # a point would be one of thousands
        text = pc.if_else(pc.match_substring(text, "."), "-", pc.replace_substring(text, ",", "."))
    try:
        return _array(text.cast(pa.float64()))
    except pa.ArrowInvalid:
        text = trimmed(text)
        is_number = pc.match_substring_regex(text, _NUMBER)
        return _array(pc.if_else(is_number, text, None).cast(pa.float64()))


def _array(column: Any) -> FloatArray:
    return np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def trimmed(column: Any) -> Any:
    """Texts without blanks around them; bytes and numbers are spelled out first."""
    text = column if pa.types.is_string(column.type) else column.cast(pa.string())
    return pc.utf8_trim_whitespace(text)


def is_nothing(column: Any) -> NDArray[np.bool_]:
    """Where a field holds no value: null, empty, or a word for neither."""
    if pa.types.is_floating(column.type):
        return np.isnan(_array(column))
    is_null = pc.is_null(column)
    if pa.types.is_integer(column.type):
        return _mask(is_null)
    return _mask(pc.or_(is_null, pc.fill_null(pc.is_in(trimmed(column), _NOTHING), True)))


def is_false(column: Any) -> NDArray[np.bool_]:
    """Where a flag says no: `0`, `false`, `no`."""
    words = pc.utf8_lower(trimmed(column))
    return _mask(
        pc.fill_null(pc.is_in(words, pa.array(["0", "0.0", "false", "f", "no", "n"])), False)
    )


def _mask(flags: Any) -> NDArray[np.bool_]:
    return np.array(flags.to_numpy(zero_copy_only=False), dtype=np.bool_)


def length_of(text: str) -> int | None:
    """Microseconds of an interval such as `1m`, `60`, `PT1M`, `1-MINUTE`; None if it is none."""
    word = text.strip()
    if re.fullmatch(r"\d*M", word) and word != "1M":
        word += "o"
    if word == "1M":  # a month at Binance, a minute elsewhere
        return None
    word = re.sub(r"^(?:pt|interval\.)", "", word.lower())
    word = re.sub(r"^([a-z]+)_?(\d+)$", r"\2\1", word)  # M1, MINUTE_1
    match = _LENGTH.fullmatch(word)
    if match is None or not any(match.groups()) or match.group(2) not in _UNIT_US:
        return None
    return int(match.group(1) or 1) * _UNIT_US[match.group(2)]


def format_length(length_us: int) -> str:
    """`1h` of an hour in microseconds, `5s`, `1.5s`."""
    for unit, us in (("d", 1_440 * MINUTE_US), ("h", 60 * MINUTE_US), ("m", MINUTE_US)):
        if length_us % us == 0:
            return f"{length_us // us}{unit}"
    return f"{length_us / SECOND_US:g}s"
