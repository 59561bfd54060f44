"""How a text of candles is written: its delimiter, the lines above its rows, its decimal sign.

Everything is read off the first lines. See: docs/candle-files.md
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from backtest.adapters.ingest.names import is_known, trades_hint

_DELIMITERS = "\t;|,"
_MOST_LINES_ABOVE = 40
_COMMENTS = ("#", "//")
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)([eE][+-]?\d+)?|nan|", re.IGNORECASE)
# What a second or third line of headings starts with, where pandas wrote a table of several levels.
_SECOND_HEADINGS = {"", "ticker", "tickers", "symbol", "symbols", "date", "datetime", "timestamp"}
_FEWEST_COLUMNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`names` is None without a header; `tickers` are what a second line of headings names.

    `n_above` counts the lines before the first row, `n_preamble` those before the header. `rows`
    are the fields of the first rows.
    """

    delimiter: str
    names: tuple[str, ...] | None
    tickers: tuple[str, ...]
    n_preamble: int
    n_above: int
    has_decimal_commas: bool
    rows: tuple[tuple[str, ...], ...]


def form_of(head: bytes) -> Form:
    """What the first bytes of a text show.

    Raises:
        ValueError: It is not UTF-8, or no line of it can be the header or a row of candles.
    """
    lines = _lines(head)
    delimiter = _delimiter(lines)
    if delimiter is None:
        raise ValueError(_no_candles(lines))
    fields = [_split(line, delimiter) for line in lines]
    first = _first_line(fields, lines)
    if first is None:
        raise ValueError(_no_candles(lines))
    names, n_headings, tickers = _headings(fields, first)
    above = next((row for row in reversed(fields[:first]) if any(row)), ())
    if names is None and _are_names(above, fields[first]):
        raise ValueError(_unknown_names(above))
    n_above = first + n_headings
    rows = [row for row in fields[n_above:] if any(row)]
    if names and _end_in_delimiters(rows, len(names) + 1):
        names = (*names, "")
    width = len(names) if names else len(rows[0]) if rows else 0
    rows = [row for row in rows if len(row) == width]
    return Form(
        delimiter=delimiter,
        names=names,
        tickers=tickers,
        n_preamble=first,
        n_above=n_above,
        has_decimal_commas=_has_decimal_commas(rows),
        rows=tuple(rows),
    )


def _lines(head: bytes) -> list[str]:
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end < len(head) - 3:
            raise ValueError(
                f"the text is not UTF-8 (byte {error.start} is {head[error.start]:#x});"
                " save it as UTF-8"
            ) from error
        text = head[: error.start].decode("utf-8-sig")
    lines = re.split(r"\r\n|\n|\r", text)
    # The last one may be cut.
    return lines[:-1] if len(lines) > 1 else lines


def _delimiter(lines: Sequence[str]) -> str | None:
    filled = [line for line in lines if line.strip()]
    for delimiter in _DELIMITERS:
        n_wide = sum(line.count(delimiter) >= _FEWEST_COLUMNS - 1 for line in filled)
        if n_wide and 2 * n_wide >= len(filled):
            return delimiter
    return None


def _split(line: str, delimiter: str) -> tuple[str, ...]:
    row = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), list[str]())
    return tuple(field.strip() for field in row)


def _first_line(fields: Sequence[tuple[str, ...]], lines: Sequence[str]) -> int | None:
    """The line that is the header, or the first row where there is none."""
    for i, row in enumerate(fields[:_MOST_LINES_ABOVE]):
        if len(row) < _FEWEST_COLUMNS or (lines[i].startswith(_COMMENTS) and not _is_header(row)):
            continue
        if _is_header(row) or _is_row(row):
            return i
    return None


def _is_header(row: Sequence[str]) -> bool:
    return sum(is_known(field) for field in row) >= 3


def _is_row(row: Sequence[str]) -> bool:
    return sum(bool(field) and bool(_NUMBER.fullmatch(field)) for field in row) >= 4


def _are_names(above: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a line above the first row is a header whose words are not known."""
    is_wide = len(above) >= _FEWEST_COLUMNS and len(row) - len(above) in {0, 1}
    return is_wide and not any(field and _NUMBER.fullmatch(field) for field in above)


def _end_in_delimiters(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether each row has one more field than the header, which is empty."""
    return bool(rows) and all(len(row) == width and not row[-1] for row in rows)


def _unknown_names(names: Sequence[str]) -> str:
    return (
        f"the columns are called {', '.join(names)}, which says too little; call them time, open,"
        f" high, low, close and volume in the first line{trades_hint(names)}"
    )


def _headings(
    fields: Sequence[tuple[str, ...]], first: int
) -> tuple[tuple[str, ...] | None, int, tuple[str, ...]]:
    """The column names, how many lines they take, and the tickers among them."""
    if not _is_header(fields[first]):
        return None, 0, ()
    names = (fields[first][0].lstrip("#/ "), *fields[first][1:])
    tickers: set[str] = set()
    n_headings = 1
    for row in fields[first + 1 : first + 3]:
        if not row or row[0].lower() not in _SECOND_HEADINGS or _is_row(row):
            break
        tickers |= {field for field in row[1:] if field}
        n_headings += 1
    if n_headings > 1:
        names = ("Datetime", *names[1:])
    return names, n_headings, tuple(sorted(tickers))


def _has_decimal_commas(rows: Sequence[tuple[str, ...]]) -> bool:
    """Commas as in 100,5; were there always three digits behind, they might mean thousands."""
    tails = [
        match.group(1)
        for row in rows
        for field in row
        if (match := re.fullmatch(r"[+-]?\d*,(\d+)", field))
    ]
    return any(len(tail) != 3 for tail in tails)


def _no_candles(lines: Sequence[str]) -> str:
    first = next((line for line in lines if line.strip()), "")
    if any(len(line.split()) >= _FEWEST_COLUMNS and _is_row(line.split()) for line in lines):
        return f"the columns are separated by blanks, as in {first[:80]!r}; write commas or tabs"
    return (
        "no candles here: there is neither a header that names a time, open, high, low and close"
        f" nor rows of at least {_FEWEST_COLUMNS} columns; the first line is {first[:80]!r}"
    )
