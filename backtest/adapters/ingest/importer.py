"""Importing a candle file: all of it is checked before any of it is written.

The file is read twice, so that memory holds one chunk and sixteen bytes per row whatever its
length. See: docs/stores.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import EXTRA_COLUMNS, PRICE_COLUMNS, Minutes
from backtest.adapters.candles.write import Written, write_minutes
from backtest.adapters.ingest.files import BrokenFile, Progress, RawChunk, read_chunks
from backtest.adapters.ingest.values import UNREADABLE_TIME, to_floats, to_microseconds
from backtest.types import Instrument, IntArray

_MINUTE_US = 60_000_000
_LAST_US = 4_102_444_800_000_000
_MAX_REASONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """What the first reading found.

    `refused_lines` is shape (n_refused,) int64, ascending; `reasons` explains the first hundred.
    """

    path: Path
    n_rows: int
    refused_lines: IntArray
    reasons: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    lines: IntArray
    minutes: Minutes
    faults: dict[int, str]


def check_file(path: Path, progress: Progress) -> CheckedFile:
    """Read the whole file and judge every row.

    Raises:
        BrokenFile: The file cannot be read to its end, or holds no row.
    """
    faults: dict[int, str] = {}
    lines: list[IntArray] = []
    times: list[IntArray] = []
    for chunk in _interpreted(path, progress):
        faults |= chunk.faults
        is_good = ~np.isin(chunk.lines, np.fromiter(chunk.faults, dtype=np.int64))
        lines.append(chunk.lines[is_good])
        times.append(chunk.minutes.ts_open[is_good])
    n_good = sum(len(part) for part in lines)
    n_rows = n_good + len(faults)
    if n_rows == 0:
        raise BrokenFile(f"{path}: there are no rows")
    if n_good:
        faults |= _repetitions(np.concatenate(lines), np.concatenate(times))
    refused = np.sort(np.fromiter(faults, dtype=np.int64))
    reasons = tuple((int(line), faults[int(line)]) for line in refused[:_MAX_REASONS])
    return CheckedFile(path=path, n_rows=n_rows, refused_lines=refused, reasons=reasons)


def write_file(
    pool: ClickHousePool,
    instrument: Instrument,
    checked: CheckedFile,
    progress: Progress,
    now_ms: int,
) -> Written:
    """Write the rows of a checked file that were not refused.

    Args:
        pool: Where to.
        instrument: Whose minutes these are.
        checked: The outcome of `check_file`.
        progress: Called as `(bytes done, bytes in all)`.
        now_ms: Epoch milliseconds of this import.

    Raises:
        BrokenFile: The file has changed since it was checked.
        CandlesUnavailable: The store failed; repeating the import completes it.
    """
    written, ingest_id = Written(), uuid4()
    for chunk in _interpreted(checked.path, progress):
        is_kept = ~np.isin(chunk.lines, checked.refused_lines)
        written += _write(pool, instrument, chunk.minutes.take(is_kept), now_ms, ingest_id)
    if written.n_new + written.n_replaced + written.n_identical != checked.n_rows - len(
        checked.refused_lines
    ):
        raise BrokenFile(f"{checked.path}: the file changed while it was being imported")
    return written


def _write(
    pool: ClickHousePool, instrument: Instrument, minutes: Minutes, now_ms: int, ingest_id: UUID
) -> Written:
    return write_minutes(
        pool, instrument, minutes, source="import", now_ms=now_ms, ingest_id=ingest_id
    )


def _interpreted(path: Path, progress: Progress) -> Iterator[_Chunk]:
    for raw in read_chunks(path, progress):
        moments = to_microseconds(raw.columns["ts_open"])
        columns = {name: to_floats(raw.columns[name]) for name in PRICE_COLUMNS}
        faults = dict(raw.malformed) | _faults(raw, moments, columns)
        columns |= {
            name: to_floats(raw.columns[name]) for name in EXTRA_COLUMNS if name in raw.columns
        }
        minutes = Minutes(ts_open=moments // 1_000, columns=columns)
        yield _Chunk(lines=raw.lines, minutes=minutes, faults=faults)


def _faults(
    raw: RawChunk, moments: IntArray, columns: dict[str, NDArray[np.float64]]
) -> dict[int, str]:
    """The first fault of each faulty row by its line number."""
    faults: dict[int, str] = {}

    def mark(is_faulty: NDArray[np.bool_], column: str, fault: str) -> None:
        for i in np.flatnonzero(is_faulty):
            value = str(raw.columns[column][int(i)])[:40]
            faults.setdefault(int(raw.lines[i]), f"{column} {fault}, was {value}")

    mark(moments == UNREADABLE_TIME, "ts_open", "must be a time")
    mark((moments < 0) | (moments >= _LAST_US), "ts_open", "must lie between 1970 and 2100")
    mark(moments % _MINUTE_US != 0, "ts_open", "must be a whole minute")
    for name in PRICE_COLUMNS:
        mark(~np.isfinite(columns[name]), name, "must be a finite number")
    for name in PRICE_COLUMNS[:4]:
        mark(columns[name] <= 0, name, "must be > 0")
    mark(columns["volume_base"] < 0, "volume_base", "must be >= 0")
    mark(columns["high"] < columns["low"], "high", "must not be below low")
    return faults


def _repetitions(lines: IntArray, times: IntArray) -> dict[int, str]:
    """Rows whose minute an earlier row of the same file has."""
    if np.all(np.diff(times) > 0):
        return {}
    order = np.argsort(times, kind="stable")
    is_repeated = np.diff(times[order]) == 0
    firsts, seconds = lines[order[:-1][is_repeated]], lines[order[1:][is_repeated]]
    return {
        int(second): f"ts_open must be new, was also on line {first}"
        for first, second in zip(firsts, seconds, strict=True)
    }
