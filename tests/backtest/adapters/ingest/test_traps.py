"""Files that would be stored wrongly if they were taken as they look: each is refused in words."""

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from backtest.adapters.ingest.importer import CheckedFile, check_file
from backtest.adapters.ingest.options import ImportOptions
from backtest.adapters.ingest.values import length_of
from tests.backtest.adapters.candle_texts import FIRST_MS, write, write_zip
from tests.backtest.adapters.ingest.test_case_files import refusal, volumes

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
N = 40


def lines(
    header: str,
    row: str,
    *,
    n: int = N,
    step: int = MINUTE,
    first: int = FIRST_MS,
    price: float = 100.5,
) -> str:
    """`n` lines; `{t}` is the open, `{e}` the last millisecond, `{v}` a volume, `{w}` its worth."""
    rows = []
    for i in range(n):
        t, v = first + i * step, 1 + i % 7
        e = t + step - 1
        rows.append(row.format(t=t, e=e, v=v, q=v * 100.5, w=v * price, i=i))
    return "\n".join([*([header] if header else []), *rows]) + "\n"


def plain(step: int = MINUTE, n: int = N, first: int = FIRST_MS) -> str:
    return lines("timestamp,open,high,low,close,volume", PRICES, step=step, n=n, first=first)


def uneven(step: int = MINUTE) -> str:
    """Times somewhere within their candles, as those of the last trade are."""
    rows = (f"{FIRST_MS + i * step + i * i * 37 % 9_000},100,101,99,100.5,1" for i in range(N))
    return "\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n"


PRICES = "{t},100,101,99,100.5,{v}"
KLINE = "{t},100,101,99,100.5,{v},{e},{q},10,1,100,0"
OHLC = "open,high,low,close"


def body(text: str) -> str:
    return text.split("\n", 1)[1]


TRAPS: dict[str, tuple[str, str]] = {
    "seconds": (plain(1_000), "step by 1s"),
    "five minutes": (plain(5 * MINUTE), "step by 5m"),
    "four hours with gaps": (plain(4 * HOUR, 3) + body(plain(4 * HOUR, 3, FIRST_MS + DAY)), "4h"),
    "hours at half past": (plain(HOUR, first=FIRST_MS + HOUR // 2), "step by 1h"),
    "hours ten seconds late": (plain(HOUR, first=FIRST_MS + 10_000), "step by 1h"),
    "weeks": (plain(7 * DAY), "step by 7d"),
    "one second klines": (lines("", KLINE, step=1_000), "close_time - open_time is 1s"),
    "hours with one stray minute": (
        plain(HOUR) + body(plain(n=1, first=FIRST_MS + MINUTE)),
        "most times step by 1h",
    ),
    "hours behind minutes": (
        plain(n=500) + body(plain(HOUR, 100, FIRST_MS + DAY)),
        "step by 1h",
    ),
    "hourly klines of which one is left": (lines("", KLINE, step=HOUR, n=1), "is 1h"),
    "minutes among which a kline lasts an hour": (
        lines("", KLINE) + lines("", KLINE, step=HOUR, n=1, first=FIRST_MS + DAY),
        "makes the candle 1h long",
    ),
    "an interval column of hours": (
        lines(f"time,interval,{OHLC},volume", "{t},1h,100,101,99,100.5,{v}"),
        "interval column says 1h",
    ),
    "intervals of both kinds": (
        lines(f"time,interval,{OHLC},volume", "{t},1m,100,101,99,100.5,{v}")
        + lines("", "{t},60,100,101,99,100.5,{v}", first=FIRST_MS + DAY),
        "interval column says 60",
    ),
    "Bybit periods of five minutes": (
        lines(f"start_at,symbol,interval,{OHLC},volume", "{t},AAAUSDT,5,100,101,99,100.5,{v}"),
        "interval column says 5",
    ),
    "quote volume only": (
        lines(f"time,{OHLC},quote_volume", PRICES),
        "only a quote volume",
    ),
    "volume in the quote's currency only": (
        lines(f"unix,date,symbol,{OHLC},Volume USDT", "{t},x,AAA/USDT,100,101,99,100.5,{v}"),
        "the volumes are in USDT",
    ),
    "volumes in two other currencies": (
        lines(f"time,{OHLC},Volume XYZ,Volume EUR", PRICES + ",5"),
        "XYZ and EUR",
    ),
    "contracts of a hundredth": (
        lines(f"time,{OHLC},volume,quote_volume", "{t},100,101,99,100.5,{v},{v}"),
        "0.01 times the base volume times the price",
    ),
    "prices scaled by 1e8": (
        lines(f"time,{OHLC},volume", "{t},10000000000,10100000000,9900000000,10050000000,{v}"),
        "scaled by a power of ten",
    ),
    "hours before minutes": (
        plain(HOUR, 20) + body(plain(n=2_000, first=FIRST_MS + DAY)),
        "20 times in a row step by 1h",
    ),
    "five minutes behind minutes": (
        plain(n=1_000) + body(plain(5 * MINUTE, 23, FIRST_MS + DAY)),
        "23 times in a row step by 5m",
    ),
    "days behind minutes": (
        plain(n=1_000) + body(plain(DAY, 20, FIRST_MS + 2 * DAY)),
        "20 times in a row step by 1d",
    ),
    "quarters of an hour before minutes": (
        plain(15 * MINUTE, 11) + body(plain(n=4_000, first=FIRST_MS + DAY)),
        "11 times in a row step by 15m",
    ),
    "uneven times": (uneven(), "pass --floor-times for their starts"),
    "two columns of one name": (
        lines(f"time,{OHLC},close,volume", "{t},100,101,99,100.5,99.5,{v}"),
        "two columns could be close",
    ),
    "two spellings of a column": (
        lines(f"time,{OHLC},Close,volume", "{t},100,101,99,100.5,99.5,{v}"),
        "two columns could be close",
    ),
    "another turnover": (
        lines(f"time,{OHLC},volume,turnover,Turnover", PRICES + ",{w},7"),
        "two columns could be volume_quote, turnover and Turnover",
    ),
    "opens below the low": (
        lines(f"time,{OHLC},volume", "{t},98,101,99,100.5,{v}"),
        "open must lie within low..high, was 98",
    ),
    "no known order of columns": (lines("", "{t},100,99,101,100,{v}"), "in no known order"),
    "closes at 59.999": (plain(first=FIRST_MS + MINUTE - 1), "pass --times close"),
    "days from 00:01 to 24:00": (plain(n=2_880, first=FIRST_MS + MINUTE), "pass --times close"),
    "days from 00:01 to 24:00 with gaps": (
        plain(n=1_000, first=FIRST_MS + MINUTE)
        + body(plain(n=1_870, first=FIRST_MS + 1_011 * MINUTE)),
        "pass --times close",
    ),
    "dates to be read in two ways": (
        lines(f"date,{OHLC},volume", "03/04/2024 00:{i:02},100,101,99,100.5,{v}"),
        "--date-order",
    ),
    "another symbol": (
        lines(f"time,symbol,{OHLC},volume", "{t},BBBUSDT,100,101,99,100.5,{v}"),
        "candles of BBBUSDT, not of AAAUSDT",
    ),
    "times in the future": (plain(first=4_000_000_020_000), "must not be in the future"),
    "a broken row at the end": (plain(n=70_000) + "x,y\n", "has 2 columns, expected 6"),
    "a fraction of a trade": (
        lines(f"time,{OHLC},volume,trades", PRICES + ",2.5"),
        "trades_count must be a whole number, was 2.5",
    ),
    "more trades than fit": (
        lines(f"time,{OHLC},volume,trades", PRICES + ",99999999999"),
        "trades_count must be <= 4294967295",
    ),
    "words for a number of trades": (
        lines(f"time,{OHLC},volume,trades", PRICES + ",many"),
        "trades_count must be a finite number, was many",
    ),
    "a web page": ("<!DOCTYPE html><html>404</html>\n", "web page"),
    "nothing but a header": ("time,open,high,low,close,volume\n", "no rows"),
    "prose": ("hello\nworld\n", "no candles here"),
    "damaged JSON": ("[[1,2,3,4,5,6],[", "JSON is damaged"),
    "JSON without rows": ('{"code": 0, "data": []}', "no list of rows"),
    "an answer about another symbol": (
        json.dumps({"result": {"symbol": "BBBUSDT", "list": [[FIRST_MS, 1, 1, 1, 1, 1, 1]]}}),
        "candles of BBBUSDT, not of AAAUSDT",
    ),
    "JSON of two symbols": (
        json.dumps({"A": [[FIRST_MS, 1, 1, 1, 1, 1]], "B": [[FIRST_MS, 1, 1, 1, 1, 1]]}),
        "several series: A, B",
    ),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_refused(tmp_path: Path, trap: str) -> None:
    text, words = TRAPS[trap]

    said = refusal(
        write(tmp_path / "candles", text), ImportOptions(symbol="AAAUSDT", timezone="UTC")
    )

    assert words in said


def test_uneven_times_are_moved_to_their_starts(tmp_path: Path) -> None:
    floored = ImportOptions(floor_times=True)

    assert times(checked(write(tmp_path / "candles", uneven()), floored)) == MINUTES
    assert "step by" in refusal(write(tmp_path / "slow", uneven(90_000)), floored)


def test_rows_without_a_symbol_are_not_of_the_one_asked_for(tmp_path: Path) -> None:
    header = f"symbol,time,{OHLC},volume"
    text = lines(header, "AAAUSDT," + PRICES) + lines("", "," + PRICES, first=FIRST_MS + DAY)

    found = checked(write(tmp_path / "candles", text))

    assert times(found) == MINUTES
    assert f"{N} rows of other symbols left out" in found.notes


@pytest.mark.parametrize("blank", ["", " ", '""'])
def test_a_column_of_symbols_without_any_says_nothing(tmp_path: Path, blank: str) -> None:
    text = lines(f"symbol,time,{OHLC},volume", blank + "," + PRICES)

    assert times(checked(write(tmp_path / "candles", text))) == MINUTES


def test_rows_above_the_first_symbol_are_nobodys(tmp_path: Path) -> None:
    """However many there are: a text is read in chunks, which cut anywhere."""
    nobodys = lines(f"symbol,time,{OHLC},volume", "," + PRICES, n=70_000)
    last = lines("", "AAAUSDT," + PRICES, first=FIRST_MS + 70 * DAY)

    said = refusal(write(tmp_path / "candles", nobodys + last), ImportOptions(symbol="AAAUSDT"))

    assert "rows above those of AAAUSDT have no symbol" in said


def test_hours_that_run_from_one_to_midnight_are_closes(tmp_path: Path) -> None:
    path = write(tmp_path / "candles", plain(HOUR, 24 * 5, FIRST_MS + HOUR))
    hours = ImportOptions(length_ms=HOUR)

    assert "whole days run from 1h to 24:00" in refusal(path, hours)
    assert times(checked(path, ImportOptions(length_ms=HOUR, times="close")))[0] == FIRST_MS
    four = write(tmp_path / "four", plain(4 * HOUR, 6 * 5, FIRST_MS + 4 * HOUR))
    assert refusal(four, ImportOptions(length_ms=4 * HOUR)) == ""


def test_gaps_of_a_quiet_market_are_no_other_length(tmp_path: Path) -> None:
    """Every fourth minute or so has a trade: equal gaps in a row are accidents."""
    rows = plain(n=20_000).splitlines()
    quiet = [rows[0], *(row for i, row in enumerate(rows[1:]) if (i * 2_654_435_761) % 97 < 24)]

    assert len(times(checked(write(tmp_path / "candles", "\n".join(quiet))))) == len(quiet) - 1


def test_a_repeated_header_is_left_out(tmp_path: Path) -> None:
    rows = plain().splitlines()
    path = write(tmp_path / "candles", "\n".join([*rows[:20], rows[0], *rows[20:], rows[0]]))

    found = checked(path)

    assert times(found) == MINUTES
    assert "2 repeated headers left out" in found.notes


def test_a_delimiter_at_the_end_of_each_row_is_no_column(tmp_path: Path) -> None:
    header, *rows = plain().splitlines()
    path = write(tmp_path / "candles", "\n".join([header, *(f"{row}," for row in rows)]))

    assert times(checked(path)) == MINUTES


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BBBUSDT-1m-2024-01.csv", "BBBUSDT"),
        ("BBBUSDT-1m-2024-01-31.csv", "BBBUSDT"),
        ("BBBUSD_PERP-1m-2024-01.csv", "BBBUSD_PERP"),
        ("BBBUSDT_1_2024-01-01_2024-01-31.csv", "BBBUSDT"),
        ("XBTUSD_1.csv", "XBTUSD"),
        ("Binance_BBBUSDT_2024_minute.csv", "BBBUSDT"),
        ("BBB_USDT-1m.json", "BBB_USDT"),
        ("BBB_USDT_USDT-1m-futures.json", "BBB_USDT"),
    ],
)
def test_the_name_of_an_archive_says_another_symbol(tmp_path: Path, name: str, symbol: str) -> None:
    path = write(tmp_path / name, plain())

    assert f"candles of {symbol}, not of AAAUSDT" in refusal(path, ImportOptions(symbol="AAAUSDT"))
    assert refusal(path, ImportOptions(symbol="AAAUSDT", file_symbol=symbol)) == ""
    assert refusal(path, ImportOptions(symbol=symbol)) == ""


def test_an_archive_in_a_zip_says_another_symbol(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "some.zip", **{"BBBUSDT-1m-2024-01": plain()})

    assert "candles of BBBUSDT, not of AAAUSDT" in refusal(path, ImportOptions(symbol="AAAUSDT"))


@pytest.mark.parametrize(
    "name",
    [
        "BTC-2024.csv",
        "candles_1.csv",
        "CANDLES_1.csv",
        "MYFILE.csv",
        "my-1m.csv",
        "AAAUSDT_2024-1m.csv",
        "EXPORT_AAAUSDT-1m.csv",
        "COINBASE_AAAUSDT-1m.csv",
    ],
)
def test_any_other_name_says_no_symbol(tmp_path: Path, name: str) -> None:
    assert refusal(write(tmp_path / name, plain()), ImportOptions(symbol="AAAUSDT")) == ""


@pytest.mark.parametrize(
    ("spelling", "asked"),
    [
        ("%m/%d/%Y %I:%M:%S %p", ImportOptions(timezone="UTC", date_order="month-first")),
        ("%d.%m.%Y %I:%M %p", ImportOptions(timezone="UTC")),
        ("%Y-%m-%d %I:%M%p", ImportOptions(timezone="UTC")),
        ("%Y-%m-%dT%I:%M:%S a.m.", ImportOptions(timezone="UTC")),
    ],
)
def test_a_clock_that_goes_to_twelve_is_read(
    tmp_path: Path, spelling: str, asked: ImportOptions
) -> None:
    rows = [
        datetime.fromtimestamp(ms / 1_000, UTC).strftime(spelling) + ",100,101,99,100.5,1"
        for ms in MINUTES
    ]
    text = "\n".join((f"date,{OHLC},volume", *rows)) + "\n"

    assert times(checked(write(tmp_path / "candles", text), asked)) == MINUTES


def test_hours_with_am_and_pm_are_read(tmp_path: Path) -> None:
    hours = [FIRST_MS + i * HOUR for i in range(N)]
    rows = [
        datetime.fromtimestamp(ms / 1_000, UTC).strftime("%Y-%m-%d %I-%p")
        + ",AAAUSDT,100,101,99,100.5,1,100.5"
        for ms in hours
    ]
    text = "\n".join(("Date,Symbol,Open,High,Low,Close,Volume AAA,Volume USDT", *rows)) + "\n"
    asked = ImportOptions(symbol="AAAUSDT", timezone="UTC", length_ms=HOUR)

    assert times(checked(write(tmp_path / "candles", text), asked)) == hours


def checked(path: Path, asked: ImportOptions | None = None) -> CheckedFile:
    found = check_file(path, lambda *_: None, asked or ImportOptions(symbol="AAAUSDT"))
    assert (found.problems, found.n_refused) == ((), 0), (found.problems, found.reasons[:3])
    return found


def times(found: CheckedFile) -> list[int]:
    return [ms for minutes in found.spool for ms in minutes.ts_open.tolist()]


MINUTES = [FIRST_MS + i * MINUTE for i in range(N)]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (plain(first=FIRST_MS + MINUTE - 1), ImportOptions(times="close")),
        (plain(first=FIRST_MS + MINUTE), ImportOptions(times="close")),
        (lines(f"close_time,{OHLC},volume", "{e},100,101,99,100.5,{v}"), ImportOptions()),
        (plain(first=FIRST_MS + 14_789), ImportOptions(floor_times=True)),
    ],
    ids=["the last millisecond", "the minute after", "a column of that name", "late by 14 s"],
)
def test_times_become_those_of_the_open(tmp_path: Path, text: str, asked: ImportOptions) -> None:
    assert times(checked(write(tmp_path / "candles", text), asked)) == MINUTES


def test_minutes_that_are_far_apart_are_minutes_where_their_close_says_so(tmp_path: Path) -> None:
    far = [FIRST_MS, FIRST_MS + 10 * MINUTE]
    text = "".join(lines("", KLINE, n=1, first=first) for first in far)

    assert times(checked(write(tmp_path / "candles", text))) == far


def test_a_gap_in_minutes_is_no_other_length(tmp_path: Path) -> None:
    text = plain() + body(plain(first=FIRST_MS + DAY))

    assert len(times(checked(write(tmp_path / "candles", text)))) == 2 * N


def test_a_single_coarse_candle_is_told_by_the_name_of_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "AAAUSDT-1h-2024-01.csv", plain(n=1))

    assert "the name of the file says 1h" in refusal(path, ImportOptions())


def test_a_single_candle_is_said_to_be_taken_for_a_minute(tmp_path: Path) -> None:
    assert "a minute was assumed" in " ".join(checked(write(tmp_path / "c", plain(n=1))).notes)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("t,T,s,i,o,c,h,l,L,v,n,x,q,V,Q", "{t},{e},AAAUSDT,1m,100,100.5,101,99,7,{v},3,1,{q},1,1"),
        ("L,l,h,o,c,t,v", "7,99,101,100,100.5,{t},{v}"),
        ("T,O,H,L,C,V", PRICES),
        (f"time,{OHLC},amount,vol", PRICES + ",{q}"),
        (f"time,{OHLC},turnover,volume", "{t},100,101,99,100.5,{q},{v}"),
        (f"time,{OHLC},volumefrom,volumeto", PRICES + ",{q}"),
        (f"time,{OHLC},Volume AAA,Volume USDT", PRICES + ",{q}"),
        (f"time,{OHLC},Volume_USDT,Volume_AAA", "{t},100,101,99,100.5,{q},{v}"),
        ("ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm", PRICES + ",{q},{q},1"),
        ("", "{t},100,101,99,100.5,{v},{q},{q},1"),
        ("", "{t},100,101,99,100.5,900,{v},{q},1"),
        ("", KLINE),
        ("", "{t},100,101,99,100.5,{v},{q}"),
        ("", "{t},100,101,99,100.5,{v},17"),
        ("", "{t},100,100.5,101,99,{v},{q}"),
        ("", "{t},99,101,100,100.5,{v}"),
        ("", "{t},100,100.5,101,99,{v}"),
        ("", "{t},100,101,99,100.5,100.2,{v},17"),
        ("", "{t},{q},100.5,101,99,100,{v},true"),
    ],
)  # fmt: skip
def test_the_base_volume_is_found(tmp_path: Path, header: str, row: str) -> None:
    found = checked(write(tmp_path / "candles", lines(header, row)))

    assert volumes(found) == [1 + i % 7 for i in range(N)]
    columns = [minutes.columns for minutes in found.spool]
    assert columns[0]["low"].tolist() == [99.0] * N
    assert columns[0]["open"].tolist() == [100.0] * N
    assert columns[0]["close"].tolist() == [100.5] * N


def test_coin_margined_klines_count_contracts(tmp_path: Path) -> None:
    rows = []
    for i in range(N):
        t, contracts = FIRST_MS + i * MINUTE, 600 + i
        base = contracts * 100 / 40_000
        rows.append(f"{t},40000,40100,39900,40000,{contracts},{t + 59_999},{base},9,1,0.5,0")

    found = checked(write(tmp_path / "candles", "\n".join(rows)), ImportOptions(symbol="BTCUSD"))

    assert "COIN-M" in found.format
    assert volumes(found) == [(600 + i) * 100 / 40_000 for i in range(N)]


@pytest.mark.parametrize("price", [1.0, 3.1623, 10.0, 100.0])
def test_coins_at_the_price_of_a_contract_are_not_taken_for_contracts(
    tmp_path: Path, price: float
) -> None:
    row = f"{{t}},{price},{price},{price},{price},{{v}},{{e}},{{w}},10,1,1,0"
    text = lines("", row, price=price)

    found = checked(write(tmp_path / "candles", text))

    assert "Binance klines" in found.format
    assert volumes(found) == [1 + i % 7 for i in range(N)]


@pytest.mark.parametrize(
    ("spell", "asked"),
    [
        ("2024-01-01 00:{i:02}:00 UTC", ImportOptions()),
        ("2024-01-01T00:{i:02}:00Z", ImportOptions()),
        ("2024-01-01T00:{i:02}:00.000000000Z", ImportOptions()),
        ("2024-01-01 01:{i:02}:00+0100", ImportOptions()),
        ("2024-01-01 01:{i:02}:00 +01:00", ImportOptions()),
        ("01.01.2024 01:{i:02}:00.000 GMT+0100", ImportOptions()),
        ("2024/01/01 00:{i:02}", ImportOptions(timezone="UTC")),
        ("2024.01.01 00:{i:02}", ImportOptions(timezone="UTC")),
        ("2024-1-1 0:{i:02}", ImportOptions(timezone="UTC")),
        ("20240101 00{i:02}00", ImportOptions(timezone="UTC")),
        ("2024010100{i:02}00", ImportOptions(timezone="UTC")),
        ("2024010100{i:02}", ImportOptions(timezone="UTC")),
        ("01/01/2024 00:{i:02}", ImportOptions(timezone="UTC", date_order="day-first")),
        ("31/12/2023 19:{i:02}", ImportOptions(timezone="America/New_York")),
        ("12/31/2023 19:{i:02}:00", ImportOptions(timezone="America/New_York")),
        ("2024-01-01 01:{i:02}", ImportOptions(timezone="Europe/Berlin")),
        ('"Jan 1, 2024 00:{i:02}"', ImportOptions(timezone="UTC")),
        ("January 01 2024 00:{i:02}", ImportOptions(timezone="UTC")),
        ("01-Jan-2024 00:{i:02}:00", ImportOptions(timezone="UTC")),
        ("01JAN2024 00:{i:02}", ImportOptions(timezone="UTC")),
        ('"Mon, 01 Jan 2024 00:{i:02}:00 GMT"', ImportOptions()),
        ("20240101  00:{i:02}:00", ImportOptions(timezone="UTC")),
        ("2024-01-01-00-{i:02}", ImportOptions(timezone="UTC")),
        ("2024-01-01-00-{i:02}-00", ImportOptions(timezone="UTC")),
        ("2024-01-01 00:{i:02}:00 [UTC]", ImportOptions()),
        ("2024-01-01 00:{i:02}:00+00:00 UTC", ImportOptions()),
    ],
)
def test_a_moment_is_read_however_it_is_written(
    tmp_path: Path, spell: str, asked: ImportOptions
) -> None:
    text = lines(f"date,{OHLC},volume", spell + ",100,101,99,100.5,{v}")

    assert times(checked(write(tmp_path / "candles", text), asked)) == MINUTES


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("Date,Time", "2024-01-01,00:{i:02}"),
        ("<DATE>,<TIME>", "20240101,00{i:02}00"),
        ("<TICKER>,<PER>,<DATE>,<TIME>", "AAAUSDT,1,20240101,00{i:02}"),
        ("Time,Date", "00:{i:02}:00,2024/01/01"),
        ("OPEN_DATE,OPEN_TIME", "01.01.2024,00:{i:02}"),
        ("Date,Time", "20240101,{i}"),
        ("Date,Time", "2024-01-01,12:{i:02} AM"),
    ],
)
def test_a_date_and_a_time_are_joined(tmp_path: Path, columns: str, row: str) -> None:
    text = lines(f"{columns},{OHLC},volume", row + ",100,101,99,100.5,{v}")
    asked = ImportOptions(symbol="AAAUSDT", timezone="UTC")

    assert times(checked(write(tmp_path / "candles", text), asked)) == MINUTES


def test_a_zone_that_is_not_known_is_shown_where_it_stands(tmp_path: Path) -> None:
    text = lines(f"date,{OHLC},volume", "2024-01-01 00:{i:02}:00 EST,100,101,99,100.5,1")

    said = refusal(write(tmp_path / "candles", text), ImportOptions())

    assert "must be a time, was 2024-01-01 00:00:00 EST" in said


def test_dates_of_rows_without_a_header_are_dates(tmp_path: Path) -> None:
    text = lines("", "01/02/2024,00:{i:02},100,101,99,100.5,{v}")
    path = write(tmp_path / "candles", text)
    asked = ImportOptions(timezone="UTC", date_order="month-first")

    assert "--date-order" in refusal(path, ImportOptions(timezone="UTC"))
    assert times(checked(path, asked)) == [ms + DAY for ms in MINUTES]


def test_numbers_of_a_broker_are_times_of_its_server(tmp_path: Path) -> None:
    text = lines(f"time,{OHLC},tick_volume,spread,real_volume", "{t},100,101,99,100.5,7,1,{v}")
    path = write(tmp_path / "candles", text)
    berlin = ImportOptions(timezone="Europe/Berlin")

    assert "pass --timezone" in refusal(path, ImportOptions())
    assert times(checked(path, berlin)) == [ms - HOUR for ms in MINUTES]


@pytest.mark.parametrize("name", ["Last", "Price", "Close/Last"])
def test_a_last_price_is_the_close_where_there_is_no_other(tmp_path: Path, name: str) -> None:
    text = lines(f"time,open,high,low,{name},volume", PRICES)
    both = lines(f"time,{OHLC},{name},volume", "{t},100,101,99,100.5,7,{v}")

    found = checked(write(tmp_path / "candles", text))

    assert f"the close is read from {name}" in found.notes
    columns = next(iter(checked(write(tmp_path / "both", both)).spool)).columns
    assert columns["close"].tolist() == [100.5] * N


@pytest.mark.parametrize("text", ["1m", "M1", "MINUTE_1", "1MIN", "Interval.MINUTE", "PT1M", "60s"])
def test_spellings_of_a_minute(text: str) -> None:
    assert length_of(text) == MINUTE * 1_000


def test_clocks_without_their_leading_zeros_are_clocks(tmp_path: Path) -> None:
    clocks = [int(f"{i // 60}{i % 60:02}00") for i in range(1_440)]
    rows = [f"20240101,{clock},100,101,99,100.5,1" for clock in clocks]
    path = write(tmp_path / "candles", "\n".join([f"Date,Time,{OHLC},volume", *rows]))

    found = checked(path, ImportOptions(symbol="AAAUSDT", timezone="UTC"))

    assert times(found) == [FIRST_MS + i * MINUTE for i in range(1_440)]


@pytest.mark.parametrize("n_days", [1, 3])
@pytest.mark.parametrize("header", [f"date,time,{OHLC},volume", ""], ids=["named", "by place"])
@pytest.mark.parametrize("spell", ["{}", "{:02}"])
def test_hours_as_numbers_are_not_taken_for_minutes(
    tmp_path: Path, n_days: int, header: str, spell: str
) -> None:
    days = [f"2024-01-{1 + i // 24:02},{spell.format(i % 24)}" for i in range(24 * n_days)]
    rows = [f"{day},100,101,99,100.5,{1 + i % 7}" for i, day in enumerate(days)]
    path = write(tmp_path / "candles", "\n".join(filter(None, [header, *rows])))

    said = refusal(path, ImportOptions(timezone="UTC"))

    assert "are all below 24, so they may be hours or minutes" in said
    assert said == refusal(path, ImportOptions(timezone="UTC", length_ms=HOUR))


def test_midnights_as_numbers_are_midnights(tmp_path: Path) -> None:
    rows = [f"202401{1 + i:02},0,100,101,99,100.5,1" for i in range(9)]
    path = write(tmp_path / "candles", "\n".join([f"<DATE>,<TIME>,{OHLC},<VOL>", *rows]))

    found = checked(path, ImportOptions(timezone="UTC", length_ms=DAY))

    assert times(found) == [FIRST_MS + i * DAY for i in range(9)]


def test_hours_that_exist_twice_or_never_are_refused(tmp_path: Path) -> None:
    header = f"time,{OHLC},volume"
    text = lines(header, "2024-10-27 02:{i:02}:00,100,101,99,100.5,{v}")
    text += lines("", "2024-03-31 02:{i:02}:00,100,101,99,100.5,{v}")

    found = check_file(
        write(tmp_path / "c", text), lambda *_: None, ImportOptions(timezone="Europe/Berlin")
    )

    assert found.n_refused == 2 * N
    assert "is ambiguous or does not exist" in found.reasons[0][1]


def test_the_bar_that_was_open_when_the_file_was_written_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "candles", plain())
    written_s = (MINUTES[-1] + 20_000) / 1_000
    os.utime(path, (written_s, written_s))

    found = checked(path)

    assert times(found) == MINUTES[:-1]
    assert "1 unfinished bar left out" in found.notes


def test_equal_rows_are_one_and_conflicting_ones_are_refused(tmp_path: Path) -> None:
    rows = plain().splitlines()
    twice = "\n".join([*rows, *rows[1:], rows[5].replace("100.5", "100.6")])

    found = check_file(write(tmp_path / "candles", twice), lambda *_: None)

    n_lines = len(twice.splitlines())
    assert (found.n_repeated, found.n_refused, found.n_kept) == (N - 1, 3, N - 1)
    assert found.reasons[-1] == (
        f"line {n_lines}",
        "ts_open must be unique, but line 6 has it with other values",
    )


@pytest.mark.parametrize("dtype", [pa.timestamp("ns"), pa.timestamp("ms")])
def test_parquet_moments_without_a_zone_need_one(tmp_path: Path, dtype: pa.DataType) -> None:
    path = tmp_path / "candles.parquet"
    write_table(path, pa.array([FIRST_MS + i * MINUTE for i in range(N)], pa.int64()), dtype)

    assert "pass --timezone" in refusal(path, ImportOptions())
    assert times(checked(path, ImportOptions(timezone="UTC"))) == MINUTES


def write_table(path: Path, ms: pa.Array, dtype: pa.DataType) -> None:
    moments = ms.cast(pa.timestamp("ms")).cast(dtype)
    prices = [[100.0] * N, [101.0] * N, [99.0] * N, [100.5] * N, [1.0] * N]
    names = ["date", "open", "high", "low", "close", "volume"]
    parquet.write_table(pa.table([moments, *map(pa.array, prices)], names=names), path)


def test_files_of_other_series_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "z", **{"AAA-1m-2024-01": plain(), "BBB-1m-2024-02": plain()})

    assert "different series" in refusal(path, ImportOptions())


@pytest.mark.parametrize("wrap", ["rows", "objects", "answer", "columns", "lines"])
def test_json_is_read_in_the_shapes_of_answers(tmp_path: Path, wrap: str) -> None:
    rows: Sequence[list[object]] = [[ms, "100", "101", "99", "100.5", "1.5"] for ms in MINUTES]
    names = ["t", "o", "h", "l", "c", "v"]
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    shapes: dict[str, Callable[[], str]] = {
        "rows": lambda: json.dumps(rows),
        "objects": lambda: json.dumps(objects),
        "answer": lambda: json.dumps({"retCode": 0, "result": {"symbol": "AAAUSDT", "list": rows}}),
        "columns": lambda: json.dumps(
            {"s": "ok", **dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))}
        ),
        "lines": lambda: "\n".join(map(json.dumps, objects)),
    }

    found = checked(write(tmp_path / "candles", shapes[wrap]()))

    assert times(found) == MINUTES
    assert volumes(found) == [1.5] * N
