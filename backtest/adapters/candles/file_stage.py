"""Writing the embedded store: a file of candles appears whole under its name, or not at all.

One process at a time writes to a series, held by a lock on its folder. What a killed one leaves is
a hidden file that nobody reads; the next one to write there removes it.

See: docs/stores.md#the-embedded-store
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import fcntl
import logging
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
from pyarrow import parquet

from backtest.adapters.candles.arrow_rows import (
    SCHEMA,
    milliseconds,
    newest_rows,
    read_rows,
    to_schema,
)
from backtest.adapters.candles.failures import unavailable_because
from backtest.adapters.candles.folder import (
    CandleFile,
    candle_files_in,
    file_name,
    require_folder,
    series_folder,
)
from backtest.adapters.candles.series import StoredSeries
from backtest.errors import CandlesUnavailable

log = logging.getLogger(__name__)

_UNFINISHED = ".unfinished-"
_ROWS_PER_GROUP = 1 << 16
_WORDS = ["market_id", "symbol", "instrument_key", "source", "ingest_id"]
# So many files of one size make one of the next size, up to the size from which on they stay.
_N_MERGED = 4
_FULL_ROWS = 1 << 20
_MOST_ROWS_AT_ONCE = 1 << 18


class FileStage:
    """A file that is being written; `publish` gives it its name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{_UNFINISHED}{uuid4().hex}"
        self._writer: Any = None
        self._n_rows = 0
        self._ends: list[int] = []

    def add(self, rows: Any) -> None:
        """Append the rows of an Arrow table; columns that it lacks are null."""
        if rows.num_rows == 0:
            return
        if self._writer is None:
            self._writer = parquet.ParquetWriter(
                self._path,
                SCHEMA,
                compression="zstd",
                write_page_checksum=True,  # readers verify it: bits that rot are no candles
                use_dictionary=_WORDS,  # pyright: ignore[reportArgumentType]
            )
        opens = milliseconds(rows, "ts_open")
        moments = [*self._ends, int(opens.min()), int(opens.max())]
        self._ends = [min(moments), max(moments)]
        self._n_rows += rows.num_rows
        self._writer.write_table(to_schema(rows), row_group_size=_ROWS_PER_GROUP)

    def publish(self) -> None:
        """Let readers see the rows, if there are any."""
        if self._writer is None:
            return
        self._writer.close()
        _synced(self._path)
        first_ms, last_ms = self._ends
        self._path.rename(self._folder / file_name(first_ms, last_ms, self._n_rows))
        _synced(self._folder)


@contextmanager
def staged_file(directory: Path, series: StoredSeries) -> Generator[FileStage]:
    """A file to add rows to; they appear in the store when the block ends well.

    Waits while somebody else writes to the series.

    Raises:
        CandlesUnavailable: The folder is not there, or cannot be written to; no row has appeared.
    """
    require_folder(directory)
    folder = series_folder(directory, series)
    try:
        with file_in(folder) as stage:
            yield stage
    except OSError as error:
        raise unavailable_because(f"{folder} cannot be written to: {error}") from error
    _tidy(folder, series.length_ms)


@contextmanager
def file_in(folder: Path) -> Generator[FileStage]:
    """A file to add rows to; it gets its name when the block ends well."""
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        _remove_unfinished(folder)
        stage = FileStage(folder)
        try:
            yield stage
            stage.publish()
        finally:
            _remove_unfinished(folder)


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_unfinished(folder: Path) -> None:
    for path in folder.glob(f"{_UNFINISHED}*"):
        path.unlink(missing_ok=True)


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tidy(folder: Path, length_ms: int) -> None:
    """Merge small files, or leave them as they are: what was to be written is in the store."""
    try:
        with _locked(folder):
            try:
                _merge_small_files(folder, length_ms)
            finally:
                _remove_unfinished(folder)
    except (CandlesUnavailable, OSError, pa.ArrowException) as error:
        reasons: list[str] = getattr(error, "__notes__", [str(error)])
        log.warning("small files in %s were not merged: %s", folder, " ".join(reasons))


def _merge_small_files(folder: Path, length_ms: int) -> None:
    """Keep the number of files small, however small the imports are.

    The merged file appears before the files that it replaces go: a reader meets rows twice at
    worst, which are one row to it.
    """
    while small := _same_size(candle_files_in(folder)):
        stage = FileStage(folder)
        for start_ms, stop_ms in _slices(small, length_ms):
            inside = [file.path for file in small if file.overlaps(start_ms, stop_ms)]
            stage.add(newest_rows(read_rows(inside, start_ms=start_ms, stop_ms=stop_ms)))
        stage.publish()
        for file in small:
            with suppress(FileNotFoundError):
                file.path.unlink()


def _slices(files: Sequence[CandleFile], length_ms: int) -> Iterator[tuple[int, int]]:
    """Ranges of time that hold no more rows of a file than memory should."""
    first_ms = min(file.first_ms for file in files)
    stop_ms = max(file.last_ms for file in files) + length_ms
    is_little = sum(file.n_rows for file in files) <= _MOST_ROWS_AT_ONCE
    slice_ms = stop_ms - first_ms if is_little else _ROWS_PER_GROUP * length_ms
    for start_ms in range(first_ms, stop_ms, slice_ms):
        yield start_ms, start_ms + slice_ms


def _same_size(files: Sequence[CandleFile]) -> list[CandleFile]:
    """Four or more files whose numbers of rows are of one order, if there are so many."""
    sizes: dict[int, list[CandleFile]] = {}
    for file in files:
        if file.n_rows < _FULL_ROWS:
            sizes.setdefault((file.n_rows.bit_length() - 1) // 2, []).append(file)
    return next((group for _, group in sorted(sizes.items()) if len(group) >= _N_MERGED), [])
