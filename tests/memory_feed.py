"""Candles in memory: a slow, obvious twin of the rollup that the candle store does in SQL."""

import numpy as np

from backtest.control import Control
from backtest.ports import Buckets
from backtest.types import FloatArray, Instrument, IntArray, Timeframe

COLUMNS = ("ts_open", "open", "high", "low", "close", "volume")


class MemoryFeed:
    """A `CandleFeed` over arrays of 1-minute candles, the same for every instrument."""

    def __init__(self, minutes: dict[str, np.ndarray]) -> None:
        self._minutes = minutes

    def load(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start_ms: int,
        stop_ms: int,
        control: Control,
    ) -> Buckets:
        control.check()
        return roll_up(self._minutes, timeframe, start_ms=start_ms, stop_ms=stop_ms)

    def ping(self) -> None:
        return None


def roll_up(
    minutes: dict[str, np.ndarray], timeframe: Timeframe, *, start_ms: int, stop_ms: int
) -> Buckets:
    ts = minutes["ts_open"]
    seen = (ts >= start_ms) & (ts < stop_ms) & np.isfinite(minutes["close"])
    columns = {name: values[seen] for name, values in minutes.items()}
    order = np.argsort(columns["ts_open"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    bucket_of = columns["ts_open"] // timeframe.ms * timeframe.ms
    rows: list[tuple[float, ...]] = []
    for bucket in np.unique(bucket_of):
        inside = bucket_of == bucket
        row = (
            columns["open"][inside][0],
            columns["high"][inside].max(),
            columns["low"][inside].min(),
            columns["close"][inside][-1],
            columns["volume"][inside].sum(),
        )
        if np.isfinite(row).all():
            rows.append((float(bucket), *row))
    table = np.array(rows, np.float64).reshape(-1, 6)
    times: IntArray = table[:, 0].astype(np.int64)
    prices: list[FloatArray] = [np.ascontiguousarray(table[:, i]) for i in range(1, 6)]
    return Buckets(
        ts_open=times,
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=prices[4],
    )
