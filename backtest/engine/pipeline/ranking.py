"""What orders variants, as columns in which smaller is better.

See: docs/ranking.md
"""

import math
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from backtest.engine.money.daily import NOISE, NOTHING_MORE, Measures
from backtest.engine.money.target import TargetSlice
from backtest.engine.scoring.items import (
    DRAWDOWN,
    FULL_DRAWDOWN,
    GROWTH,
    LOSSES,
    N_TRADES,
    RETURN_PCT,
    SHARPE,
    SORTINO,
    WINS,
)
from backtest.policy import RunSettings
from backtest.types import FloatArray, Ranking, RankingMetric

_BY_DAYS = {
    RankingMetric.SHARPE,
    RankingMetric.SORTINO,
    RankingMetric.CALMAR,
    RankingMetric.CAGR_PCT,
}
_FROM_FIRST_BAR = {RankingMetric.MAX_DRAWDOWN_PCT, RankingMetric.RETURN_OVER_MAX_DRAWDOWN}
_BY_DRAWDOWN = {*_FROM_FIRST_BAR, RankingMetric.CALMAR}
# a drawdown that is too small says little of what is divided by it
_OVER_DRAWDOWN = _BY_DRAWDOWN - {RankingMetric.MAX_DRAWDOWN_PCT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What orders the variants of a run, and what keeps one out.

    `measures` is what the ranking reads beside the money, in one pass, or in two where it reads
    both drawdowns. `rough` is what `ranking_bound` reads; empty where it does not pay to look
    roughly first: no drawdown is read, or the first metric is divided by one.

    See: docs/ranking.md, docs/scoring.md
    """

    ranking: Ranking
    measures: tuple[Measures, ...]
    rough: tuple[Measures, ...]
    min_trades: int

    @classmethod
    def of(cls, settings: RunSettings, target: TargetSlice) -> "Criteria":
        """The criteria of a run."""
        ranking = settings.ranking
        rough: tuple[Measures, ...] = ()
        reads_drawdown = _BY_DRAWDOWN.intersection(metrics_of(ranking))
        if reads_drawdown and ranking.primary not in _OVER_DRAWDOWN:
            (first,) = measures_of(Ranking(primary=ranking.primary), target)
            rough = (first._replace(is_rough=True),)
        return cls(
            ranking=ranking,
            measures=measures_of(ranking, target),
            rough=rough,
            min_trades=settings.min_trades,
        )

    @property
    def by_return(self) -> bool:
        """Whether the fast score says what there is to say, but for its last digits."""
        return self.ranking.primary is RankingMetric.TOTAL_RETURN_PCT


def measures_of(ranking: Ranking, target: TargetSlice) -> tuple[Measures, ...]:
    """What has to be measured for a ranking: once, or twice where it reads both drawdowns.

    See: docs/ranking.md
    """
    wanted = set(metrics_of(ranking))
    daily = target.days if wanted & _BY_DAYS else NOTHING_MORE
    peaks: list[float] = []
    if wanted & _FROM_FIRST_BAR:
        peaks.append(-math.inf)
    if RankingMetric.CALMAR in wanted:
        peaks.append(target.terms.init_cash)
    return tuple(daily._replace(peak=peak) for peak in peaks or [math.nan])


def metrics_of(ranking: Ranking) -> tuple[RankingMetric, ...]:
    """The metrics of a ranking, primary first.

    See: docs/ranking.md
    """
    if ranking.secondary is None:
        return (ranking.primary,)
    return ranking.primary, ranking.secondary


def ranking_columns(metrics: FloatArray, ranking: Ranking) -> tuple[FloatArray, ...]:
    """Columns that sort variants, primary first.

    Args:
        metrics: Shape (n, 10), exact metrics (`backtest.engine.scoring.items`).
        ranking: The ranking.

    Returns:
        One or two columns, shape (n,), ascending is better, no NaN.

    See: docs/ranking.md
    """
    return tuple(_column(metrics, metric) for metric in metrics_of(ranking))


def ranking_bound(metrics: FloatArray, ranking: Ranking) -> FloatArray:
    """What no variant's primary column is below, from drawdowns that are never too large.

    Args:
        metrics: Shape (n, 10), measured by `Criteria.rough`.
        ranking: The ranking; its primary metric is not divided by a drawdown.

    Returns:
        Shape (n,), no NaN.

    See: docs/scoring.md
    """
    if ranking.primary is not RankingMetric.MAX_DRAWDOWN_PCT:
        return _column(metrics, ranking.primary)
    # below zero the smaller peak gives the larger fall: such a drawdown is 1 or more, or undefined
    return np.minimum(np.nan_to_num(metrics[:, DRAWDOWN], nan=0.0), 1.0)


def _column(metrics: FloatArray, metric: RankingMetric) -> FloatArray:
    if metric is RankingMetric.MAX_DRAWDOWN_PCT:
        column = metrics[:, DRAWDOWN]
    else:
        column = -ranking_values(metrics, metric)
    return np.where(np.isnan(column), np.inf, column)


def ranking_values(metrics: FloatArray, metric: RankingMetric) -> FloatArray:
    """What a metric says of variants, in its own unit.

    Args:
        metrics: Shape (n, 10), exact metrics (`backtest.engine.scoring.items`).
        metric: One metric.

    Returns:
        Shape (n,); infinite where the metric is, NaN where it is undefined.

    See: docs/ranking.md
    """
    match metric:
        case RankingMetric.TOTAL_RETURN_PCT:
            return metrics[:, RETURN_PCT]
        case RankingMetric.MAX_DRAWDOWN_PCT:
            return metrics[:, DRAWDOWN] * 100.0
        case RankingMetric.RETURN_OVER_MAX_DRAWDOWN:
            return _return_over_drawdown(metrics[:, RETURN_PCT], metrics[:, DRAWDOWN] * 100.0)
        case RankingMetric.PROFIT_FACTOR:
            return _profit_factor(metrics)
        case RankingMetric.SHARPE:
            return metrics[:, SHARPE]
        case RankingMetric.SORTINO:
            return metrics[:, SORTINO]
        case RankingMetric.CALMAR:
            return _calmar(metrics[:, GROWTH], metrics[:, FULL_DRAWDOWN])
        case RankingMetric.CAGR_PCT:
            return metrics[:, GROWTH] * 100.0
        case _:
            assert_never(metric)


def _return_over_drawdown(return_pct: FloatArray, drawdown_pct: FloatArray) -> FloatArray:
    """Without any drawdown: infinite for a gain, else 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = return_pct / drawdown_pct
    return np.where(drawdown_pct == 0.0, np.where(return_pct > 0.0, np.inf, 0.0), ratio)


def _profit_factor(metrics: FloatArray) -> FloatArray:
    """Wins over losses; no losses but some wins: infinite; no trades: undefined."""
    wins, losses = metrics[:, WINS], metrics[:, LOSSES]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = wins / losses
    ratio = np.where(losses == 0.0, np.where(wins > 0.0, np.inf, 0.0), ratio)
    return np.where(metrics[:, N_TRADES] == 0, np.nan, ratio)


def _calmar(growth: FloatArray, drawdown: FloatArray) -> FloatArray:
    """Annual growth over the largest drawdown (Young 1991); without one, infinite for a gain."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = growth / drawdown
    return np.where(drawdown > NOISE, ratio, np.where(growth > 0.0, np.inf, np.nan))
