"""The tables of a candle file, read in chunks: texts, JSON, Parquet and Arrow (Feather).

See: docs/candle-files.md
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

import io
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv, parquet

from backtest.adapters.ingest.containers import HEAD_BYTES, ContainedTable
from backtest.adapters.ingest.json_rows import rows_of
from backtest.adapters.ingest.sample import Sample
from backtest.adapters.ingest.text import Form, form_of
from backtest.adapters.ingest.values import trimmed
from backtest.types import IntArray

# pyarrow reads up to 32 blocks ahead, whatever is asked of it.
_BLOCK_BYTES = 1 << 20
_ROWS_PER_BATCH = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class RawChunk:
    """Some rows of a table before their values are interpreted.

    `lines` has shape (n_rows,): int64 line numbers of a text, row numbers of anything else, both
    from 1. `columns` holds Arrow arrays by their place. `malformed` are lines without the right
    number of fields; they are in no other member, and neither are `n_headings`, lines that repeat
    the header.
    """

    lines: IntArray
    columns: dict[int, Any]
    malformed: Sequence[tuple[int, str]] = ()
    n_headings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose first rows were looked at; `read` gives the columns that are wanted."""

    sample: Sample
    read: Callable[[Sequence[int]], Iterator[RawChunk]]
    notes: tuple[str, ...] = ()


def table_of(member: ContainedTable) -> Table:
    """Open a table.

    Raises:
        ValueError: It cannot be read, or holds no candles; pyarrow's errors are such, too.
    """
    if member.kind == "text":
        return _text(member.stream)
    if member.kind == "json":
        return _json(member.stream)
    return _parquet(member.stream) if member.kind == "parquet" else _arrow(member.stream)


def _parquet(stream: io.BufferedReader) -> Table:
    with _readable("Parquet"):
        file = parquet.ParquetFile(stream, page_checksum_verification=True)
        names = [str(name) for name in file.schema_arrow.names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"several columns are called {', '.join(twice)}; leave all but one out")

    def batches(wanted: Sequence[int]) -> Iterator[Any]:
        columns = [names[place] for place in wanted]
        with _readable("Parquet"):
            yield from file.iter_batches(batch_size=_ROWS_PER_BATCH, columns=columns)

    return _batched("Parquet", names, batches)


def _arrow(stream: io.BufferedReader) -> Table:
    with _readable("Feather"):
        file = pa.ipc.open_file(stream)
        names = [str(name) for name in file.schema.names]

    def batches(wanted: Sequence[int]) -> Iterator[Any]:
        for i in range(file.num_record_batches):
            with _readable("Feather"):
                batch = file.get_batch(i).select(list(wanted))
            for start in range(0, batch.num_rows, _ROWS_PER_BATCH):
                yield batch.slice(start, _ROWS_PER_BATCH)

    return _batched("Feather", names, batches)


@contextmanager
def _readable(container: str) -> Generator[None]:
    """Words for what a reader says of bytes that it does not understand.

    Raises:
        ValueError: Instead of any error of Arrow, not all of which are one.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise ValueError(
            f"the {container} file cannot be read ({error}); if it is damaged, download it again"
        ) from error


def _batched(
    container: str, names: Sequence[str], batches: Callable[[Sequence[int]], Iterator[Any]]
) -> Table:
    first = next(batches(range(len(names))), None)
    columns = [
        _decoded(first.column(place)) if first is not None else pa.nulls(0, pa.string())
        for place in range(len(names))
    ]

    def read(wanted: Sequence[int]) -> Iterator[RawChunk]:
        n_before = 0
        for batch in batches(wanted):
            yield RawChunk(
                lines=np.arange(n_before + 1, n_before + 1 + batch.num_rows, dtype=np.int64),
                columns={place: _decoded(batch.column(i)) for i, place in enumerate(wanted)},
            )
            n_before += batch.num_rows

    return Table(sample=Sample(container=container, raw_names=names, columns=columns), read=read)


def _decoded(column: Any) -> Any:
    """Dictionaries as their values, decimals and bytes as texts: a text keeps every digit.

    Raises:
        ValueError: Bytes that are no text, such as the wide numbers of Nautilus.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_fixed_size_binary(column.type):
        raise ValueError(f"a column holds bytes ({column.type}), not numbers; export a CSV")
    return column.cast(pa.string()) if pa.types.is_decimal(column.type) else column


def _json(stream: io.BufferedReader) -> Table:
    found = rows_of(stream.read())
    width = len(found.names or found.rows[0])
    fits = [isinstance(row, list) and len(row) == width for row in found.rows]
    malformed = [
        (i + 1, f"must be a list of {width} values, as the first row is")
        for i, fit in enumerate(fits)
        if not fit
    ]
    good = [row for row, fit in zip(found.rows, fits, strict=True) if fit]
    columns = [_column([row[place] for row in good]) for place in range(width)]
    lines = np.flatnonzero(fits).astype(np.int64) + 1

    def read(wanted: Sequence[int]) -> Iterator[RawChunk]:
        chosen = {place: columns[place] for place in wanted}
        yield RawChunk(lines=lines, columns=chosen, malformed=malformed)

    head = [column[:_ROWS_PER_BATCH] for column in columns]
    tickers = tuple(sorted(found.symbols))
    sample = Sample(container="JSON", raw_names=found.names, columns=head, tickers=tickers)
    return Table(sample=sample, read=read)


def _column(values: Sequence[Any]) -> Any:
    """Numbers as they are; a text where a column mixes kinds, since a text keeps every digit."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {float} or (kinds <= {int} and _fit(values)):
        return pa.array(values)
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _fit(values: Sequence[Any]) -> bool:
    return all(value is None or -(2**63) <= value < 2**63 for value in values)


def _text(stream: io.BufferedReader) -> Table:
    form = form_of(stream.peek(HEAD_BYTES))
    width = len(form.names or (form.rows[0] if form.rows else ()))
    columns = [pa.array([row[place] for row in form.rows], pa.string()) for place in range(width)]
    sample = Sample(
        container="CSV",
        raw_names=form.names or (),
        columns=columns,
        tickers=form.tickers,
        has_decimal_commas=form.has_decimal_commas,
    )
    notes = ()
    if form.n_preamble:
        lines = "line" if form.n_preamble == 1 else "lines"
        notes = (f"{form.n_preamble} {lines} above the header left out",)
    return Table(
        sample=sample, read=lambda wanted: _lines(stream, form, width, wanted), notes=notes
    )


def _lines(
    stream: io.BufferedReader, form: Form, width: int, wanted: Sequence[int]
) -> Iterator[RawChunk]:
    malformed: list[tuple[int, str]] = []
    next_line, n_reported = 1 + form.n_above, 0
    for batch in _batches(stream, form, width, wanted, malformed):
        lines = _line_numbers(batch.num_rows, next_line, [line for line, _ in malformed])
        next_line = int(lines[-1]) + 1 if len(lines) else next_line
        columns = {place: batch.column(i) for i, place in enumerate(wanted)}
        added = malformed[n_reported:]
        n_reported += len(added)  # Arrow reads ahead and adds to the list while a chunk is in use
        yield _without_headings(_without_blanks(lines, columns, _faulty(added)), form.names)
    if malformed[n_reported:]:
        nothing = {place: pa.array([], pa.string()) for place in wanted}
        yield RawChunk(
            lines=np.array([], dtype=np.int64),
            columns=nothing,
            malformed=_faulty(malformed[n_reported:]),
        )


def _batches(
    stream: io.BufferedReader,
    form: Form,
    width: int,
    wanted: Sequence[int],
    malformed: list[tuple[int, str]],
) -> Iterator[Any]:
    names = [str(place) for place in range(width)]
    try:
        yield from csv.open_csv(
            stream,
            csv.ReadOptions(
                column_names=names,
                skip_rows=form.n_above,
                block_size=_BLOCK_BYTES,
                use_threads=False,
            ),
            csv.ParseOptions(
                delimiter=form.delimiter,
                ignore_empty_lines=False,
                invalid_row_handler=_collector(malformed),
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=[names[place] for place in wanted],
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise


def _collector(malformed: list[tuple[int, str]]) -> Callable[[Any], str]:
    def note(row: Any) -> str:
        is_comment = row.text.startswith(("#", "//"))
        fault = f"has {row.actual_columns} columns, expected {row.expected_columns}"
        malformed.append((int(row.number), "" if is_comment else fault))
        return "skip"

    return note


def _faulty(malformed: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Without the comments."""
    return [(line, fault) for line, fault in malformed if fault]


def _line_numbers(n_rows: int, next_line: int, malformed: Sequence[int]) -> IntArray:
    """Numbers of the lines that became rows, which are all but the malformed ones."""
    lines = np.arange(next_line, next_line + n_rows + len(malformed), dtype=np.int64)
    return lines[~np.isin(lines, np.array(malformed, dtype=np.int64))][:n_rows]


def _without_headings(raw: RawChunk, names: Sequence[str] | None) -> RawChunk:
    """Files that were put together with `cat` repeat the header among the rows."""
    is_heading = np.full(len(raw.lines), names is not None)
    for place, column in raw.columns.items():
        if not is_heading.any():
            return raw
        is_name = pc.equal(trimmed(column), (names or ())[place])
        is_heading &= np.array(is_name.to_numpy(zero_copy_only=False), dtype=np.bool_)
    if not is_heading.any():
        return raw
    is_kept = pa.array(~is_heading)
    return replace(
        raw,
        lines=raw.lines[~is_heading],
        columns={place: column.filter(is_kept) for place, column in raw.columns.items()},
        n_headings=int(np.count_nonzero(is_heading)),
    )


def _without_blanks(
    lines: IntArray, columns: dict[int, Any], malformed: Sequence[tuple[int, str]]
) -> RawChunk:
    """Blank lines arrive as rows of empty fields."""
    is_blank = np.ones(len(lines), dtype=np.bool_)
    for column in columns.values():
        if not is_blank.any():
            break
        is_blank &= np.array(pc.equal(column, "").to_numpy(zero_copy_only=False), dtype=np.bool_)
    if is_blank.any():
        lines = lines[~is_blank]
        columns = {place: column.filter(pa.array(~is_blank)) for place, column in columns.items()}
    return RawChunk(lines=lines, columns=columns, malformed=malformed)
