"""Rows of other instruments, told by a column, by what stands around them, or by a file's name."""

import json
from pathlib import Path

import pytest

from backtest.adapters.ingest.options import ImportOptions
from backtest.adapters.ingest.symbols import is_same_symbol
from tests.backtest.adapters.candle_texts import FIRST_MS, write, write_zip
from tests.backtest.adapters.ingest.test_case_files import refusal
from tests.backtest.adapters.ingest.test_traps import (
    DAY,
    MINUTES,
    OHLC,
    N,
    checked,
    lines,
    plain,
    times,
)

BTC = ImportOptions(symbol="BTCUSDT")


def two_series(column: str) -> str:
    """One series after another, so that no minute is there twice."""
    header = f"time,{column},{OHLC},volume"
    first = lines(header, "{t},Bitcoin,100,101,99,100.5,{v}")
    return first + lines("", "{t},Ether,100,101,99,100.5,{v}", first=FIRST_MS + DAY)


@pytest.mark.parametrize(
    "column",
    ["asset", "Asset_ID", "currency_pair", "product_id", "tradingsymbol", "contract", "secid"],
)
def test_a_column_of_symbols_is_one_by_any_name(tmp_path: Path, column: str) -> None:
    path = write(tmp_path / "candles", two_series(column))

    assert "candles of Bitcoin, Ether, not of BTCUSDT" in refusal(path, BTC)
    assert times(checked(path, ImportOptions(symbol="BTCUSDT", file_symbol="Bitcoin"))) == MINUTES


@pytest.mark.parametrize("column", ["name", "code", "token", "base", "exchange", "price_type"])
def test_a_column_that_tells_series_apart_is_no_matter_of_indifference(
    tmp_path: Path, column: str
) -> None:
    text = two_series(column)
    told = f"column {column} has several values (Bitcoin, Ether)"

    assert told in refusal(write(tmp_path / "c", text), BTC)
    same = text.replace("Ether", "Bitcoin")
    assert len(times(checked(write(tmp_path / "c", same), BTC))) == 2 * N


def test_a_name_that_was_asked_for_is_a_symbol(tmp_path: Path) -> None:
    path = write(tmp_path / "candles", two_series("name"))

    assert times(checked(path, ImportOptions(symbol="BTCUSDT", file_symbol="Bitcoin"))) == MINUTES


ROWS = [[ms, 100, 101, 99, 100.5, 1] for ms in MINUTES]
OBJECTS = [dict(zip(("t", "o", "h", "l", "c", "v"), row, strict=True)) for row in ROWS]


@pytest.mark.parametrize(
    ("answer", "symbol"),
    [
        ({"bars": {"ETH/USD": OBJECTS}, "next_page_token": None}, "ETH/USD"),
        ({"error": [], "result": {"XETHZUSD": ROWS, "last": 1}}, "XETHZUSD"),
        ({"ETH/USDT": {"1m": ROWS}}, "ETH/USDT"),
        ({"ticker": "X:ETHUSD", "results": OBJECTS}, "X:ETHUSD"),
        ({"ch": "market.ethusdt.kline.1min", "data": OBJECTS}, "ethusdt"),
        ([{"symbol": "ETHUSDT", "candles": ROWS}], "ETHUSDT"),
    ],
    ids=["Alpaca", "Kraken", "ccxt", "Polygon", "HTX", "a list of one answer"],
)
def test_what_stands_around_the_rows_says_their_symbol(
    tmp_path: Path, answer: object, symbol: str
) -> None:
    path = write(tmp_path / "candles", json.dumps(answer))

    assert f"candles of {symbol}, not of BTCUSD" in refusal(path, ImportOptions(symbol="BTCUSD"))
    assert times(checked(path, ImportOptions(symbol="BTCUSD", file_symbol=symbol))) == MINUTES


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("XXBTZUSD", "BTCUSD"),
        ("XETHZEUR", "ETHEUR"),
        ("X:BTCUSD", "BTCUSD"),
        ("tBTCUSD", "BTCUSD"),
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("BITSTAMP:BTCUSD", "BTCUSD"),
    ],
)
def test_spellings_of_one_symbol(one: str, other: str) -> None:
    assert is_same_symbol(one, other)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("ETHUSDT.csv", "ETHUSDT"),
        ("BINANCE_ETHUSDT, 1.csv", "ETHUSDT"),
        ("ETH-USDT_1m.csv", "ETH-USDT"),
        ("ethusdt_1m.csv", "ethusdt"),
        ("WBTCUSDT-1m-2024-01.csv", "WBTCUSDT"),
        ("1000BTCUSDT_1m.csv", "1000BTCUSDT"),
        ("BTCUSDT_240329-1m-2024-03.csv", "BTCUSDT_240329"),
    ],
)
def test_another_symbol_in_a_name(tmp_path: Path, name: str, symbol: str) -> None:
    path = write(tmp_path / name, plain())

    assert f"candles of {symbol}, not of BTCUSDT" in refusal(path, BTC)
    assert times(checked(path, ImportOptions(symbol="BTCUSDT", file_symbol=symbol))) == MINUTES


@pytest.mark.parametrize(
    "name",
    ["BTC-USD.csv", "btcusdt_2024.csv", "ETHUSDT and BTCUSDT.csv", "data_usd.csv", "BTC_ALL.csv"],
)
def test_a_name_that_says_no_other_symbol(tmp_path: Path, name: str) -> None:
    assert times(checked(write(tmp_path / name, plain()), BTC)) == MINUTES


def test_each_name_in_a_zip_counts(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "BTCUSDT.zip", **{"ETHUSDT-1m-2024-01": plain()})

    assert "candles of ETHUSDT" in refusal(path, BTC)


def test_a_file_in_a_zip_that_says_another_symbol_counts_for_all(tmp_path: Path) -> None:
    other = lines(f"symbol,time,{OHLC},volume", "ETHUSDT,{t},100,101,99,100.5,{v}")
    path = write_zip(tmp_path / "z", **{"candles-2023": plain(), "candles-2024": other})

    assert "candles of ETHUSDT, not of BTCUSDT" in refusal(path, BTC)


@pytest.mark.parametrize("column", ["name", "exchange"])
def test_a_column_that_only_one_file_in_a_zip_has_tells_series_apart(
    tmp_path: Path, column: str
) -> None:
    names = {"BTCUSDT-1m-2023-01": plain(), "BTCUSDT-1m-2024-01": two_series(column)}
    path = write_zip(tmp_path / "BTCUSDT.zip", **names)

    assert f"column {column} has several values (Bitcoin, Ether)" in refusal(path, BTC)


def test_a_price_that_jumps_is_told(tmp_path: Path) -> None:
    other = lines("", "{t},3,3.1,2.9,3,{v}", first=FIRST_MS + DAY)

    found = checked(write(tmp_path / "candles", plain() + other), BTC)

    told = f"the price jumps from 100.5 to 3 in line {N + 2}; check that the file holds one"
    assert told in " ".join(found.notes)
