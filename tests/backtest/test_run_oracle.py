"""Whole runs against brute force: same winners, same order, same numbers to the last bit."""

import numpy as np
import pytest

from backtest.control import Control
from backtest.request import RunRequest
from backtest.timeline import fill_bars, load_range
from backtest.types import Bars
from tests.backtesters import POLICY, answer, minute_candles
from tests.memory_feed import MemoryFeed
from tests.oracle.grids import BruteForce
from tests.oracle.requests import PUBLIC, random_request

N_MINUTES = 700
GRIDS = 24


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


def assert_like_brute_force(request: RunRequest, feed: MemoryFeed) -> None:
    bars = bars_for(request, feed)
    if bars.target_start == bars.target_stop:
        pytest.skip("an empty target slice is refused")
    result = answer(feed, request)
    wanted = BruteForce(request, bars, POLICY).winners()

    ours = [(v.variant_index, v.variant_key, v.total_return_pct) for v in result.variants]
    assert ours == [(w.place, w.key, w.story.total_return_pct) for w in wanted]


@pytest.mark.parametrize("number", range(GRIDS))
def test_a_random_grid_has_the_winners_of_brute_force(number: int) -> None:
    random = np.random.default_rng((11, number))
    tick = float(random.choice([1 / 64, 0.5]))
    feed = MemoryFeed(minute_candles(N_MINUTES, seed=number, tick=tick))

    assert_like_brute_force(random_request(random, N_MINUTES), feed)


@pytest.mark.parametrize("indicator", [row.id for row in PUBLIC])
def test_every_indicator_alone_has_the_winners_of_brute_force(indicator: str) -> None:
    random = np.random.default_rng((12, *indicator.encode()))
    feed = MemoryFeed(minute_candles(N_MINUTES, seed=2, tick=0.25))

    assert_like_brute_force(random_request(random, N_MINUTES, only=indicator), feed)
