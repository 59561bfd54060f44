"""What must not change a result, and what must change it one way only: metamorphic laws."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from backtest.axes import explicit
from backtest.engine.money.trades import NET
from backtest.money import MIN_QUOTE
from backtest.request import IndicatorGrid, RiskGrid, Template
from backtest.result import RankedVariant, RunResult
from backtest.types import Ranking, RankingMetric, SizingMode, TimeRange
from tests.backtesters import answer, minute_candles
from tests.memory_feed import MemoryFeed
from tests.property.scene import CANDLES, N_MINUTES, request, returns_by_key, template, with_sma


@pytest.fixture(scope="module")
def whole() -> RunResult:
    return answer(CANDLES, request(template()))


def test_the_grid_of_these_laws_has_something_to_rank(whole: RunResult) -> None:
    assert len({variant.total_return_pct for variant in whole.variants}) > 5


@pytest.mark.parametrize("metric", RankingMetric)
def test_splitting_a_grid_and_merging_its_winners_gives_the_same_best(
    metric: RankingMetric,
) -> None:
    """With the whole of each grid shortlisted, the cut is the only cut."""
    ranking = Ranking(primary=metric)
    everything = {"preselect": 10_000, "ranking": ranking}
    at_once = answer(CANDLES, request(template(), **everything, top_k=25))
    parts = [
        answer(CANDLES, request(with_sma(*windows), **everything, top_k=25))
        for windows in ((3, 5), (8,), (13, 21))
    ]
    assert at_once.variants[0].report is not None

    merged = [variant for part in parts for variant in part.variants]
    best = sorted(merged, key=lambda variant: sort_key(variant, metric))[:25]

    assert [v.variant_key for v in best] == [v.variant_key for v in at_once.variants]


def sort_key(variant: RankedVariant, metric: RankingMetric) -> tuple[float, str]:
    assert variant.report is not None
    metrics = variant.report.metrics
    total, drawdown = variant.total_return_pct, metrics["Max. Drawdown [%]"]
    value = {
        RankingMetric.TOTAL_RETURN_PCT: -total,
        RankingMetric.MAX_DRAWDOWN_PCT: np.inf if drawdown is None else drawdown,
        RankingMetric.RETURN_OVER_MAX_DRAWDOWN: np.inf
        if drawdown is None
        else -((np.inf if total > 0 else 0.0) if drawdown == 0 else total / drawdown),
        RankingMetric.PROFIT_FACTOR: 0.0,
    }
    if metric is RankingMetric.PROFIT_FACTOR:
        return -profit_factor(variant), variant.variant_key
    if metric not in value:  # the ratios: undefined ones come last
        (told,) = variant.ranking
        return (np.inf if np.isnan(told.value) else -told.value), variant.variant_key
    return value[metric], variant.variant_key


def profit_factor(variant: RankedVariant) -> float:
    replayed = variant.replay
    money = replayed._log().money  # pyright: ignore[reportAttributeAccessIssue]
    net = money[:, NET].tolist()
    if not net:
        return -np.inf
    wins = losses = 0.0
    for value in net:
        wins += max(value, 0.0)
        losses -= min(value, 0.0)
    return (np.inf if wins > 0 else 0.0) if losses == 0 else wins / losses


def test_the_order_of_axes_and_indicators_changes_neither_winners_nor_returns() -> None:
    whole = answer(CANDLES, request(template(), preselect=10_000))
    made = with_sma(21, 3, 13, 5, 8)
    turned = replace(
        made,
        indicator_grids=made.indicator_grids[::-1],
        signal_grids={
            "momentum.rsi": {
                "short_threshold": explicit(42, 48),
                "long_threshold": explicit(60, 52, 55),
            }
        },
        risk_grid=replace(made.risk_grid, tp=explicit(0.25, 0.75, 1.5)),
    )

    other = answer(CANDLES, request(turned, preselect=10_000))

    assert returns_by_key(other) == returns_by_key(whole)
    assert list(returns_by_key(other)) == list(returns_by_key(whole))


def test_prices_times_two_change_no_return(whole: RunResult) -> None:
    """Doubling is exact in floating point, so every quotient of prices stays what it was."""
    minutes = minute_candles(N_MINUTES, seed=5, tick=1 / 16)
    doubled = {
        name: values * 2 if name in {"open", "high", "low", "close"} else values
        for name, values in minutes.items()
    }
    other = answer(MemoryFeed(doubled), request(template()))

    assert [(v.variant_key, v.total_return_pct) for v in other.variants] == [
        (v.variant_key, v.total_return_pct) for v in whole.variants
    ]


def test_variants_that_cannot_win_change_nothing() -> None:
    """An average over more bars than there are never trades, and many others gain."""
    few = answer(CANDLES, request(template(), preselect=10_000, top_k=5))
    more = answer(CANDLES, request(with_sma(3, 5, 8, 2_000, 13, 21), preselect=10_000, top_k=5))

    assert few.variants[-1].total_return_pct > 0
    assert list(returns_by_key(more).items()) == list(returns_by_key(few).items())


@pytest.mark.parametrize("cost", ["fee_pct", "slippage_pct"])
def test_higher_costs_never_help(cost: str) -> None:
    """Each variant for itself; keys hold the costs, so variants are matched by their number."""
    by_place: list[dict[int, float]] = []
    for percent in (0.0, 0.05, 1.0):
        made = template(
            execution={"fee_pct": 0.0, "slippage_pct": 0.0, cost: percent}, risk_grid=RiskGrid()
        )
        result = answer(CANDLES, request(made, preselect=10_000, top_k=10_000))
        by_place.append({base_number(v): v.total_return_pct for v in result.variants})

    for cheap, dear in pairwise(by_place):
        assert all(dear[place] <= cheap[place] for place in cheap)


def base_number(variant: RankedVariant) -> int:
    shown = [(sorted(s.params.items()), s.source) for s in variant.selections]
    return hash((str(shown), str(variant.signals)))


@pytest.mark.parametrize("sizing", SizingMode)
def test_a_payload_sent_back_alone_gives_the_same_return_to_the_last_bit(
    sizing: SizingMode,
) -> None:
    made = template(sizing_mode=sizing)
    result = answer(CANDLES, request(made, top_k=8))
    assert result.settings.execution.fee_pct == 0.02

    for variant in result.variants:
        alone = answer(CANDLES, request(alone_from(made, variant)))
        (own,) = alone.variants
        assert own.total_return_pct == variant.total_return_pct
        assert own.variant_key == variant.variant_key
        assert own.report is not None
        assert variant.report is not None
        assert own.report.rows == variant.report.rows


def alone_from(made: Template, variant: RankedVariant) -> Template:
    grids = tuple(
        IndicatorGrid(
            indicator_id=selection.indicator_id,
            params={name: explicit(value) for name, value in selection.params.items()},
            source=None if selection.source is None else explicit(selection.source),
        )
        for selection in variant.selections
    )
    signals = {
        indicator_id: {name: explicit(value) for name, value in params.items()}
        for indicator_id, params in variant.signals.items()
    }
    risk = variant.risk
    return replace(
        made,
        indicator_grids=grids,
        signal_grids=signals,
        risk_grid=RiskGrid(
            sl_enabled=risk.sl_enabled,
            tp_enabled=risk.tp_enabled,
            sl_pct=risk.sl_pct,
            tp_pct=risk.tp_pct,
        ),
    )


def test_more_bars_never_change_earlier_trades() -> None:
    made = with_sma(5)
    short, long = (
        answer(
            CANDLES,
            request(
                made,
                time_range=TimeRange(start_ms=60 * 60_000, end_ms=end * 60_000),
                top_k=10_000,
                preselect=10_000,
                top_trades_n=10_000,
            ),
        )
        for end in (500, 850)
    )
    later = {variant.variant_key: variant for variant in long.variants}

    n_compared = 0
    for variant in short.variants:
        assert variant.report is not None
        assert variant.report.trades is not None
        report = later[variant.variant_key].report
        assert report is not None
        assert report.trades is not None
        n_bars = short.target_bars + variant.replay._inputs.bars.target_start  # pyright: ignore[reportAttributeAccessIssue]
        kept = [t for t in variant.report.trades if t.exit_bar_index < n_bars - 1]
        assert list(report.trades[: len(kept)]) == kept
        n_compared += len(kept)
    assert n_compared > 100


@pytest.mark.parametrize("sizing", SizingMode)
def test_a_small_account_has_the_returns_of_a_large_one(sizing: SizingMode) -> None:
    """A power of two is exact in floating point until digits are lost: below the least amount."""

    def returns(cash: float) -> dict[str, float]:
        money = {"fee_pct": 0.02, "init_cash_quote": cash, "fixed_quote": cash / 16}
        made = template(sizing_mode=sizing, execution=money)
        return {v.variant_key: v.total_return_pct for v in answer(CANDLES, request(made)).variants}

    large = list(returns(1.0).values())

    least = 2.0**-29
    assert MIN_QUOTE <= least < 2 * MIN_QUOTE
    assert list(returns(16 * least).values()) == large
    assert list(returns(2.0**-1040).values()) != large
