"""Time: which minutes are loaded, which bars exist, which of them trade."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.errors import NoMarketData
from backtest.ports import Buckets
from backtest.timeline import count_bars, fill_bars, load_range
from backtest.types import MINUTE_MS, Bars, Timeframe, TimeRange

M5 = Timeframe.M5
STEP = M5.ms


def buckets(*opens: int) -> Buckets:
    """One bucket per open time, its close the bucket's number plus 100."""
    ts = np.array(opens, np.int64)
    close = np.arange(100.0, 100.0 + len(ts))
    return Buckets(
        ts_open=ts,
        open=close - 1,
        high=close + 2,
        low=close - 2,
        close=close,
        volume=np.ones(len(ts)),
        candle_ms=MINUTE_MS,
        runs=np.empty((0, 2), np.int64),
    )


def bars(made: Buckets, start_ms: int, end_ms: int, warmup: int = 0) -> Bars:
    asked = TimeRange(start_ms=start_ms, end_ms=end_ms)
    first, stop = load_range(asked, M5, warmup)
    return fill_bars(made, M5, asked, start_ms=first, stop_ms=stop)


def test_the_load_range_lies_on_minutes_and_reaches_back_by_the_warmup() -> None:
    asked = TimeRange(start_ms=10 * STEP + 1, end_ms=12 * STEP + 1)

    assert load_range(asked, M5, 3) == (7 * STEP, 12 * STEP + MINUTE_MS)


def test_a_range_before_the_epoch_is_floored_downwards() -> None:
    asked = TimeRange(start_ms=-1, end_ms=0)

    assert load_range(asked, Timeframe.M1, 0) == (-MINUTE_MS, 0)


def test_a_missing_bucket_repeats_the_close_without_volume() -> None:
    made = bars(buckets(0, 3 * STEP), 0, 5 * STEP)

    assert made.close.tolist() == [100.0, 100.0, 100.0, 101.0]
    assert made.open.tolist() == [99.0, 100.0, 100.0, 100.0]
    assert made.high.tolist() == [102.0, 100.0, 100.0, 103.0]
    assert made.low.tolist() == [98.0, 100.0, 100.0, 99.0]
    assert made.volume.tolist() == [1.0, 0.0, 0.0, 1.0]


def test_nothing_exists_before_the_first_candle() -> None:
    made = bars(buckets(2 * STEP, 3 * STEP), 0, 5 * STEP)

    assert made.ts_open.tolist() == [2 * STEP, 3 * STEP]
    assert (made.target_start, made.target_stop) == (0, 2)


def test_a_bucket_that_closes_at_the_end_is_not_built() -> None:
    assert len(bars(buckets(0, STEP, 2 * STEP), 0, 3 * STEP)) == 2
    assert len(bars(buckets(0, STEP, 2 * STEP), 0, 3 * STEP + 1)) == 3


def test_the_target_slice_is_chosen_by_close_times() -> None:
    made = bars(buckets(*range(0, 6 * STEP, STEP)), 2 * STEP, 4 * STEP, warmup=2)

    chosen = made.ts_close[made.target_start : made.target_stop].tolist()
    assert chosen == [2 * STEP, 3 * STEP]


def test_a_range_without_a_close_has_an_empty_target() -> None:
    made = bars(buckets(0, STEP), 2 * STEP + 1, 2 * STEP + 2, warmup=2)

    assert made.target_start == made.target_stop


def test_no_usable_bucket_is_no_market_data() -> None:
    with pytest.raises(NoMarketData):
        bars(buckets(9 * STEP), 0, 3 * STEP)


@given(
    start=st.integers(-(10**10), 10**12),
    length=st.integers(1, 3 * 86_400_000),
    warmup=st.integers(0, 50),
    timeframe=st.sampled_from(list(Timeframe)),
)
def test_a_complete_history_gives_exactly_the_counted_bars(
    start: int, length: int, warmup: int, timeframe: Timeframe
) -> None:
    asked = TimeRange(start_ms=start, end_ms=start + length)
    first, stop = load_range(asked, timeframe, warmup)
    n_loaded, n_target = count_bars(asked, timeframe, start_ms=first, stop_ms=stop)
    every = np.arange(first // timeframe.ms, -(-stop // timeframe.ms)) * timeframe.ms
    if n_loaded == 0:
        with pytest.raises(NoMarketData):
            fill_bars(buckets(*every.tolist()), timeframe, asked, start_ms=first, stop_ms=stop)
        return

    made = fill_bars(buckets(*every.tolist()), timeframe, asked, start_ms=first, stop_ms=stop)

    assert len(made) == n_loaded
    assert made.target_stop - made.target_start == n_target
    inside = (made.ts_close >= asked.start_ms) & (made.ts_close < asked.end_ms)
    assert np.flatnonzero(inside).tolist() == list(range(made.target_start, made.target_stop))
    assert (np.diff(made.ts_open) == timeframe.ms).all()
