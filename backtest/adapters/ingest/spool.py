"""Checked candles on disk until all of the file is known to be good.

A file is parsed once. The temporary file has no name once it is open, so that nothing is left of
it however the process ends.
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

import tempfile
import weakref
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from backtest.adapters.candles.arrow_rows import PRICE_COLUMNS
from backtest.adapters.candles.table import EXTRA_COLUMNS, Minutes
from backtest.errors import CandlesUnavailable
from backtest.types import FloatArray, IntArray

_COLUMNS = (*PRICE_COLUMNS, *EXTRA_COLUMNS)
_SCHEMA = pa.schema([("ts_open", pa.int64()), *((name, pa.float64()) for name in _COLUMNS)])


_ROWS_PER_BATCH = 32_768


class Spool:
    """Candles in the order in which they were added; write all of them before reading any.

    Raises:
        CandlesUnavailable: The temporary folder cannot be written to; no file is to blame.
    """

    def __init__(self) -> None:
        with _room():
            self._file = tempfile.TemporaryFile(prefix="roehub-candles-")  # noqa: SIM115 - outlives this call
        weakref.finalize(self, self._file.close)
        self._writer = pa.ipc.new_file(pa.PythonFile(self._file, mode="w"), _SCHEMA)
        self._waiting: list[Any] = []
        self._known: set[str] = set(PRICE_COLUMNS)

    def add(self, open_ms: IntArray, columns: Mapping[str, FloatArray]) -> None:
        """Append candles; `columns` may lack any of `EXTRA_COLUMNS`."""
        self._known |= columns.keys()
        nothing = pa.nulls(len(open_ms), pa.float64())
        arrays = [columns.get(name, nothing) for name in _COLUMNS]
        self._waiting.append(
            pa.record_batch([pa.array(open_ms), *map(pa.array, arrays)], schema=_SCHEMA)
        )
        if sum(batch.num_rows for batch in self._waiting) >= _ROWS_PER_BATCH:
            with _room():
                self._flush()

    def done(self) -> None:
        """Nothing more is added."""
        with _room():
            self._flush()
            self._writer.close()
            self._file.flush()

    def _flush(self) -> None:
        """Chunks of a size at which a statement of the store costs little beside its rows."""
        if self._waiting:
            self._writer.write_batch(pa.concat_batches(self._waiting))
            self._waiting.clear()

    def __iter__(self) -> Iterator[Minutes]:
        """The candles in chunks, as often as wanted."""
        self._file.seek(0)
        reader = pa.ipc.open_file(pa.PythonFile(self._file, mode="r"))
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i)
            columns = {
                name: np.array(batch.column(name).to_numpy(zero_copy_only=False))
                for name in _COLUMNS
                if name in self._known
            }
            yield Minutes(ts_open=batch.column("ts_open").to_numpy(), columns=columns)


@contextmanager
def _room() -> Generator[None]:
    try:
        yield
    except OSError as error:
        place = tempfile.tempdir or "The temporary folder"
        message = f"{place} cannot be written to: {error.strerror or error}"
        raise CandlesUnavailable(f"{message}; TMPDIR may name another folder") from error
