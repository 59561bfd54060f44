"""From the spellings of candle files to numbers and times."""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from backtest.types import FloatArray, IntArray

UNREADABLE_TIME = np.iinfo(np.int64).min

_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"


def to_floats(column: Any) -> FloatArray:
    """Shape (n,) float64; NaN where there is no number. Decimal commas are not numbers."""
    try:
        numbers = column.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        text = column.cast(pa.string())
        is_number = pc.match_substring_regex(text, _NUMBER)
        numbers = pc.if_else(is_number, text, None).cast(pa.float64())
    return np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)


def to_microseconds(column: Any) -> IntArray:
    """Times as int64 microseconds since 1970 UTC, shape (n,); else `UNREADABLE_TIME`.

    Numbers are seconds, milliseconds, microseconds or nanoseconds, told apart by their size, which
    is unambiguous from 1973 to 5138. Texts are ISO 8601; one without a zone is UTC.
    """
    if pa.types.is_timestamp(column.type):
        return _moments(column.cast(pa.timestamp("us", column.type.tz), safe=False))
    if pa.types.is_date(column.type):
        return _moments(column.cast(pa.timestamp("us")))
    for kind in (pa.int64(), pa.float64()):
        try:
            return _scaled(column.cast(kind).to_numpy(zero_copy_only=False))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    for zone in ("UTC", None):
        try:
            return _moments(column.cast(pa.timestamp("us", zone)))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    return np.array([_one_time(text) for text in column.to_pylist()], dtype=np.int64)


def _moments(column: Any) -> IntArray:
    numbers = column.cast(pa.int64()).fill_null(UNREADABLE_TIME)
    return np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def _scaled(numbers: Any) -> IntArray:
    """Whole microseconds; anything finer or not finite is unreadable."""
    size = np.abs(numbers)
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


def _one_time(text: Any) -> int:
    """A single time of a column in which not all are alike."""
    try:
        return int(_scaled(np.array([float(text)]))[0])
    except (TypeError, ValueError):
        pass
    try:
        moment = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return UNREADABLE_TIME
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000_000 + since_epoch.microseconds
