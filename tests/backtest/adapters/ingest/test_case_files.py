"""Small files of the kinds that traders have: what becomes of each.

`files/` holds them. A file is either taken, with so many candles and words in its report, or
refused with words that say why.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import latest_minutes
from backtest.adapters.candles.write import Written
from backtest.adapters.ingest.importer import BrokenFile, CheckedFile, check_file, write_file
from backtest.adapters.ingest.options import ImportOptions
from tests.backtest.adapters.candle_texts import FIRST_MS
from tests.backtest.adapters.minutes import a_new_instrument

FILES = Path(__file__).parent / "files"
UTC = ImportOptions(symbol="AAAUSDT", timezone="UTC")
PLAIN = ImportOptions(symbol="AAAUSDT")


def hours(n: int = 1, timezone: str | None = None) -> ImportOptions:
    return ImportOptions(symbol="AAAUSDT", timezone=timezone, length_ms=n * 3_600_000)


@dataclass(frozen=True)
class Taken:
    n: int
    words: str = ""
    asked: ImportOptions = PLAIN
    volumes: list[float] = field(default_factory=list[float])
    first_ms: int = FIRST_MS


@dataclass(frozen=True)
class Refused:
    words: str
    asked: ImportOptions = PLAIN


VERDICTS: list[tuple[str, Taken | Refused]] = [
    ("hourly.csv", Refused("step by 1h", UTC)),
    ("hourly.csv", Refused("pass --interval 1h", UTC)),
    ("hourly.csv", Taken(6, "1h candles", hours(timezone="UTC"))),
    ("hourly.csv", Refused("step by 1h, but 1d candles are", hours(24, timezone="UTC"))),
    ("hourly-vision-nohdr.csv", Refused("close_time - open_time is 1h")),
    ("hourly-vision-nohdr.csv", Taken(6, "1h candles", hours())),
    ("daily-dates.csv", Refused("step by 1d", UTC)),
    ("daily-dates.csv", Taken(6, "1d candles", hours(24, timezone="UTC"))),
    ("kraken-ohlcvt.csv", Refused("step by 1m, but 1h candles are", hours())),
    ("mixed-symbols.csv", Taken(3, "3 rows of other symbols left out")),
    (
        "mixed-symbols.csv",
        Taken(3, "left out", ImportOptions(symbol="BBBUSDT"), first_ms=FIRST_MS + 180_000),
    ),
    ("mixed-symbols.csv", Refused("several symbols: AAAUSDT, BBBUSDT", ImportOptions())),
    ("mixed-symbols.csv", Refused("not of CCCUSDT", ImportOptions(symbol="CCCUSDT"))),
    ("cdd-quote-btc.csv", Taken(3, "ETH", ImportOptions(symbol="ETHBTC"), [1000, 1001, 1002])),
    ("okx-swap-contracts.csv", Taken(3, "vol counts contracts", volumes=[50, 51, 52])),
    ("unfinished-bar.csv", Taken(2, "1 unfinished bar left out")),
    ("open-outside-range.csv", Refused("open must lie within low..high, was 200")),
    ("zoneless-local.csv", Refused("no time zone; pass --timezone")),
    ("zoneless-local.csv", Taken(3, "in Europe/Athens", ImportOptions(timezone="Europe/Athens"))),
    ("blank-after-comma.csv", Taken(3)),
    ("trades-nan.csv", Taken(3)),
    ("trades-fraction.csv", Refused("trades_count must be a whole number, was 5.5")),
    ("date-and-time.csv", Taken(6, "in UTC", UTC, first_ms=FIRST_MS + 60_000)),
    ("vision-off-minute.csv", Refused("must be a whole minute, was 1518048194789")),
    (
        "vision-off-minute.csv",
        Taken(9, "3 times moved", ImportOptions(floor_times=True), first_ms=1_518_048_000_000),
    ),
    ("exact-duplicates.csv", Taken(2)),
    ("kraken-ohlcvt.csv", Taken(3, "Kraken OHLCVT, no header (CSV, seconds)")),
    ("ccxt-6-columns.csv", Taken(3, "ccxt rows, no header (CSV, milliseconds)")),
    ("bybit-kline-api.csv", Taken(3, "Bybit kline API", volumes=[3, 2, 1])),
    ("bybit-metatrader4.csv", Taken(3, "Bybit for MetaTrader 4, no header", UTC)),
    ("cdd-url-line.csv", Taken(3, "1 line above", ImportOptions(symbol="BTCUSD"), [3, 2, 1])),
    (
        "cdd-volume-eth.csv",
        Taken(3, "CryptoDataDownload", ImportOptions(symbol="ETHUSDT"), [3, 2, 1]),
    ),
    (
        "kaggle-bitstamp.csv",
        Taken(2, "1 minute without a price left out", ImportOptions(symbol="BTCUSD")),
    ),
    ("mt5-export.csv", Taken(3, "MetaTrader 5", UTC, [0, 0, 0])),
    ("unnamed-index.csv", Taken(3, "pandas with an unnamed index", UTC)),
    ("pq-uint64-ns.parquet", Taken(4, "Nautilus bars (Parquet, nanoseconds)")),
    ("no-volume.csv", Refused("--zero-volume")),
    ("no-volume.csv", Taken(3, "stored as 0", ImportOptions(zero_volume=True), [0, 0, 0])),
    ("yfinance-two-headers.csv", Taken(3, "yfinance", ImportOptions(symbol="AAAUSD"))),
    ("freqtrade.json", Taken(3, "no header (JSON, milliseconds)")),
    ("freqtrade.feather", Taken(4, "freqtrade (Feather)")),
    ("timestamp-ms.csv", Taken(3)),
    ("utc-word.csv", Taken(3)),
    ("decimal-commas.csv", Taken(1, "commas are decimal signs", volumes=[1.5])),
    ("thousands.csv", Refused("open must be a finite number, was 1,000.5")),
    ("two-members.zip", Taken(6)),
    ("mac-resource-fork.zip", Taken(3)),
    ("utf16.csv", Refused("UTF-16")),
    ("too-many-fields.csv", Refused("most lines do not fit the header: has 8 columns, expected 7")),
    ("git-lfs-pointer.csv", Refused("Git LFS pointer")),
    ("empty.csv", Refused("empty (0 bytes)")),
    ("zip-of-zip.zip", Refused("holds another zip, a.zip")),
    ("a.tar.gz", Refused("tar archive")),
]


@pytest.mark.parametrize(
    ("name", "verdict"),
    VERDICTS,
    ids=[f"{name} {type(v).__name__.lower()} {v.words}".strip() for name, v in VERDICTS],
)
def test_the_verdict_of_every_file(
    pool: ClickHousePool, name: str, verdict: Taken | Refused
) -> None:
    if isinstance(verdict, Refused):
        assert verdict.words in refusal(FILES / name, verdict.asked)
        return

    checked = check_file(FILES / name, lambda *_: None, verdict.asked)

    assert (checked.problems, checked.n_refused, checked.n_kept) == ((), 0, verdict.n)
    assert verdict.words in " ".join((checked.format, *checked.notes))
    assert checked.first_ms == verdict.first_ms
    if verdict.volumes:
        assert volumes(checked) == verdict.volumes
    assert n_written(pool, checked) == verdict.n


def test_every_file_has_a_verdict() -> None:
    assert {path.name for path in FILES.iterdir()} == {name for name, _ in VERDICTS}


def n_written(pool: ClickHousePool, checked: CheckedFile) -> int:
    """How many candles are in the store once the file was written, and once more."""
    instrument = a_new_instrument()
    written, again = (write_file(pool, instrument, checked, lambda *_: None, 1) for _ in range(2))
    stored = latest_minutes(
        pool, instrument, start_ms=0, stop_ms=2 * FIRST_MS, length_ms=checked.length_ms
    )
    n_stored = len(stored.ts_open)
    assert (written, again) == (Written(n_new=n_stored), Written(n_identical=n_stored))
    return n_stored


def refusal(path: Path, asked: ImportOptions) -> str:
    """Every word with which a file is refused; empty if it is not."""
    try:
        checked = check_file(path, lambda *_: None, asked)
    except BrokenFile as error:
        return str(error)
    reasons = [reason for _, reason in checked.reasons] if checked.n_refused else []
    return " ".join((*checked.problems, *reasons))


def volumes(checked: CheckedFile) -> list[float]:
    return [
        volume for minutes in checked.spool for volume in minutes.columns["volume_base"].tolist()
    ]
