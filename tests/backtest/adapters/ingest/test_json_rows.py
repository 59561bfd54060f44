"""Rows in a JSON, however it is laid out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backtest.adapters.ingest.options import ImportOptions
from tests.backtest.adapters.candle_texts import write
from tests.backtest.adapters.ingest.test_case_files import refusal, volumes
from tests.backtest.adapters.ingest.test_traps import MINUTES, N, checked, times

NAMES = ["timestamp", "open", "high", "low", "close", "volume"]
ROWS = [[ms, 100, 101, 99, 100.5, 1.5] for ms in MINUTES]
COLUMNS = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))

SHAPES: dict[str, Callable[[list[str]], object]] = {
    "pandas, columns": lambda names: {
        name: {str(i): value for i, value in enumerate(column)}
        for name, column in zip(names, COLUMNS.values(), strict=True)
    },
    "pandas, split": lambda names: {"columns": names, "index": list(range(N)), "data": ROWS},
    "ClickHouse": lambda names: {
        "meta": [{"name": n, "type": "Int64"} for n in names],
        "data": ROWS,
    },
    "InfluxDB": lambda names: {"results": [{"series": [{"columns": names, "values": ROWS}]}]},
    "the header is the first row": lambda names: [names, *ROWS],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_names_beside_the_rows_are_theirs(tmp_path: Path, shape: str) -> None:
    path = write(tmp_path / "candles", json.dumps(SHAPES[shape](NAMES)))

    found = checked(path)

    assert times(found) == MINUTES
    assert volumes(found) == [1.5] * N
    quote = json.dumps(SHAPES[shape]([*NAMES[:5], "quote_volume"]))
    assert "only a quote volume" in refusal(write(path, quote), ImportOptions())


@pytest.mark.parametrize(
    ("prefix", "asked"),
    [("", ImportOptions()), ("1. ", ImportOptions())],
    ids=["pandas", "Alpha Vantage"],
)
def test_rows_by_their_times(tmp_path: Path, prefix: str, asked: ImportOptions) -> None:
    rows = {
        str(ms): {f"{prefix}{name}": value for name, value in zip(NAMES[1:], row, strict=True)}
        for ms, *row in ROWS
    }
    answer = {"Meta Data": {"1. Information": "-"}, "Time Series (1min)": rows} if prefix else rows

    assert times(checked(write(tmp_path / "candles", json.dumps(answer)), asked)) == MINUTES


def test_prices_within_a_row(tmp_path: Path) -> None:
    rows = [
        {"complete": i < N - 1, "volume": 3, "time": f"{ms // 1_000}.000000000", "mid": prices}
        for i, ms in enumerate(MINUTES)
        for prices in [{"o": "100", "h": "101", "l": "99", "c": "100.5"}]
    ]
    text = json.dumps({"instrument": "EUR_USD", "granularity": "M1", "candles": rows})

    found = checked(write(tmp_path / "candles", text), ImportOptions(symbol="EURUSD"))

    assert times(found) == MINUTES[:-1]
    assert "counts ticks" in " ".join(found.notes)


def by_time(rows: list[dict[str, object]]) -> object:
    return {str(row["timestamp"]): {k: v for k, v in row.items() if k[0] != "t"} for row in rows}


@pytest.mark.parametrize("shape", [list, by_time])
def test_what_only_later_rows_say_counts(
    tmp_path: Path, shape: Callable[[list[dict[str, object]]], object]
) -> None:
    rows: list[dict[str, object]] = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    others = [*rows[:5], *({**row, "symbol": "ETHUSDT"} for row in rows[5:])]
    unfinished = [*rows[:-1], {**rows[-1], "confirm": "0"}]

    said = refusal(
        write(tmp_path / "others", json.dumps(shape(others))), ImportOptions(symbol="BTCUSDT")
    )

    assert "candles of ETHUSDT, not of BTCUSDT" in said
    assert times(checked(write(tmp_path / "last", json.dumps(shape(unfinished))))) == MINUTES[:-1]


@pytest.mark.parametrize("late", [0, 1], ids=["another order", "other rows"])
def test_columns_of_other_rows_are_not_laid_side_by_side(tmp_path: Path, late: int) -> None:
    columns = {name: dict(enumerate(column, 1)) for name, column in COLUMNS.items()}
    columns["volume"] = {i + late: float(i) for i in range(N, 0, -1)}

    assert "do not have the same rows" in refusal(
        write(tmp_path / "candles", json.dumps(columns)), ImportOptions()
    )


@pytest.mark.parametrize("inner", ["taker", "k"])
def test_a_row_knows_better_than_what_is_within_it(tmp_path: Path, inner: str) -> None:
    rows = [
        {**dict(zip(NAMES, row, strict=True)), inner: {"volume": 0.5, "high": 7, "open": 8}}
        for row in ROWS
    ]

    found = checked(write(tmp_path / "candles", json.dumps(rows)))

    assert volumes(found) == [1.5] * N
    columns = next(iter(found.spool)).columns
    assert (columns["open"][0], columns["high"][0]) == (100, 101)


def test_what_an_event_holds_is_its_candle(tmp_path: Path) -> None:
    """Binance's stream says when it spoke beside the candle."""
    rows = [
        {"e": "kline", "E": ms + 7, "s": "AAAUSDT", "k": dict(zip("tohlcv", row, strict=True))}
        for ms, row in zip(MINUTES, ROWS, strict=True)
    ]
    text = "\n".join(map(json.dumps, rows))

    assert (
        times(checked(write(tmp_path / "candles", text), ImportOptions(symbol="AAAUSDT")))
        == MINUTES
    )
    assert "not of BBBUSDT" in refusal(tmp_path / "candles", ImportOptions(symbol="BBBUSDT"))


def test_a_list_that_is_known_to_count_dollars(tmp_path: Path) -> None:
    answer = {
        "data": {"attributes": {"ohlcv_list": ROWS}},
        "meta": {"base": {"symbol": "WETH"}, "quote": {"symbol": "USDC"}},
    }
    path = write(tmp_path / "candles", json.dumps(answer))

    assert "only a quote volume" in refusal(path, ImportOptions(symbol="WETHUSDC"))
    assert times(checked(path, ImportOptions(symbol="WETHUSDC", zero_volume=True))) == MINUTES


def test_what_is_nested_too_deeply_is_damaged(tmp_path: Path) -> None:
    path = write(tmp_path / "candles", "[" * 100_000)

    assert "the JSON is damaged: it is nested too deeply" in refusal(path, ImportOptions())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"code": -1121, "msg": "Invalid symbol."}, "it says 'Invalid symbol.'"),
        ({"A": ROWS, "B": ROWS}, "several series: A, B"),
        ([{"symbol": "A", "candles": ROWS}, {"symbol": "B", "candles": ROWS}], "several series"),
        ([*ROWS, None], "must be a list of 6 values, as the first row is"),
        (
            [dict(zip(NAMES, row, strict=True)) for row in ROWS] + [None],
            "must be a list of 6 values",
        ),
    ],
)
def test_what_is_no_series_is_refused(tmp_path: Path, answer: object, words: str) -> None:
    assert words in refusal(write(tmp_path / "candles", json.dumps(answer)), ImportOptions())
