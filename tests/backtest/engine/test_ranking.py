"""Ranking columns at the edges of their metrics."""

import numpy as np
import pytest

from backtest.engine.items import DRAWDOWN, LOSSES, N_METRICS, N_TRADES, RETURN_PCT, WINS
from backtest.engine.ranking import needs_drawdown, ranking_columns
from backtest.types import FloatArray, Ranking, RankingMetric


def metrics(**columns: list[float]) -> FloatArray:
    places = {
        "returns": RETURN_PCT,
        "drawdown": DRAWDOWN,
        "wins": WINS,
        "losses": LOSSES,
        "trades": N_TRADES,
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


@pytest.mark.parametrize(
    ("ranking", "needed"),
    [
        (Ranking(), False),
        (Ranking(primary=RankingMetric.PROFIT_FACTOR), False),
        (Ranking(primary=RankingMetric.MAX_DRAWDOWN_PCT), True),
        (Ranking(secondary=RankingMetric.RETURN_OVER_MAX_DRAWDOWN), True),
    ],
)
def test_drawdowns_are_computed_only_for_rankings_that_read_them(
    ranking: Ranking, needed: bool
) -> None:
    assert needs_drawdown(ranking) is needed
