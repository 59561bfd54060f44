"""Seeded synthetic bars and a feed that serves them as a store would: with arrays of its own."""

from functools import cache

import numpy as np

from backtest.control import Control
from backtest.ports import Buckets, StoredRange
from backtest.types import MINUTE_MS, Bars, FloatArray, Instrument, Timeframe

SEED = 20_240_101
FIRST_PRICE = 20_000.0
VOLATILITY = 0.002
YEAR_15M = 35_040
YEAR_1M = 525_600


@cache
def walk(n_bars: int) -> tuple[FloatArray, ...]:
    """A random walk of prices: open, high, low, close, volume, each shape (n_bars,)."""
    random = np.random.default_rng(SEED)
    close = FIRST_PRICE * np.exp(np.cumsum(random.normal(0.0, VOLATILITY, n_bars)))
    opened = np.concatenate(([FIRST_PRICE], close[:-1]))
    high = np.maximum(opened, close) * np.exp(np.abs(random.normal(0.0, VOLATILITY / 3, n_bars)))
    low = np.minimum(opened, close) * np.exp(-np.abs(random.normal(0.0, VOLATILITY / 3, n_bars)))
    return opened, high, low, close, random.lognormal(4.0, 0.8, n_bars)


def bars_of(n_bars: int) -> Bars:
    """The walk as bars that all trade."""
    opened, high, low, close, volume = walk(n_bars)
    return Bars(
        timeframe=Timeframe.M15,
        ts_open=np.arange(n_bars, dtype=np.int64) * Timeframe.M15.ms,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        target_start=0,
        target_stop=n_bars,
    )


class WalkFeed:
    """A `CandleFeed` that has the walk for any instrument and range."""

    def columns(self, n_bars: int) -> tuple[FloatArray, ...]:
        """Open, high, low, close and volume, each shape (n_bars,)."""
        return walk(n_bars)

    def load(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start_ms: int,
        stop_ms: int,
        control: Control,
    ) -> Buckets:
        del instrument
        control.check()
        first = -(-start_ms // timeframe.ms)
        n_bars = stop_ms // timeframe.ms - first
        opened, high, low, close, volume = (column.copy() for column in self.columns(n_bars))
        return Buckets(
            ts_open=(first + np.arange(n_bars, dtype=np.int64)) * timeframe.ms,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            candle_ms=MINUTE_MS,
            runs=np.array([[first * timeframe.ms, stop_ms - MINUTE_MS]]),
        )

    def stored_range(self, instrument: Instrument, *, control: Control) -> StoredRange | None:
        return StoredRange(first_ms=0, last_ms=1 << 53)

    def instruments(self, *, control: Control) -> list[Instrument]:
        return []

    def ping(self) -> None:
        return None
