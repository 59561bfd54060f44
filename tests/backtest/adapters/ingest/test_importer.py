from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import coverage
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.source import readable
from backtest.adapters.candles.table import latest_minutes, stored_instruments
from backtest.adapters.candles.write import Written
from backtest.adapters.ingest.importer import BrokenFile, CheckedFile, check_file, write_file
from backtest.adapters.ingest.options import ImportOptions
from backtest.types import Instrument
from tests.backtest.adapters.candle_texts import (
    FIRST_MS,
    HEADER,
    ROWS,
    TIMES,
    generic,
    kline,
    write,
    write_gzip,
    write_zip,
)
from tests.backtest.adapters.minutes import a_new_instrument
from tests.candle_samples import real, write_generated

KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore\n"
)


def silent(done: int, total: int) -> None:
    """Nobody watches."""


def checked(path: Path) -> CheckedFile:
    return check_file(path, silent, ImportOptions(timezone="UTC"))


def imported(
    pool: ClickHousePool, path: Path, instrument: Instrument | None = None, *, now_ms: int = 1
) -> tuple[Instrument, Written]:
    target = instrument or a_new_instrument()
    return target, write_file(pool, target, checked(path), silent, now_ms)


def seen(pool: ClickHousePool, instrument: Instrument) -> tuple[list[int], list[float]]:
    stored = latest_minutes(pool, instrument, start_ms=0, stop_ms=2 * FIRST_MS)
    return stored.ts_open.tolist(), stored.prices["close"].tolist()


def reasons(path: Path) -> dict[str, str]:
    return dict(checked(path).reasons)


def iso(form: str) -> list[str]:
    return [datetime.fromtimestamp(ms / 1000, UTC).strftime(form) for ms in TIMES]


WRITERS: dict[str, Callable[[Path], Path]] = {
    "kline CSV in milliseconds": lambda p: write(p, kline()),
    "kline CSV in microseconds": lambda p: write(p, kline(1_000)),
    "kline CSV with a header": lambda p: write(p, kline(header=KLINE_HEADER)),
    "kline zip": lambda p: write_zip(p, klines=kline()),
    "generic CSV": lambda p: write(p, generic()),
    "generic CSV in gzip": lambda p: write_gzip(p, generic()),
    "CRLF and a byte order mark": lambda p: write(p, "\ufeff" + generic().replace("\n", "\r\n")),
    "semicolons": lambda p: write(p, generic().replace(",", ";")),
    "blank lines": lambda p: write(p, generic().replace("\n", "\n\n") + "\n\n"),
    "epoch seconds": lambda p: write(p, generic([ms // 1000 for ms in TIMES])),
    "epoch seconds as decimals": lambda p: write(p, generic([f"{ms / 1000}" for ms in TIMES])),
    "epoch nanoseconds": lambda p: write(p, generic([ms * 10**6 for ms in TIMES])),
    "ISO with an offset": lambda p: write(p, generic(iso("%Y-%m-%d %H:%M:%S+00:00"))),
    "ISO with Z": lambda p: write(p, generic(iso("%Y-%m-%dT%H:%M:%SZ"))),
    "ISO without a zone": lambda p: write(p, generic(iso("%Y-%m-%d %H:%M:%S"))),
    "times spelled in several ways": lambda p: write(
        p, generic([TIMES[0], iso("%Y-%m-%dT%H:%M:%S+00:00")[1], TIMES[2] // 1000])
    ),
    "other spellings of a header": lambda p: write(
        p, generic(header="Timestamp,Open,HIGH,low,Close,Base Volume")
    ),
    "parquet with moments": lambda p: write_parquet(p, pa.array(TIMES, pa.timestamp("ms", "UTC"))),
    "parquet with numbers": lambda p: write_parquet(p, pa.array(TIMES)),
}


def write_parquet(path: Path, times: pa.Array) -> Path:
    columns = zip(*([float(field) for field in row.split(",")] for row in ROWS), strict=True)
    names = HEADER.split(",")
    table = pa.table([times, *(pa.array(column) for column in columns)], names=names)
    parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file_gives_the_same_minutes(
    pool: ClickHousePool, tmp_path: Path, kind: str
) -> None:
    path = WRITERS[kind](tmp_path / "candles")

    instrument, written = imported(pool, path)

    assert written == Written(n_new=3)
    assert seen(pool, instrument) == (TIMES, [11, 12, 13])


def test_a_kline_file_fills_the_extra_columns(pool: ClickHousePool, tmp_path: Path) -> None:
    instrument, _ = imported(pool, write(tmp_path / "klines", kline()))

    sql = (
        "SELECT volume_quote, trades_count, taker_buy_volume_base, taker_buy_volume_quote,"
        " instrument_key, toUnixTimestamp64Milli(ts_close) FROM"
        " market_data.canonical_candles_1m ORDER BY ts_open"
    )
    with readable(pool, sql, StoredSeries(instrument=instrument)) as text:
        rows = pool.run(lambda client: client.query(text).result_rows)

    key = f"binance:spot:{instrument.symbol}"
    assert rows[0] == (15.5, 7, 0.5, 5.5, key, TIMES[0] + 60_000)


EXTRA_FIELDS = {
    "volume_quote": ("quote_volume", 15.5),
    "trades_count": ("count", 7),
    "taker_buy_volume_base": ("taker_buy_volume", 0.5),
    "taker_buy_volume_quote": ("taker_buy_quote_volume", 5.5),
}


@pytest.mark.parametrize("store", ["pool", "served"])
@pytest.mark.parametrize("column", EXTRA_FIELDS)
def test_an_extra_field_that_is_empty_is_null(
    request: pytest.FixtureRequest, tmp_path: Path, store: str, column: str
) -> None:
    """In a row, or in a whole member of a zip."""
    pool: ClickHousePool = request.getfixturevalue(store)
    heading, value = EXTRA_FIELDS[column]
    lines = [f"{HEADER},{heading}"]
    lines += [
        f"{ms},10,12,9,11,1.5,{text}" for ms, text in zip(TIMES, (value, "", value), strict=True)
    ]
    without = f"{HEADER}\n{TIMES[2] + 60_000},10,12,9,11,1.5"
    path = write_zip(
        tmp_path / "candles", **{"X-1m-2024-01-01": "\n".join(lines), "X-1m-2024-01-02": without}
    )

    instrument, written = imported(pool, path)

    sql = (
        f"SELECT {column} FROM market_data.canonical_candles_1m"
        f" WHERE symbol = '{instrument.symbol}' ORDER BY ts_open"
    )
    with readable(pool, sql, StoredSeries(instrument=instrument)) as text:
        rows = pool.run(lambda client: client.query(text).result_rows)
    assert written == Written(n_new=4)
    assert [row[0] for row in rows] == [value, None, value, None]
    assert imported(pool, path, instrument)[1] == Written(n_identical=4)


def test_importing_twice_changes_nothing(pool: ClickHousePool, tmp_path: Path) -> None:
    path = write(tmp_path / "candles", generic())
    instrument, _ = imported(pool, path)

    _, again = imported(pool, path, instrument, now_ms=2)

    assert again == Written(n_identical=3)
    stored = next(s for s in stored_instruments(pool) if s.instrument == instrument)
    assert (stored.n_rows, stored.n_minutes) == (3, 3)


def test_a_server_is_filled_the_same_way(served: ClickHousePool, tmp_path: Path) -> None:
    instrument, written = imported(served, write(tmp_path / "klines", kline()))
    _, again = imported(served, tmp_path / "klines", instrument)

    assert (written, again) == (Written(n_new=3), Written(n_identical=3))
    assert seen(served, instrument) == (TIMES, [11, 12, 13])


def test_changed_values_replace_the_old_ones_even_when_the_clock_went_back(
    pool: ClickHousePool, tmp_path: Path
) -> None:
    instrument, _ = imported(pool, write(tmp_path / "old", generic()), now_ms=1_000)
    changed = write(tmp_path / "new", generic().replace("11,13,10,12", "11,13,10,12.5"))

    _, written = imported(pool, changed, instrument, now_ms=500)

    assert written == Written(n_replaced=1, n_identical=2)
    assert seen(pool, instrument)[1] == [11, 12.5, 13]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("10,x,9,11,1", "high must be a finite number, was x"),
        ("10,nan,9,11,1", "high must be a finite number, was nan"),
        ("10,inf,9,11,1", "high must be a finite number, was inf"),
        ("10,12,9,,1", "close must be a finite number, was "),
        ("10,8,9,9,1", "high must not be below low, was 8"),
        ("0,12,9,11,1", "open must be > 0, was 0"),
        ("10,12,9,11,-1", "volume_base must be >= 0, was -1"),
        ("10,12,9,11", "has 5 columns, expected 6"),
        ("10,12,9,11,1,1", "has 7 columns, expected 6"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    path = write(tmp_path / "candles", generic().replace(ROWS[1], row))

    assert reasons(path)["line 3"] == reason


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (TIMES[1] + 1, f"ts_open must be a whole minute, was {TIMES[1] + 1}"),
        ("yesterday", "ts_open must be a time, was yesterday"),
        ("", "ts_open must be a time, was "),
        (-60, "ts_open must lie between 1970 and 2100, was -60"),
        (TIMES[0], "ts_open must be unique, but line 2 has it with other values"),
    ],
)
def test_a_bad_time_is_refused_with_its_line(tmp_path: Path, time: object, reason: str) -> None:
    path = write(tmp_path / "candles", generic([TIMES[0], time, TIMES[2]]))

    assert reasons(path)["line 3"] == reason


def test_the_header_that_most_lines_do_not_fit_is_told_by_one_of_them(tmp_path: Path) -> None:
    short = [row.rpartition(",")[0] for row in ROWS[1:]]
    text = generic().replace(ROWS[0], "10,12,-1,11,1")
    for row, cut in zip(ROWS[1:], short, strict=True):
        text = text.replace(row, cut)

    problems = checked(write(tmp_path / "candles", text)).problems

    assert "most lines do not fit the header: has 5 columns, expected 6" in problems


def test_refused_rows_can_be_left_out(pool: ClickHousePool, tmp_path: Path) -> None:
    path = write(tmp_path / "candles", generic().replace("11,13,10,12", "11,13,10,nan"))

    instrument, written = imported(pool, path)

    assert written == Written(n_new=2)
    assert seen(pool, instrument)[0] == [TIMES[0], TIMES[2]]


def test_line_numbers_count_every_line_of_a_long_file(tmp_path: Path) -> None:
    n = 200_000
    lines = [f"{FIRST_MS + 60_000 * i},{ROWS[0]}" for i in range(n)]
    lines[50], lines[70_000], lines[150_000] = "", "1,2", f"{FIRST_MS},nan,1,1,1,1"
    path = write(tmp_path / "candles", "\n".join([HEADER, *lines]))

    found = checked(path)

    assert [where for where, _ in found.reasons] == ["line 70002", "line 150002"]
    assert (found.n_refused, found.n_rows) == (2, n - 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"1,2,3\n", "no candles here"),
        (HEADER.encode() + b"\n", "no row"),
        (b"PK\x03\x04 nonsense", "zip"),
        (b"PAR1 nonsense", "arquet"),
    ],
)
def test_a_file_that_is_no_candle_file_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "candles"
    path.write_bytes(content)

    with pytest.raises(BrokenFile, match=words):
        checked(path)


@pytest.mark.parametrize("writer", [write_gzip, lambda p, t: write_zip(p, klines=t)])
def test_a_file_cut_half_way_is_broken(tmp_path: Path, writer: Callable[[Path, str], Path]) -> None:
    lines = [f"{FIRST_MS + 60_000 * i},{1 + i % 97},200,1,{1 + i % 89},{i}" for i in range(50_000)]
    path = writer(tmp_path / "candles", "\n".join([HEADER, *lines]))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    with pytest.raises(BrokenFile):
        checked(path)


@pytest.mark.parametrize("writer", [parquet.write_table, feather.write_feather])
def test_a_damaged_table_is_broken_wherever_it_is_damaged(
    tmp_path: Path, writer: Callable[[pa.Table, Path], None]
) -> None:
    prices = {name: [1.0 + i for i in range(2_000)] for name in ("open", "high", "low", "close")}
    opens = [FIRST_MS + 60_000 * i for i in range(2_000)]
    path, refusals = tmp_path / "candles", list[str]()
    writer(pa.table({"time": opens, **prices, "volume": opens}), path)
    whole = path.read_bytes()

    for place in range(8, len(whole) - 8, len(whole) // 60):
        path.write_bytes(whole[:place] + bytes(100) + whole[place + 100 :])
        try:
            checked(path)
        except BrokenFile as refused:
            refusals.append(str(refused))

    assert len(refusals) > 20
    assert all(said.startswith(f"{path}: ") for said in refusals)
    assert all(said.endswith("if it is damaged, download it again") for said in refusals)


def test_a_zip_of_two_series_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "candles", one=kline(), two=kline())

    with pytest.raises(BrokenFile, match="different series"):
        checked(path)


def test_a_missing_file_is_broken(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match="there is no such file"):
        checked(tmp_path / "nowhere.csv")


def test_a_file_of_three_weeks_is_imported_whole(pool: ClickHousePool, tmp_path: Path) -> None:
    instrument, written = imported(pool, real() or write_generated(tmp_path))

    assert written == Written(n_new=30_240)
    stored = next(s for s in stored_instruments(pool) if s.instrument == instrument)
    assert stored.n_minutes == 30_240
    assert coverage(pool, stored.instrument).n_gaps == 0
