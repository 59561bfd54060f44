"""Candles in memory: a slow, obvious twin of the rollup that the candle store does in SQL."""

from collections.abc import Sequence

import numpy as np

from backtest.control import Control
from backtest.ports import Buckets, StoredRange
from backtest.types import MINUTE_MS, FloatArray, Instrument, IntArray, Timeframe

COLUMNS = ("ts_open", "open", "high", "low", "close", "volume")


class MemoryFeed:
    """A `CandleFeed` over arrays of candles, the same for every instrument.

    Args:
        minutes: The candles, minutes unless `candle_ms` says otherwise.
        candle_ms: Their length.
        stored: The only instruments that have them, where not all have.
    """

    def __init__(
        self,
        minutes: dict[str, np.ndarray],
        candle_ms: int = MINUTE_MS,
        stored: Sequence[Instrument] | None = None,
    ) -> None:
        self._minutes, self._candle_ms, self._stored = minutes, candle_ms, stored

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
        return roll_up(
            self._of(instrument),
            timeframe,
            start_ms=start_ms,
            stop_ms=stop_ms,
            candle_ms=self._candle_ms,
        )

    def stored_range(self, instrument: Instrument, *, control: Control) -> StoredRange | None:
        ts = self._of(instrument)["ts_open"]
        return StoredRange(first_ms=int(ts.min()), last_ms=int(ts.max())) if len(ts) else None

    def instruments(self, *, control: Control) -> Sequence[Instrument]:
        return self._stored or ()

    def _of(self, instrument: Instrument) -> dict[str, np.ndarray]:
        if self._stored is None or instrument in self._stored:
            return self._minutes
        return {name: column[:0] for name, column in self._minutes.items()}

    def ping(self) -> None:
        return None


def roll_up(
    minutes: dict[str, np.ndarray],
    timeframe: Timeframe,
    *,
    start_ms: int,
    stop_ms: int,
    candle_ms: int = MINUTE_MS,
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
        candle_ms=candle_ms,
        runs=runs_of(columns["ts_open"].tolist(), candle_ms),
    )


def runs_of(ascending: list[int], candle_ms: int) -> IntArray:
    """First and last open time of each unbroken run of candles."""
    runs: list[list[int]] = []
    for opened in ascending:
        if runs and opened - runs[-1][1] in {0, candle_ms}:
            runs[-1][1] = opened
        else:
            runs.append([opened, opened])
    return np.array(runs, np.int64).reshape(-1, 2)
