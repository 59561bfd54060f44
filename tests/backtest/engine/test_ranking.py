"""Ranking columns at the edges of their metrics."""

from collections.abc import Sequence

import numpy as np
import pytest

from backtest.engine.money.daily import Measures
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.measured import columns_knowing
from backtest.engine.pipeline.ranking import (
    Criteria,
    measures_of,
    ranking_columns,
    ranking_values,
)
from backtest.engine.scoring.items import (
    DRAWDOWN,
    FULL_DRAWDOWN,
    GROWTH,
    LOSSES,
    N_METRICS,
    N_TRADES,
    RETURN_PCT,
    SHARPE,
    SORTINO,
    WINS,
)
from backtest.types import FloatArray, IntArray, Ranking, RankingMetric
from tests.backtest.report.test_metrics import FREE as EXECUTION
from tests.oracle.engine import Setup
from tests.oracle.scoring import bars_of, settings_for


def metrics(**columns: list[float]) -> FloatArray:
    places = {
        "returns": RETURN_PCT,
        "drawdown": DRAWDOWN,
        "wins": WINS,
        "losses": LOSSES,
        "trades": N_TRADES,
        "full_drawdown": FULL_DRAWDOWN,
        "sharpe": SHARPE,
        "sortino": SORTINO,
        "growth": GROWTH,
    }
    n = len(next(iter(columns.values())))
    out = np.ones((n, N_METRICS))
    for name, values in columns.items():
        out[:, places[name]] = values
    return out


def order(table: FloatArray, metric: RankingMetric) -> list[int]:
    (column,) = ranking_columns(table, Ranking(primary=metric))
    assert not np.isnan(column).any()
    return np.argsort(column, kind="stable").tolist()


def test_profit_factor_puts_lossless_first_and_idle_last() -> None:
    table = metrics(
        wins=[0.0, 5.0, 5.0, 0.0, 0.0], losses=[0.0, 0.0, 1.0, 3.0, 0.0], trades=[0, 1, 2, 3, 1]
    )

    assert order(table, RankingMetric.PROFIT_FACTOR) == [1, 2, 3, 4, 0]


def test_return_over_drawdown_without_drawdown() -> None:
    table = metrics(returns=[0.0, 3.0, 10.0, -1.0, 5.0], drawdown=[0.0, 0.0, 0.1, 0.5, np.nan])

    assert order(table, RankingMetric.RETURN_OVER_MAX_DRAWDOWN) == [1, 2, 0, 3, 4]


def test_the_smallest_drawdown_is_best_and_an_undefined_one_worst() -> None:
    table = metrics(drawdown=[0.2, np.nan, 0.0, 1.5])

    assert order(table, RankingMetric.MAX_DRAWDOWN_PCT) == [2, 0, 3, 1]


def test_the_secondary_metric_is_a_second_column() -> None:
    ranking = Ranking(
        primary=RankingMetric.TOTAL_RETURN_PCT, secondary=RankingMetric.MAX_DRAWDOWN_PCT
    )
    primary, secondary = ranking_columns(metrics(returns=[1.0, 2.0], drawdown=[0.5, 0.25]), ranking)

    assert primary.tolist() == [-1.0, -2.0]
    assert secondary.tolist() == [0.5, 0.25]


@pytest.mark.parametrize("metric", [RankingMetric.SHARPE, RankingMetric.SORTINO])
def test_an_infinite_ratio_is_first_and_an_undefined_one_last(metric: RankingMetric) -> None:
    table = metrics(**{metric.value: [np.nan, -3.0, np.inf, 2.0]})

    assert order(table, metric) == [2, 3, 1, 0]
    assert ranking_values(table, metric).tolist()[1:] == [-3.0, np.inf, 2.0]


def test_calmar_without_drawdown_is_infinite_for_a_gain_and_else_undefined() -> None:
    table = metrics(
        growth=[0.0, 0.5, -0.5, 0.5, np.nan], full_drawdown=[0.0, 1e-15, 0.5, 0.25, 0.1]
    )

    values = ranking_values(table, RankingMetric.CALMAR)
    np.testing.assert_array_equal(values, [np.nan, np.inf, -1.0, 2.0, np.nan])
    assert order(table, RankingMetric.CALMAR) == [1, 3, 2, 0, 4]


def test_growth_ranks_as_percent() -> None:
    table = metrics(growth=[0.5, np.nan, -1.0])

    assert order(table, RankingMetric.CAGR_PCT) == [0, 2, 1]
    assert ranking_values(table, RankingMetric.CAGR_PCT)[0] == 50.0


def test_only_a_loss_of_exactly_everything_is_known_without_measuring() -> None:
    """A short can lose more than there is: such accounts differ, and the smaller loss is better."""
    scores = np.array([-0.5, 0.0, -0.5 - 1e-12, -(2.0**-56), 0.5, 2.0**-56, -(2.0**-55)])
    criteria = Criteria(ranking=Ranking(), measures=(), rough=(), min_trades=0)
    seen: list[int] = []

    def measured(members: IntArray, _: Sequence[Measures]) -> FloatArray:
        seen.extend(members.tolist())
        return metrics(returns=((scores[members] - 1.0) * 100.0).tolist())

    (losses,) = columns_knowing(scores, measured, criteria)(np.arange(7, dtype=np.int64))

    assert losses.tolist() == ((1.0 - scores) * 100.0).tolist()
    assert losses[0] < losses[2]
    assert seen == [0, 2, 4, 6]


CASH = Setup(execution=EXECUTION).execution.init_cash_quote


@pytest.mark.parametrize(
    ("ranking", "peaks", "is_daily"),
    [
        (Ranking(), [np.nan], False),
        (Ranking(primary=RankingMetric.PROFIT_FACTOR), [np.nan], False),
        (Ranking(primary=RankingMetric.MAX_DRAWDOWN_PCT), [-np.inf], False),
        (Ranking(secondary=RankingMetric.RETURN_OVER_MAX_DRAWDOWN), [-np.inf], False),
        (Ranking(primary=RankingMetric.SHARPE), [np.nan], True),
        (Ranking(secondary=RankingMetric.CAGR_PCT), [np.nan], True),
        (Ranking(primary=RankingMetric.CALMAR), [CASH], True),
        (
            Ranking(primary=RankingMetric.CALMAR, secondary=RankingMetric.MAX_DRAWDOWN_PCT),
            [-np.inf, CASH],
            True,
        ),
    ],
)
def test_only_what_a_ranking_reads_is_measured(
    ranking: Ranking, peaks: list[float], is_daily: bool
) -> None:
    bars = bars_of(np.ones(5))
    target = TargetSlice.of(bars, settings_for(Setup(execution=EXECUTION), len(bars)))

    measures = measures_of(ranking, target)

    np.testing.assert_array_equal([wanted.peak for wanted in measures], peaks)
    assert {len(wanted.last_bars) > 0 for wanted in measures} == {is_daily}
