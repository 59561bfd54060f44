"""No signal is made of rounding: two markets told as files, and the arbiter on drawn ones.

See: docs/ties.md
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backtest.axes import explicit
from backtest.indicators.catalog import INDICATORS, public_indicators
from backtest.indicators.series import Series
from backtest.request import IndicatorGrid, RunRequest, Template
from backtest.types import DirectionMode, Instrument, Timeframe, TimeRange
from tests.backtesters import answer
from tests.memory_feed import COLUMNS, MemoryFeed
from tests.oracle.candles import series_from, series_of
from tests.oracle.ties import axes_of, differences, market, setting_of, trial

MARKETS = Path(__file__).parent / "ties"
MINUTE = 60_000
EACH_BAR = {"long_delta_periods": explicit(1), "short_delta_periods": explicit(1)}


def feed_of(name: str) -> MemoryFeed:
    path = MARKETS / f"{name}.csv"
    prices = np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(1, 6)).T
    columns = dict(zip(COLUMNS[1:], prices, strict=True))
    return MemoryFeed({"ts_open": np.arange(prices.shape[1]) * MINUTE, **columns})


def trades_of(
    feed: MemoryFeed, warmup: int, n_bars: int, indicator: str, **params: int
) -> dict[str, Any]:
    """The metrics of one variant that trades on every bar after the warm-up."""
    rule = INDICATORS[indicator].rule
    assert rule is not None
    template = Template(
        instrument=Instrument(market_id=1, symbol="AAA"),
        timeframe=Timeframe.M1,
        indicator_grids=(
            IndicatorGrid(
                indicator_id=indicator,
                params={name: explicit(value) for name, value in params.items()},
            ),
        ),
        signal_grids={indicator: EACH_BAR} if rule.params else {},
        direction_mode=DirectionMode.LONG_SHORT,
        execution={"init_cash_quote": 10_000.0, "fee_pct": 0.0, "slippage_pct": 0.0},
    )
    if indicator == "volume.obv":
        template = replace(template, direction_mode=DirectionMode.LONG_ONLY)
    asked = TimeRange(start_ms=warmup * MINUTE, end_ms=n_bars * MINUTE)
    request = RunRequest(time_range=asked, template=template, warmup_bars=warmup, top_k=1)
    (variant,) = answer(feed, request).variants
    assert variant.report is not None
    return dict(variant.report.metrics)


@pytest.mark.parametrize("name", ["equal-moves", "equal-moves-in-cents"])
@pytest.mark.parametrize(
    ("indicator", "params"),
    [("momentum.fisher", {"window": 5}), ("trend.adx", {"window": 5, "smoothing": 3})],
)
def test_bars_that_are_symmetric_give_no_trade(
    name: str, indicator: str, params: dict[str, int]
) -> None:
    told = trades_of(feed_of(name), 8, 24, indicator, **params)

    assert told["Num. Trades"] == 0


def test_a_small_volume_counts_after_a_burst() -> None:
    told = trades_of(feed_of("burst"), 30, 180, "volume.obv")

    assert told["Num. Trades"] == 1
    assert told["Position Coverage [%]"] == 100.0
    assert told["Total Return [%]"] == pytest.approx(1.4856914946654642, rel=1e-9)


@pytest.mark.parametrize("price", [100.07, 60_000.01, 0.1, 2.0**24 + 1])
@pytest.mark.parametrize("fast", [2, 5, 12])
def test_a_constant_price_gives_macd_ppo_and_trix_no_sign(price: float, fast: int) -> None:
    series = series_of(np.full(400, price))

    for slow in range(2, 60):
        both = {"source": "close", "fast_window": fast, "slow_window": slow}
        assert not np.any(INDICATORS["momentum.macd"].compute(series, **both))
        assert not np.any(INDICATORS["momentum.ppo"].compute(series, **both))
        trix = INDICATORS["momentum.trix"].compute(series, source="close", window=slow)
        assert not np.any(trix[1:])


def test_a_sum_that_is_back_where_it_was_has_not_moved() -> None:
    """0.3 - 0.1 - 0.2 is not 0 in binary."""
    close = [1.0, 2.0, 1.0, 0.5, 0.5, 0.5]
    series = series_of(close, volume=[1.0, 0.3, 0.1, 0.2, 5.0, 5.0])

    assert INDICATORS["volume.obv"].compute(series).tolist()[1:] == [0.3, 0.2, 0.0, 0.0, 0.0]


def test_an_average_fades_behind_an_outage_with_its_digits() -> None:
    """The quotient of two residues was anything: here it was -8.5e-12, or -10 an hour later."""
    close = np.concatenate((np.full(40, 100.07), [100.3], np.full(600, 100.3)))
    series = series_of(close)

    out = INDICATORS["structure.distance_to_ma_norm"].compute(series, source="close", window=14)

    faded = (13 / 15 / (13 / 14)) ** np.arange(1, 600)
    np.testing.assert_allclose(out[41:640] / out[40], faded, rtol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_no_signal_differs_from_the_arbiters(seed: int) -> None:
    assert list(trial(seed, 160)) == []


@pytest.mark.parametrize("tick", ["1e-8", "0.01", "1"])
@pytest.mark.parametrize("indicator", [row.id for row in public_indicators()])
def test_every_indicator_meets_the_arbiter(indicator: str, tick: str) -> None:
    dice = np.random.default_rng(len(indicator))
    row = INDICATORS[indicator]
    drawn = market(5, 130, tick, 4_000)

    for _ in range(2):
        setting = setting_of(row, dice)
        assert list(differences(drawn, indicator, setting, axes_of(row))) == []


@pytest.mark.parametrize("indicator", [row.id for row in public_indicators()])
def test_bars_with_finer_ticks_change_no_earlier_value(indicator: str) -> None:
    """Nor do prices that no decimal is near, nor ones that are a thousand times as large."""
    drawn = market(3, 200, "0.01", 5_000).series
    columns = {name: drawn[name] for name in COLUMNS[1:]}
    finer = {name: np.concatenate((x, x[-40:] * 1_000 + 1 / 3)) for name, x in columns.items()}
    setting = setting_of(INDICATORS[indicator], np.random.default_rng(1))

    before = INDICATORS[indicator].compute(drawn, **setting)
    after = INDICATORS[indicator].compute(series_from(finer), **setting)

    np.testing.assert_array_equal(after[:200], before)


def test_a_bar_summed_from_minutes_has_whole_lots() -> None:
    lots = 0.1 + 0.2
    series: Series = series_of([1.0, 2.0], volume=[lots, lots])

    assert lots != 0.3
    assert series.ticks("volume").counts.tolist() == [3e7, 3e7]
