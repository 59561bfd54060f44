"""Candle files as they are published, read in chunks: CSV, gzip or zip of it, and Parquet.

What a file is shows in its first bytes, never in its name. See: docs/stores.md
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv, parquet

from backtest.types import IntArray

Progress = Callable[[int, int], None]

REQUIRED = ("ts_open", "open", "high", "low", "close", "volume_base")
_SPELLINGS = {
    "ts_open": "ts_open open_time opentime timestamp time ts t date datetime unix open_timestamp",
    "open": "open o open_price",
    "high": "high h high_price",
    "low": "low l low_price",
    "close": "close c close_price",
    "volume_base": "volume_base volume vol v base_volume volume_btc",
    "volume_quote": "volume_quote quote_volume quote_asset_volume",
    "trades_count": "trades_count number_of_trades count trades num_trades",
    "taker_buy_volume_base": "taker_buy_volume_base taker_buy_volume taker_buy_base_volume"
    " taker_buy_base_asset_volume",
    "taker_buy_volume_quote": "taker_buy_volume_quote taker_buy_quote_volume"
    " taker_buy_quote_asset_volume",
}
_NAMES = {spelling: name for name, all_ in _SPELLINGS.items() for spelling in all_.split()}
_KLINE_COLUMNS = [
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_asset_volume",
    "number_of_trades",
    "taker_buy_base_asset_volume",
    "taker_buy_quote_asset_volume",
    "ignore",
]
_BLOCK_BYTES = 4 << 20
_ROWS_PER_BATCH = 65_536


class BrokenFile(Exception):
    """A file that cannot be read to its end as candles; nothing of it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawChunk:
    """Some rows of a file before their values are interpreted.

    `lines` has shape (n_rows,): int64 line numbers of a CSV, row numbers of a Parquet file, both
    from 1. `columns` holds one Arrow array per known column. `malformed` are lines without the
    right number of fields; they are in no other member.
    """

    lines: IntArray
    columns: dict[str, Any]
    malformed: Sequence[tuple[int, str]] = ()


def read_chunks(path: Path, progress: Progress) -> Iterator[RawChunk]:
    """The rows of a candle file in order.

    Args:
        path: CSV with a header, Binance kline CSV with or without one, either of them in gzip or
            in a zip of one file, or Parquet.
        progress: Called as `(bytes done, bytes in all)` of the file as it lies on disk.

    Raises:
        BrokenFile: The file is missing, damaged, or lacks a column.
    """
    try:
        with path.open("rb") as raw:
            n_bytes = path.stat().st_size
            for chunk in _chunks(raw):
                progress(raw.tell(), n_bytes)
                yield chunk
            progress(n_bytes, n_bytes)
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise BrokenFile(f"{path}: {error}") from error


def _chunks(raw: io.BufferedReader) -> Iterator[RawChunk]:
    magic = raw.read(4)
    raw.seek(0)
    if magic == b"PAR1":
        yield from _parquet_chunks(raw)
        return
    with _unpacked(raw, magic) as stream:
        yield from _csv_chunks(io.BufferedReader(_Lent(stream), 1 << 16))


class _Lent(io.RawIOBase):
    """A stream for readers that close what they are given; the owner closes it."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._stream.readinto(buffer)


@contextmanager
def _unpacked(raw: io.BufferedReader, magic: bytes) -> Generator[io.BufferedIOBase]:
    if magic.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=raw) as stream:
            yield stream
    elif magic.startswith(b"PK"):
        with zipfile.ZipFile(raw) as archive:
            members = [name for name in archive.namelist() if not name.endswith("/")]
            if len(members) != 1:
                raise ValueError(f"a zip must hold exactly one file, this one has {len(members)}")
            with archive.open(members[0]) as stream:
                yield cast("io.BufferedIOBase", stream)
    else:
        yield raw


def _parquet_chunks(raw: io.BufferedReader) -> Iterator[RawChunk]:
    file = parquet.ParquetFile(raw)
    positions = _positions([str(name) for name in file.schema_arrow.names])
    first = 1
    for batch in file.iter_batches(batch_size=_ROWS_PER_BATCH):
        yield RawChunk(
            lines=np.arange(first, first + batch.num_rows, dtype=np.int64),
            columns={name: batch.column(i) for name, i in positions.items()},
        )
        first += batch.num_rows


def _csv_chunks(stream: io.BufferedReader) -> Iterator[RawChunk]:
    first_line = stream.peek(1 << 16).split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    delimiter = max(",;\t", key=first_line.count)
    header, has_header = _header(first_line, delimiter)
    positions = _positions(header)
    malformed: list[tuple[int, str]] = []
    reader = csv.open_csv(
        stream,
        csv.ReadOptions(
            column_names=[str(i) for i in range(len(header))],
            skip_rows=int(has_header),
            block_size=_BLOCK_BYTES,
            use_threads=False,
        ),
        csv.ParseOptions(
            delimiter=delimiter,
            ignore_empty_lines=False,
            invalid_row_handler=_collector(malformed),
        ),
        csv.ConvertOptions(column_types={str(i): pa.string() for i in range(len(header))}),
    )
    next_line, n_told = 1 + int(has_header), 0
    for batch in reader:
        lines = _line_numbers(batch.num_rows, next_line, [line for line, _ in malformed])
        next_line = int(lines[-1]) + 1 if len(lines) else next_line
        columns = {name: batch.column(i) for name, i in positions.items()}
        yield _without_blanks(lines, columns, malformed[n_told:])
        n_told = len(malformed)


def _header(first_line: str, delimiter: str) -> tuple[list[str], bool]:
    fields = [field.strip().strip('"') for field in first_line.split(delimiter)]
    if any(_canonical(field) is not None for field in fields):
        return fields, True
    if len(fields) == len(_KLINE_COLUMNS):
        return _KLINE_COLUMNS, False
    raise ValueError(
        f"the first line is no header and has {len(fields)} columns; a file without a header"
        f" must be a Binance kline file of {len(_KLINE_COLUMNS)} columns"
    )


def _canonical(field: str) -> str | None:
    return _NAMES.get(re.sub(r"[\s.-]+", "_", field.strip().lower()))


def _positions(header: Sequence[str]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for i, field in enumerate(header):
        name = _canonical(field)
        if name is not None:
            positions.setdefault(name, i)
    missing = [name for name in REQUIRED if name not in positions]
    if missing:
        raise ValueError(f"no column for {', '.join(missing)}; the columns are {', '.join(header)}")
    return positions


def _collector(malformed: list[tuple[int, str]]) -> Callable[[Any], str]:
    def note(row: Any) -> str:
        fault = f"has {row.actual_columns} columns, expected {row.expected_columns}"
        malformed.append((int(row.number), fault))
        return "skip"

    return note


def _line_numbers(n_rows: int, next_line: int, malformed: Sequence[int]) -> IntArray:
    """Numbers of the lines that became rows, which are all but the malformed ones."""
    lines = np.arange(next_line, next_line + n_rows + len(malformed), dtype=np.int64)
    return lines[~np.isin(lines, np.array(malformed, dtype=np.int64))][:n_rows]


def _without_blanks(
    lines: IntArray, columns: dict[str, Any], malformed: Sequence[tuple[int, str]]
) -> RawChunk:
    """Blank lines arrive as rows of empty fields."""
    is_blank = np.logical_and.reduce(
        [pc.equal(columns[name], "").to_numpy(zero_copy_only=False) for name in REQUIRED]
    )
    if is_blank.any():
        lines = lines[~is_blank]
        columns = {name: column.filter(pa.array(~is_blank)) for name, column in columns.items()}
    return RawChunk(lines=lines, columns=columns, malformed=malformed)
