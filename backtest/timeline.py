"""Time: which minutes a run loads, which bars it builds, which of them trade.

See: docs/timeline.md
"""

import numpy as np

from backtest.errors import NoMarketData
from backtest.ports import Buckets
from backtest.types import MINUTE_MS, Bars, FloatArray, IntArray, Timeframe, TimeRange


def load_range(time_range: TimeRange, timeframe: Timeframe, warmup_bars: int) -> tuple[int, int]:
    """The half-open range of minutes to load, `[start_ms, stop_ms)`, both on a minute.

    The start reaches back by the warm-up and is floored, the end is raised to the next minute.
    """
    start = time_range.start_ms - warmup_bars * timeframe.ms
    start_ms = start // MINUTE_MS * MINUTE_MS
    stop_ms = -(-time_range.end_ms // MINUTE_MS) * MINUTE_MS
    return start_ms, stop_ms


def count_bars(
    time_range: TimeRange, timeframe: Timeframe, *, start_ms: int, stop_ms: int
) -> tuple[int, int]:
    """How many bars a complete history would give: loaded ones and those of the target slice."""
    first, stop = _bucket_range(timeframe, start_ms, stop_ms)
    n_loaded = max(0, (stop - first) // timeframe.ms)
    start, end = _target_slice(first, n_loaded, timeframe, time_range)
    return n_loaded, end - start


def fill_bars(
    buckets: Buckets,
    timeframe: Timeframe,
    time_range: TimeRange,
    *,
    start_ms: int,
    stop_ms: int,
) -> Bars:
    """Consecutive bars from the buckets that have candles.

    A bucket counts only if it closes before `stop_ms`, strictly. Missing buckets repeat the
    previous close with no volume; before the first candle there are no bars.

    The target slice may be empty.

    Raises:
        NoMarketData: There is no bar at all.
    """
    first, stop = _bucket_range(timeframe, start_ms, stop_ms)
    usable = (buckets.ts_open >= first) & (buckets.ts_open < stop)
    if not usable.any():
        raise NoMarketData
    ts = buckets.ts_open[usable]
    n_bars = int((stop - ts[0]) // timeframe.ms)
    slots = (ts - ts[0]) // timeframe.ms
    is_filled = np.zeros(n_bars, np.bool_)
    is_filled[slots] = True
    last_filled = np.maximum.accumulate(np.where(is_filled, np.arange(n_bars), 0))
    close = _scatter(buckets.close[usable], slots, n_bars)[last_filled]

    def carried(values: FloatArray) -> FloatArray:
        return np.where(is_filled, _scatter(values[usable], slots, n_bars), close)

    target_start, target_stop = _target_slice(int(ts[0]), n_bars, timeframe, time_range)
    return Bars(
        timeframe=timeframe,
        ts_open=ts[0] + np.arange(n_bars, dtype=np.int64) * timeframe.ms,
        open=carried(buckets.open),
        high=carried(buckets.high),
        low=carried(buckets.low),
        close=close,
        volume=_scatter(buckets.volume[usable], slots, n_bars),
        target_start=target_start,
        target_stop=target_stop,
    )


def _scatter(values: FloatArray, slots: IntArray, n_bars: int) -> FloatArray:
    out = np.zeros(n_bars, np.float64)
    out[slots] = values
    return out


def _bucket_range(timeframe: Timeframe, start_ms: int, stop_ms: int) -> tuple[int, int]:
    """Open time of the first bucket, and of the one after the last that closes before the end."""
    first = start_ms // timeframe.ms * timeframe.ms
    last_open_limit = stop_ms - timeframe.ms
    return first, max(first, -(-last_open_limit // timeframe.ms) * timeframe.ms)


def _target_slice(
    first_open: int, n_bars: int, timeframe: Timeframe, time_range: TimeRange
) -> tuple[int, int]:
    """Bars with `start <= close time < end`, as `[start, stop)`."""
    first_close = first_open + timeframe.ms

    def bars_before(moment: int) -> int:
        return min(n_bars, max(0, -(-(moment - first_close) // timeframe.ms)))

    start = bars_before(time_range.start_ms)
    return start, max(start, bars_before(time_range.end_ms))
