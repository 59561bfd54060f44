"""The rows of candles in a JSON: a list of them, columns, or somewhere in an exchange's answer.

What stands around the rows counts: names of columns beside them, and the symbol that they are of.
See: docs/candle-files.md
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backtest.adapters.ingest.names import is_known, plain
from backtest.adapters.ingest.symbols import is_symbol

_FEWEST_COLUMNS = 5
_SYMBOL_NAMES = {
    "symbol", "inst_id", "pair", "product_id", "ticker", "instrument", "instrument_name",
    "currency_pair", "2_symbol",
}  # fmt: skip
# What an answer calls its list of columns, as those of pandas, ClickHouse and InfluxDB do.
_LISTS_OF_NAMES = ("columns", "fields", "meta", "schema", "names", "headers")
# Lists whose columns have no names, but a meaning: GeckoTerminal counts the volume in dollars.
_KNOWN_LISTS = {"ohlcv_list": ("time", "open", "high", "low", "close", "volume_quote")}
_OTHER_SYMBOLS = {"base", "quote"}
_CHANNEL = re.compile(r"market\.(\w+)\.kline\.\w+")  # HTX


@dataclass(frozen=True, slots=True)
class JsonRows:
    """`names` are empty where the rows have none; a row that does not fit is no list of values."""

    names: Sequence[str]
    rows: Sequence[Any]
    symbols: frozenset[str]


def rows_of(content: bytes) -> JsonRows:
    """Find the rows.

    Raises:
        ValueError: The JSON is damaged, holds no candles, or several series.
    """
    answer = _parsed(content)
    found = _series(answer)
    if found is None or not found.rows:
        raise ValueError(f"no candles here: the JSON holds no list of rows{_message_in(answer)}")
    return JsonRows(found.names, found.rows, found.symbols | _symbols_around(answer))


def _parsed(content: bytes) -> Any:
    try:
        return _loaded(content)
    except ValueError as error:
        return _lines(content.splitlines(), f"the JSON is damaged: {error}")


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _lines(lines: Sequence[bytes], if_none: str) -> list[Any]:
    """An object a line; `if_none` is said where not even the first line is one."""
    found: list[Any] = []
    for i, line in enumerate(lines):
        try:
            found += [_loaded(line)] if line.strip() else []
        except ValueError as error:
            raise ValueError(f"line {i + 1} is not JSON: {error}" if found else if_none) from error
    return found


def _message_in(answer: Any) -> str:
    """What an answer without candles says instead, such as that a symbol is invalid."""
    if not isinstance(answer, dict):
        return ""
    words = (answer.get(name) for name in ("msg", "message", "error", "err_msg", "retMsg"))
    message = next((str(word) for word in words if word), "")
    return f"; it says {message[:80]!r}" if message else ""


def _series(data: Any) -> JsonRows | None:
    if isinstance(data, list):
        return _listed(data)
    if not isinstance(data, dict):
        return None
    return _columns(data) or _by_time(data) or _named(data) or _inside(data)


def _listed(rows: list[Any]) -> JsonRows | None:
    """A list of rows; or a list of one answer."""
    first = rows[0] if rows else None
    if isinstance(first, dict):
        if any(isinstance(value, list) for value in first.values()):
            return _inside({str(i): row for i, row in enumerate(rows)})
        rows = [_flat(row) for row in rows]
        names = _names(rows)
        if len(names) < _FEWEST_COLUMNS:
            return None
        values = [[row.get(name) for name in names] if row else row for row in rows]
        return JsonRows(names, values, frozenset())
    if not isinstance(first, list) or len(first) < _FEWEST_COLUMNS:
        return None
    if sum(isinstance(field, str) and is_known(field) for field in first) >= 3:
        return JsonRows([str(name) for name in first], rows[1:], frozenset())
    return JsonRows([], rows, frozenset())


def _names(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Of all rows: a symbol or a flag may be said by some of them only."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _flat(row: Any) -> dict[str, Any]:
    """Prices within a row, as Oanda's `mid`; anything that is no object is no row.

    What has the same name within and without is the row's own.
    """
    if not isinstance(row, dict):
        return {}
    inner = {name: value for name, value in row.items() if isinstance(value, dict)}
    if len(inner) != 1:
        return row
    prices = next(iter(inner.values()))
    return {**prices, **{name: value for name, value in row.items() if name not in inner}}


def _columns(data: dict[str, Any]) -> JsonRows | None:
    """A list for each column, or an object of them by row number as pandas writes it."""
    columns = {name: value for name, value in data.items() if isinstance(value, (list, dict))}
    if len(columns) < _FEWEST_COLUMNS or sum(map(is_known, columns)) < 4:
        return None
    lists = [_values(value) for value in columns.values()]
    if any(isinstance(v, (list, dict)) for v in lists[0][:1]):
        return None
    if len({tuple(v) if isinstance(v, dict) else len(v) for v in columns.values()}) != 1:
        raise ValueError(
            "the columns of the JSON do not have the same rows; write one row per candle"
        )
    rows = [list(row) for row in zip(*lists, strict=True)]
    return JsonRows(list(columns), rows, frozenset())


def _values(column: list[Any] | dict[str, Any]) -> list[Any]:
    return list(column.values()) if isinstance(column, dict) else column


def _by_time(data: dict[str, Any]) -> JsonRows | None:
    """Rows by their times, as Alpha Vantage and pandas with an index have them."""
    first = next(iter(data.items()), ("", None))
    if not re.match(r"\d", first[0]) or not isinstance(first[1], dict):
        return None
    names = _names(row for row in data.values() if isinstance(row, dict))
    if len(names) < _FEWEST_COLUMNS - 1:
        return None
    rows = [
        [time, *(row.get(name) for name in names)] if isinstance(row, dict) else None
        for time, row in data.items()
    ]
    return JsonRows(
        ["time", *(re.sub(r"^\d+[a-z]?\. ", "", name) for name in names)], rows, frozenset()
    )


def _named(data: dict[str, Any]) -> JsonRows | None:
    """Rows beside a list of the names of their columns."""
    lists = [data[name] for name in _LISTS_OF_NAMES if isinstance(data.get(name), list)]
    names = [[_name(each) for each in names] for names in lists]
    for value in data.values():
        if isinstance(value, list) and value and isinstance(value[0], list):
            fitting = [each for each in names if len(each) == len(value[0])]
            if fitting:
                return JsonRows(fitting[0], value, frozenset())
    return None


def _name(heading: Any) -> str:
    return str(heading.get("name", "")) if isinstance(heading, dict) else str(heading)


def _inside(data: dict[str, Any]) -> JsonRows | None:
    """The one series in an answer; its key may be the symbol, as Kraken and Alpaca have it."""
    found = {name: rows for name, value in data.items() if (rows := _series(value))}
    if len(found) > 1:
        raise ValueError(f"the JSON holds several series: {', '.join(found)}; write one per file")
    if not found:
        return None
    name, series = next(iter(found.items()))
    symbols = series.symbols | ({name} if is_symbol(name) else set())
    return JsonRows(series.names or _KNOWN_LISTS.get(name, ()), series.rows, symbols)


def _symbols_around(answer: Any) -> frozenset[str]:
    """What an answer says, around its rows, that they are candles of."""
    return frozenset(_symbols(answer))


def _symbols(answer: Any) -> Iterator[str]:
    if isinstance(answer, list) and len(answer) == 1:
        yield from _symbols(answer[0])
    if not isinstance(answer, dict):
        return
    for name, value in answer.items():
        if isinstance(value, str) and value:
            channel = _CHANNEL.fullmatch(value)
            if channel or plain(name) in _SYMBOL_NAMES:
                yield channel.group(1) if channel else value
        elif not re.match(r"\d", name) and name not in _OTHER_SYMBOLS:
            yield from _symbols(value)
