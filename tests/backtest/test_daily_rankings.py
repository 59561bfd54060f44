"""Rankings by daily ratios, and the floor on trades, against brute force over whole small grids."""

from dataclasses import replace

import numpy as np
import pytest

from backtest.control import Control
from backtest.request import RunRequest
from backtest.timeline import fill_bars, load_range
from backtest.types import MINUTE_MS, Bars, Ranking, RankingMetric, Timeframe, TimeRange
from tests.backtesters import POLICY, answer, minute_candles
from tests.memory_feed import MemoryFeed
from tests.oracle.grids import DAILY, BruteForce
from tests.oracle.requests import random_request

HOUR_MS = 60 * MINUTE_MS
N_HOURS = 60 * 24
GRIDS = 40


def hourly_feed(seed: int) -> MemoryFeed:
    """One candle an hour, from the first minute of the epoch on."""
    candles = minute_candles(N_HOURS, seed=seed, tick=1 / 64)
    return MemoryFeed({**candles, "ts_open": np.arange(N_HOURS) * HOUR_MS})


def bars_for(request: RunRequest, feed: MemoryFeed) -> Bars:
    assert request.template is not None
    assert request.warmup_bars is not None
    timeframe = request.template.timeframe
    start_ms, stop_ms = load_range(request.time_range, timeframe, request.warmup_bars)
    buckets = feed.load(
        request.template.instrument,
        timeframe,
        start_ms=start_ms,
        stop_ms=stop_ms,
        control=Control(),
    )
    return fill_bars(buckets, timeframe, request.time_range, start_ms=start_ms, stop_ms=stop_ms)


def random_days(random: np.random.Generator, number: int) -> RunRequest:
    """A random grid over some days, ranked by a daily ratio; some are too few for a growth rate."""
    metrics = list(DAILY)
    primary = metrics[number % len(metrics)]
    others = [metric for metric in RankingMetric if metric is not primary]
    secondary = others[random.integers(len(others))] if random.random() < 0.5 else None
    ranking = Ranking(primary=primary, secondary=secondary)
    if random.random() < 0.2 and secondary is not None:
        ranking = Ranking(primary=secondary, secondary=primary)
    start = int(random.integers(0, 10 * 24))
    length = int(random.choice([3, 40, 24 * 29, 24 * 30, 24 * 44]))
    request = random_request(random, 700)
    assert request.template is not None
    timeframe = Timeframe.H4 if random.random() < 0.8 else Timeframe.D1
    return replace(
        request,
        template=replace(request.template, timeframe=timeframe),
        time_range=TimeRange(start_ms=start * HOUR_MS, end_ms=(start + length) * HOUR_MS + 1),
        ranking=ranking,
        min_trades=int(random.choice([0, 1, 3, 8])) if random.random() < 0.5 else None,
    )


@pytest.mark.parametrize("number", range(GRIDS))
def test_a_grid_ranked_by_a_daily_ratio_has_the_winners_of_brute_force(number: int) -> None:
    random = np.random.default_rng((13, number))
    feed = hourly_feed(number)
    request = random_days(random, number)
    bars = bars_for(request, feed)
    if bars.target_start == bars.target_stop:
        pytest.skip("an empty target slice is refused")

    result = answer(feed, request)
    wanted = BruteForce(request, bars, POLICY).winners()

    ours = [(v.variant_index, v.variant_key, v.total_return_pct) for v in result.variants]
    assert ours == [(w.place, w.key, w.story.total_return_pct) for w in wanted]
    for variant, winner in zip(result.variants, wanted, strict=True):
        told = [value.value for value in variant.ranking]
        np.testing.assert_array_equal(told, winner.values)
