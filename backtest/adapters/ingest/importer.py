"""Importing a candle file: all of it is checked before any of it is written.

See: docs/stores.md, docs/candle-files.md
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false

import io
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from lzma import LZMAError
from pathlib import Path
from typing import cast
from uuid import uuid4

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.staging import staged
from backtest.adapters.candles.write import Written, has_minutes, write_minutes
from backtest.adapters.ingest.columns import Layout, layout_of
from backtest.adapters.ingest.containers import HEAD_BYTES, ContainedTable, members
from backtest.adapters.ingest.found import FileFacts
from backtest.adapters.ingest.options import ImportOptions
from backtest.adapters.ingest.repeats import repeats
from backtest.adapters.ingest.rows import MOST_REASONS, Candles, Moment, candles_of
from backtest.adapters.ingest.spool import Spool
from backtest.adapters.ingest.tables import table_of
from backtest.adapters.ingest.verdict import assumptions, problems_of
from backtest.types import MINUTE_MS, Instrument, IntArray

Progress = Callable[[int, int], None]

# What readers raise about a file that is not what it should be.
UNREADABLE = (OSError, EOFError, ValueError, zlib.error, LZMAError, zipfile.BadZipFile)


class BrokenFile(Exception):
    """A file that cannot be read to its end as candles; nothing of it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """What reading a file found.

    Attributes:
        path: The file.
        format: What it was recognised as.
        n_rows: Rows and malformed lines, without those that were left out.
        n_left_out: Rows of other symbols, without a price, or not closed yet.
        n_refused: Rows that are wrong.
        n_off_minute: Good or not, rows whose time is not on a minute.
        n_repeated: Rows that are there once more, equal to the bit; they are written once.
        problems: Why nothing of the file can be taken.
        notes: What was assumed and what was left out.
        reasons: Where and why for the first refused rows.
        first_ms: Epoch milliseconds of the first good candle, None without one.
        last_ms: Of the last one.
        spool: The good rows.
        is_kept: Shape (n_good,): which rows of the spool are written.
        length_ms: How long each candle lasts.
    """

    path: Path
    format: str
    n_rows: int
    n_left_out: int
    n_refused: int
    n_off_minute: int
    n_repeated: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]
    first_ms: int | None
    last_ms: int | None
    spool: Spool
    is_kept: NDArray[np.bool_]
    length_ms: int = MINUTE_MS

    @property
    def n_kept(self) -> int:
        """How many candles would be written."""
        return int(np.count_nonzero(self.is_kept))

    @property
    def is_mostly_refused(self) -> bool:
        """Whether leaving out the refused rows would leave out most of the file."""
        return 2 * self.n_refused > self.n_rows


def check_file(path: Path, progress: Progress, asked: ImportOptions | None = None) -> CheckedFile:
    """Read the whole file and judge every row.

    Args:
        path: A file of candles in any of the formats of docs/candle-files.md.
        progress: Called as `(bytes done, bytes in all)` of the file as it lies on disk.
        asked: What the user says about it.

    Raises:
        BrokenFile: The file cannot be read to its end, or holds no row.
    """
    reading = _Reading(path, asked or ImportOptions())
    try:
        reading.read(progress)
    except FileNotFoundError as error:
        raise BrokenFile(f"{path}: there is no such file") from error
    except IsADirectoryError as error:
        raise BrokenFile(f"{path}: this is a folder; name the files in it") from error
    except EOFError as error:
        raise BrokenFile(f"{path}: the file is truncated ({error}); download it again") from error
    except UNREADABLE as error:
        raise BrokenFile(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    except pa.ArrowException as error:
        message = f"a column holds neither numbers nor texts ({error}); export a CSV"
        raise BrokenFile(f"{path}: {message}") from error
    checked = reading.checked()
    if not (checked.n_rows or checked.n_left_out or checked.problems):
        raise BrokenFile(f"{path}: there are no rows")
    return checked


class _Reading:
    """The state of one reading of a file."""

    def __init__(self, path: Path, asked: ImportOptions) -> None:
        self._path, self._asked = path, asked
        self._spool, self._found = Spool(), FileFacts()
        self._names = [path.name]
        self._layouts: list[Layout] = []
        self._notes: list[str] = []
        self._reasons: list[tuple[str, str]] = []
        self._lines: list[tuple[str, NDArray[np.int32]]] = []
        self._good_ms: list[IntArray] = []
        self._read_us: list[IntArray | None] = []
        self._n_refused = self._n_malformed = 0
        self._misfit = ""
        self.n_rows = 0

    def read(self, progress: Progress) -> None:
        with self._path.open("rb", buffering=HEAD_BYTES) as raw:
            status = self._path.stat()
            moment = Moment(now_us=time.time_ns() // 1_000, written_us=status.st_mtime_ns // 1_000)
            for member in members(cast("io.BufferedReader", raw)):
                for candles in self._candles(member, moment):
                    progress(min(raw.tell(), status.st_size), status.st_size)
                    self._add(member.name, candles)
            progress(status.st_size, status.st_size)
        self._spool.done()

    def _candles(self, member: ContainedTable, moment: Moment) -> Iterator[Candles]:
        self._names.append(member.name)
        table = table_of(member)
        layout = layout_of(table.sample, self._asked)
        self._layouts.append(layout)
        self._notes += [note for note in (*table.notes, *layout.notes) if note not in self._notes]
        if layout.problems:
            # Whatever the rows are, the file is refused; only their number is of interest.
            self.n_rows += len(table.sample.columns[0]) if table.sample.columns else 0
            return
        for raw in table.read(sorted(set(layout.places.values()))):
            self.n_rows += len(raw.malformed)
            self._n_malformed += len(raw.malformed)
            if raw.malformed and not self._misfit:
                self._misfit = raw.malformed[0][1]
            yield candles_of(raw, layout, self._asked, moment, self._found)

    def _add(self, name: str, candles: Candles) -> None:
        is_good = candles.is_good
        self.n_rows += len(is_good)
        self._n_refused += int(np.count_nonzero(~is_good))
        n_more = MOST_REASONS - len(self._reasons)
        self._reasons += [(_place(name, line), why) for line, why in candles.reasons[:n_more]]
        open_ms = candles.open_us[is_good] // 1_000
        self._spool.add(
            open_ms, {column: values[is_good] for column, values in candles.columns.items()}
        )
        self._lines.append((name, candles.lines[is_good].astype(np.int32)))
        self._good_ms.append(open_ms)
        # Usually these are the same moments; then they are kept once.
        is_same = len(open_ms) == len(candles.read_us) and np.array_equal(
            candles.read_us, open_ms * 1_000
        )
        self._read_us.append(None if is_same else candles.read_us)

    def checked(self) -> CheckedFile:
        opens = _joined(self._good_ms)
        found = repeats(self._spool, opens)
        conflicts = [
            (
                self._where(row),
                f"ts_open must be unique, but {self._where(other)} has it with other values",
            )
            for row, other in found.conflicts[:MOST_REASONS]
        ]
        is_kept = ~(found.is_repeated | found.is_conflicting)
        n_conflicting = int(np.count_nonzero(found.is_conflicting))
        n_refused = self._n_refused + self._n_malformed + n_conflicting
        kept = opens[is_kept]
        problems = problems_of(self._names, self._layouts, self._found, self._asked, self._times())
        if 2 * self._n_malformed > self.n_rows:
            problems = (*problems, f"most lines do not fit the header: {self._misfit}")
        return CheckedFile(
            path=self._path,
            format=" and ".join(dict.fromkeys(layout.name for layout in self._layouts)),
            n_rows=self.n_rows,
            n_left_out=self._found.n_left_out,
            n_refused=n_refused,
            n_off_minute=self._found.n_off_minute,
            n_repeated=int(np.count_nonzero(found.is_repeated)),
            problems=problems,
            notes=(*self._notes, *assumptions(self._found, self._layouts, self._asked, opens)),
            reasons=tuple((self._reasons + conflicts)[:MOST_REASONS]),
            first_ms=int(kept.min()) if len(kept) else None,
            last_ms=int(kept.max()) if len(kept) else None,
            spool=self._spool,
            is_kept=is_kept,
            length_ms=self._asked.length_ms,
        )

    def _times(self) -> IntArray:
        """Microseconds as the file has them."""
        if all(times is None for times in self._read_us):
            return _joined(self._good_ms) * 1_000
        pairs = zip(self._read_us, self._good_ms, strict=True)
        return _joined([good * 1_000 if times is None else times for times, good in pairs])

    def _where(self, row: int) -> str:
        for name, lines in self._lines:
            if row < len(lines):
                return _place(name, int(lines[row]))
            row -= len(lines)
        raise IndexError(row)


def _place(name: str, line: int) -> str:
    return f"{name} line {line}" if name else f"line {line}"


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate(parts) if parts else np.array([], dtype=np.int64)


def write_file(
    pool: ClickHousePool,
    instrument: Instrument,
    checked: CheckedFile,
    progress: Progress,
    now_ms: int,
) -> Written:
    """Write the rows of a checked file that were not refused: all of them or none.

    Args:
        pool: Where to.
        instrument: Whose minutes these are.
        checked: The outcome of `check_file`, without problems.
        progress: Called as `(rows done, rows in all)`.
        now_ms: Epoch milliseconds of this import.

    Raises:
        CandlesUnavailable: The store failed; nothing was written.
    """
    assert not checked.problems, "a file with problems is not written"
    written, ingest_id, n_done = Written(), uuid4(), 0
    if checked.first_ms is None or checked.last_ms is None:
        return written
    series = StoredSeries(instrument=instrument, length_ms=checked.length_ms)
    with staged(pool, series) as stage:
        # Not before: another import may just have written them.
        is_new = not has_minutes(
            pool,
            instrument,
            first_ms=checked.first_ms,
            last_ms=checked.last_ms,
            length_ms=checked.length_ms,
        )
        for minutes in checked.spool:
            is_kept = checked.is_kept[n_done : n_done + len(minutes)]
            written += write_minutes(
                pool,
                instrument,
                replace(minutes.take(is_kept), length_ms=checked.length_ms),
                source="import",
                now_ms=now_ms,
                ingest_id=ingest_id,
                into=stage,
                is_new=is_new,
            )
            n_done += len(minutes)
            progress(n_done, len(checked.is_kept))
    return written
