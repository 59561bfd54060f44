"""Columns that hold other numbers than their names or places say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backtest.adapters.ingest.options import ImportOptions
from tests.backtest.adapters.candle_texts import FIRST_MS, write
from tests.backtest.adapters.ingest.test_case_files import refusal, volumes
from tests.backtest.adapters.ingest.test_traps import MINUTE, checked

N = 60
OHLC = "open,high,low,close"
BTCUSD = ImportOptions(symbol="BTCUSD")


def moving(row: str, header: str = "", *, scale: float = 1.0) -> str:
    """Rows whose price doubles: a factor that is constant for one column is none for another."""
    rows: list[str] = []
    for i in range(N):
        low = (100 + 2 * i) * scale
        base = 1 + i % 7
        values = {
            "t": FIRST_MS + i * MINUTE,
            "e": FIRST_MS + i * MINUTE + MINUTE - 1,
            "i": i,
            "o": low * 1.001,
            "h": low * 1.002,
            "l": low,
            "c": low * 1.0015,
            "v": base,
            "q": base * low * 1.001,
            "dollars": round(base * low * 1.001 * 1_000),
            "lots": base * 100,
            "coins": base / 100,
        }
        rows.append(row.format(**values))
    return "\n".join([*([header] if header else []), *rows]) + "\n"


PRICES = "{t},{o},{h},{l},{c},"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            moving(PRICES + "{q},{v}", f"time,{OHLC},base_volume,quote_volume"),
            "are swapped (read from base_volume",
        ),
        (moving(PRICES + "{dollars},{v}", f"time,{OHLC},volume,turnover"), "counts contracts"),
        (moving(PRICES + "{v},{coins}"), "(read from column 6 and column 7)"),
        (
            moving(PRICES + "{lots},{q}", f"time,{OHLC},volume,amount"),
            "0.01 times the base volume",
        ),
        (moving(PRICES + "{lots},{q}", f"time,{OHLC},vol,amount"), "counts contracts"),
        (
            moving("{t}" + ",{o:.0f},{h:.0f},{l:.0f},{c:.0f},1", scale=1e5),
            "scaled by a power of ten",
        ),
        (moving("{i},{o},{h},{l},{c},1", f"time,{OHLC},volume"), "times such as 0 count neither"),
        (moving("{i},{o},{h},{l},{c},1"), "the first column holds no times since 1980"),
        (
            moving(PRICES + "{q}", "Zeit,Eröffnung,Hoch,Tief,Schluss,Umsatz"),
            "the columns are called Zeit, Eröffnung",
        ),
        (
            moving(PRICES + "{q}", "Date,AAPL.Open,AAPL.High,AAPL.Low,AAPL.Close,AAPL.Volume"),
            "call them time, open, high, low, close and volume",
        ),
        (moving(PRICES + "{v}").replace(",", " "), "columns are separated by blanks"),
    ],
    ids=[
        "columns that changed places",
        "contracts of a dollar",
        "contracts beside coins",
        "lots beside their worth",
        "lots beside their worth as HTX calls them",
        "prices times 100 000",
        "numbers of rows for times",
        "numbers of rows for times, without a header",
        "a header in another language",
        "a header with the symbol in it",
        "blanks for commas",
    ],
)
def test_other_numbers_are_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(write(tmp_path / "candles", text), BTCUSD)


def test_shares_of_lean_are_times_ten_thousand(tmp_path: Path) -> None:
    rows = [f"2013100{i} 00:00,1670000,1680000,1660000,1675100,1" for i in range(1, 10)]
    asked = ImportOptions(symbol="SPY", timezone="UTC", length_ms=1_440 * MINUTE)

    assert "power of ten" in refusal(write(tmp_path / "spy.csv", "\n".join(rows)), asked)


def test_prices_in_thousands_of_won_are_prices(tmp_path: Path) -> None:
    text = moving("{t},{o:.0f}000,{h:.0f}000,{l:.0f}000,{c:.0f}000,{v}", scale=400)

    assert (
        len(volumes(checked(write(tmp_path / "candles", text), ImportOptions(symbol="BTCKRW"))))
        == N
    )


@pytest.mark.parametrize(
    "text",
    [
        moving(PRICES + "{v},{q}", f"time,{OHLC},vol,amount"),
        moving(PRICES + "{v},{q}", f"time,{OHLC},amount,vol"),
        moving(PRICES + "{q},{v},1", f"time,{OHLC},volume,quoteVolume,weightedAverage"),
        moving(PRICES + "{v},500", f"time,{OHLC},volume,turnover"),
    ],
    ids=["amount is the worth", "amount is the coins", "Poloniex", "a worth that says nothing"],
)
def test_the_coins_are_found_by_their_worth(tmp_path: Path, text: str) -> None:
    found = checked(write(tmp_path / "candles", text), BTCUSD)

    assert volumes(found) == [1 + i % 7 for i in range(N)]


def test_yahoo_says_that_coins_are_counted_by_their_worth(tmp_path: Path) -> None:
    text = moving("{t},{o},{h},{l},{c},{c},{q}", "Date,Open,High,Low,Close,Adj Close,Volume")

    def notes(symbol: str) -> str:
        return " ".join(checked(write(tmp_path / "c", text), ImportOptions(symbol=symbol)).notes)

    assert "in the quote currency" in notes("BTC-USD")
    assert "in the quote currency" not in notes("AAPL")


@pytest.mark.parametrize("order", ["Coinbase", "KuCoin", "Bitfinex"])
def test_the_order_of_columns_is_the_one_that_fits_every_row(tmp_path: Path, order: str) -> None:
    """Minutes of one trade, and of two of which the second is higher, fit other orders, too."""
    shapes: dict[str, Callable[[float, float], str]] = {
        "Coinbase": lambda o, c: f"{min(o, c)},{max(o, c)},{o},{c},1",
        "KuCoin": lambda o, c: f"{o},{c},{max(o, c)},{min(o, c)},1,{o}",
        "Bitfinex": lambda o, c: f"{o},{c},{max(o, c)},{min(o, c)},1",
    }
    pairs = [(1.0, 1.0), (1.0, 2.0), (1.0, 1.0), (2.0, 1.0), (1.5, 1.5)] * 9
    rows = [f"{FIRST_MS // 1_000 + 60 * i},{shapes[order](*pair)}" for i, pair in enumerate(pairs)]

    found = checked(write(tmp_path / "candles", "\n".join(rows)))

    assert found.format.startswith(order)
    assert [float(v) for m in found.spool for v in m.columns["close"]] == [c for _, c in pairs]


def walk(header: str, row: str, *, step: int = MINUTE) -> str:
    """Candles that open near the close before, as markets do; `step` below 0 is newest first."""
    rng = np.random.default_rng(5)
    closes = 100 + np.cumsum(rng.normal(0, 0.2, 60))
    opens = np.concatenate(([100.0], closes[:-1])) + rng.normal(0, 0.02, 60)
    rows = []
    for i, (o, c) in enumerate(zip(opens.tolist(), closes.tolist(), strict=True)):
        h, low = max(o, c) + 0.1, min(o, c) - 0.1
        rows.append(row.format(t=FIRST_MS + i * abs(step), o=o, h=h, l=low, c=c, v=1 + i % 7))
    return "\n".join([*filter(None, [header]), *rows[:: 1 if step > 0 else -1]]) + "\n"


@pytest.mark.parametrize("step", [MINUTE, -MINUTE])
@pytest.mark.parametrize("header", ["", f"time,{OHLC},volume"], ids=["by place", "named"])
def test_an_open_that_is_the_close_is_refused(tmp_path: Path, header: str, step: int) -> None:
    wrong = write(tmp_path / "wrong", walk(header, "{t},{c},{h},{l},{o},{v}", step=step))
    right = write(tmp_path / "right", walk(header, "{t},{o},{h},{l},{c},{v}", step=step))

    assert "changed places, or the times run backwards" in refusal(wrong, BTCUSD)
    assert refusal(right, BTCUSD) == ""


def test_candles_that_all_fall_while_the_price_rises_prove_nothing(tmp_path: Path) -> None:
    rows = [f"{FIRST_MS + i * MINUTE},{101 + i},{102 + i},99,{100 + i},1" for i in range(500)]

    assert refusal(write(tmp_path / "candles", "\n".join(rows)), BTCUSD) == ""


def test_open_and_close_of_a_market_that_jumps_may_be_anywhere(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    pairs = rng.uniform(99.5, 100.5, (500, 2)).tolist()
    rows = [f"{FIRST_MS + i * MINUTE},{o},101,99,{c},1" for i, (o, c) in enumerate(pairs)]

    assert refusal(write(tmp_path / "candles", "\n".join(rows)), BTCUSD) == ""


def test_volumes_that_change_their_meaning_late_in_a_file_are_refused(tmp_path: Path) -> None:
    header = f"time,{OHLC},volume,turnover"
    good = [moving(PRICES + "{v},{q}", scale=1 + i).replace("\n\n", "\n") for i in range(40)]
    swapped = moving(PRICES + "{q},{v}", scale=50)
    rows = "".join([*good, *[swapped] * 4]).splitlines()
    dated = [f"{FIRST_MS + i * MINUTE},{row.split(',', 1)[1]}" for i, row in enumerate(rows)]

    assert "are swapped" in refusal(write(tmp_path / "c", "\n".join([header, *dated])), BTCUSD)


def test_longer_candles_that_were_filled_in_are_refused(tmp_path: Path) -> None:
    rows = [f"{FIRST_MS + i * MINUTE},{100 + i // 15},120,90,{101 + i // 15},7" for i in range(150)]
    path = write(tmp_path / "candles", "\n".join([f"time,{OHLC},volume", *rows]))

    assert "repeat the one before" in refusal(path, BTCUSD)


def test_a_comma_in_quotes_may_be_a_decimal_sign(tmp_path: Path) -> None:
    rows = [f'{FIRST_MS + i * MINUTE},"100,5","101,25","99,75","100,5","{i},5"' for i in range(N)]
    path = write(tmp_path / "candles", "\n".join([f"time,{OHLC},volume", *rows]))

    assert volumes(checked(path, BTCUSD)) == [i + 0.5 for i in range(N)]


def test_a_point_among_decimal_commas_is_no_decimal_sign(tmp_path: Path) -> None:
    rows = [f"{FIRST_MS + i * MINUTE};100,5;101,25;99,75;100,5;1.234" for i in range(N)]
    path = write(tmp_path / "candles", "\n".join([f"time;{OHLC};volume".replace(",", ";"), *rows]))

    assert "must be a finite number, was 1.234" in refusal(path, BTCUSD)
