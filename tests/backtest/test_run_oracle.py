"""Whole runs against brute force: same winners, same order, same numbers to the last bit."""

import numpy as np
import pytest

from backtest.control import Control
from backtest.errors import NoMarketData
from backtest.request import RunRequest
from backtest.timeline import fill_bars, load_range
from backtest.types import Bars
from tests.backtesters import POLICY, answer, minute_candles
from tests.memory_feed import MemoryFeed
from tests.oracle.grids import BruteForce
from tests.oracle.requests import random_request

N_MINUTES = 700
GRIDS = 40


def bars_for(request: RunRequest, feed: MemoryFeed) -> Bars:
    assert request.template is not None
    timeframe = request.template.timeframe
    warmup = request.warmup_bars or POLICY.warmup_bars
    start_ms, stop_ms = load_range(request.time_range, timeframe, warmup)
    buckets = feed.load(
        request.template.instrument,
        timeframe,
        start_ms=start_ms,
        stop_ms=stop_ms,
        control=Control(),
    )
    return fill_bars(buckets, timeframe, request.time_range, start_ms=start_ms, stop_ms=stop_ms)


@pytest.mark.parametrize("number", range(GRIDS))
def test_a_random_grid_has_the_winners_of_brute_force(number: int) -> None:
    random = np.random.default_rng((11, number))
    tick = float(random.choice([1 / 64, 0.5]))
    feed = MemoryFeed(minute_candles(N_MINUTES, seed=number, tick=tick))
    request = random_request(random, N_MINUTES)
    try:
        bars = bars_for(request, feed)
    except NoMarketData:
        pytest.fail("the generator makes candles for every request")
    if bars.target_start == bars.target_stop:
        pytest.skip("an empty target slice is refused")

    result = answer(feed, request)
    wanted = BruteForce(request, bars, POLICY).winners()

    ours = [(v.variant_index, v.variant_key, v.total_return_pct) for v in result.variants]
    assert ours == [(w.place, w.key, w.story.total_return_pct) for w in wanted]
