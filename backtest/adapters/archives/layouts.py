"""Which files hold whose candles: a new archive is a row of `ARCHIVES`.

Binance: README of github.com/binance/binance-public-data. Bybit: the index pages of
public.bybit.com, which say that the clock of the MetaTrader files is UTC+3; they end with 2024, and
behind them, as in all of spot, there are only trades.
See: docs/downloads.md#archives
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from backtest.enums import HOUR_MS

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Where an exchange publishes candles, and how.

    Attributes:
        name: For people, and the folder of its files in the cache.
        market_id: Whose candles, as in `backtest.markets`.
        address: Of the server.
        month: Path of a month's file with `{symbol}`, `{interval}`, `{month}`, `{year}`, `{first}`
            and `{last}`; None if there are no months.
        day: Path of a day's file, where `{first}` is the day.
        intervals: How the archive spells each length that it has.
        checksum: What follows the path of a file in that of its SHA-256; None if there is none.
        timezone: Of times in the files, where these do not say it.
        ahead_ms: How far that clock, by which files begin and end, is ahead of UTC.
        holds: Candles, or trades from which minutes are made (`trades`).
        refused: Symbols that count their volume in something else, and why they are not taken.
        max_bytes: No file is greater.
        max_unpacked_bytes: Nor is what it unpacks to.
    """

    name: str
    market_id: int
    address: str
    month: str | None = None
    day: str | None = None
    intervals: Mapping[str, str]
    checksum: str | None = None
    timezone: str | None = None
    ahead_ms: int = 0
    holds: Literal["candles", "trades"] = "candles"
    refused: tuple[re.Pattern[str], str] | None = None
    max_bytes: int = 16 * _MIB
    max_unpacked_bytes: int = 32 * _MIB


_MINUTES_AND_HOURS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h")
_BINANCE = {length: length for length in (*_MINUTES_AND_HOURS, "1d", "3d", "1w", "1mo")}
_BINANCE_KLINES = "klines/{symbol}/{interval}/{symbol}-{interval}"
_INVERSE = (
    re.compile(r".*USD(?:[FGHJKMNQUVXZ]\d\d)?"),
    "inverse contracts count their volume in dollars, not in coins",
)

ARCHIVES = (
    Archive(
        name="binance-spot",
        market_id=1,
        address="https://data.binance.vision",
        month=f"/data/spot/monthly/{_BINANCE_KLINES}-{{month}}.zip",
        day=f"/data/spot/daily/{_BINANCE_KLINES}-{{first}}.zip",
        intervals=_BINANCE,
        checksum=".CHECKSUM",
    ),
    Archive(
        name="binance-futures",
        market_id=2,
        address="https://data.binance.vision",
        month=f"/data/futures/um/monthly/{_BINANCE_KLINES}-{{month}}.zip",
        day=f"/data/futures/um/daily/{_BINANCE_KLINES}-{{first}}.zip",
        intervals=_BINANCE,
        checksum=".CHECKSUM",
    ),
    Archive(
        name="bybit-spot-trades",
        market_id=3,
        address="https://public.bybit.com",
        month="/spot/{symbol}/{symbol}-{month}.csv.gz",
        day="/spot/{symbol}/{symbol}_{first}.csv.gz",
        intervals={"1m": ""},
        holds="trades",
        max_bytes=8 << 30,
        max_unpacked_bytes=64 << 30,
    ),
    Archive(
        name="bybit-metatrader",
        market_id=4,
        address="https://public.bybit.com",
        month="/kline_for_metatrader4/{symbol}/{year}/{symbol}_{interval}_{first}_{last}.csv.gz",
        intervals={"1m": "1", "5m": "5", "15m": "15", "30m": "30", "1h": "60"},
        timezone="Etc/GMT-3",
        ahead_ms=3 * HOUR_MS,
        refused=_INVERSE,
    ),
    Archive(
        name="bybit-futures-trades",
        market_id=4,
        address="https://public.bybit.com",
        day="/trading/{symbol}/{symbol}{first}.csv.gz",
        intervals={"1m": ""},
        holds="trades",
        refused=_INVERSE,
        max_bytes=8 << 30,
        max_unpacked_bytes=64 << 30,
    ),
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days in a row, the first and the last."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first:%Y-%m}"

    def days(self) -> "Iterator[Period]":
        """Each of them."""
        day = self.first
        while day <= self.last:
            yield Period(day, day)
            day += timedelta(days=1)


def months(first: date, last: date) -> list[Period]:
    """The months from that of the first day to that of the last, each of them whole."""
    found: list[Period] = []
    start = first.replace(day=1)
    while start <= last:
        following = (start + timedelta(days=31)).replace(day=1)
        found.append(Period(start, following - timedelta(days=1)))
        start = following
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of an archive."""

    archive: Archive
    period: Period
    path: str

    @property
    def name(self) -> str:
        """Of the file, without its folder."""
        return self.path.rpartition("/")[2]

    @property
    def first_ms(self) -> int:
        """Epoch milliseconds UTC at which it begins."""
        return midnight_ms(self.period.first) - self.archive.ahead_ms

    @property
    def stop_ms(self) -> int:
        """Epoch milliseconds UTC before which it ends."""
        return midnight_ms(self.period.last + timedelta(days=1)) - self.archive.ahead_ms


def midnight_ms(day: date) -> int:
    """Epoch milliseconds of the start of a day in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def part(archive: Archive, template: str, symbol: str, interval: str, period: Period) -> Part:
    """The file of a period; `template` is the archive's `month` or `day`."""
    path = template.format(
        symbol=symbol,
        interval=archive.intervals[interval],
        month=f"{period.first:%Y-%m}",
        year=f"{period.first:%Y}",
        first=period.first,
        last=period.last,
    )
    return Part(archive=archive, period=period, path=path)
