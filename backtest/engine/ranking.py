"""What orders variants, as columns in which smaller is better.

See: docs/ranking.md
"""

from typing import assert_never

import numpy as np

from backtest.engine.items import DRAWDOWN, LOSSES, N_TRADES, RETURN_PCT, WINS
from backtest.types import FloatArray, Ranking, RankingMetric


def needs_drawdown(ranking: Ranking) -> bool:
    """Whether a metric of the ranking reads the drawdown.

    See: docs/ranking.md
    """
    reading = {RankingMetric.MAX_DRAWDOWN_PCT, RankingMetric.RETURN_OVER_MAX_DRAWDOWN}
    return ranking.primary in reading or ranking.secondary in reading


def ranking_columns(metrics: FloatArray, ranking: Ranking) -> tuple[FloatArray, ...]:
    """Columns that sort variants, primary first.

    Args:
        metrics: Shape (n, 5), exact metrics (`backtest.engine.items`).
        ranking: The ranking.

    Returns:
        One or two columns, shape (n,), ascending is better, no NaN.

    See: docs/ranking.md
    """
    chosen = (
        (ranking.primary,) if ranking.secondary is None else (ranking.primary, ranking.secondary)
    )
    return tuple(_column(metrics, metric) for metric in chosen)


def _column(metrics: FloatArray, metric: RankingMetric) -> FloatArray:
    match metric:
        case RankingMetric.TOTAL_RETURN_PCT:
            return -metrics[:, RETURN_PCT]
        case RankingMetric.MAX_DRAWDOWN_PCT:
            return np.nan_to_num(metrics[:, DRAWDOWN], nan=np.inf)
        case RankingMetric.RETURN_OVER_MAX_DRAWDOWN:
            return -_return_over_drawdown(metrics[:, RETURN_PCT], metrics[:, DRAWDOWN] * 100.0)
        case RankingMetric.PROFIT_FACTOR:
            return -_profit_factor(metrics)
        case _:
            assert_never(metric)


def _return_over_drawdown(return_pct: FloatArray, drawdown_pct: FloatArray) -> FloatArray:
    """Without any drawdown: +inf for a gain, else 0; an undefined drawdown ranks last."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = return_pct / drawdown_pct
    ratio = np.where(drawdown_pct == 0.0, np.where(return_pct > 0.0, np.inf, 0.0), ratio)
    return np.where(np.isnan(drawdown_pct), -np.inf, ratio)


def _profit_factor(metrics: FloatArray) -> FloatArray:
    """Wins over losses; no losses but some wins: +inf; no trades rank last."""
    wins, losses = metrics[:, WINS], metrics[:, LOSSES]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = wins / losses
    ratio = np.where(losses == 0.0, np.where(wins > 0.0, np.inf, 0.0), ratio)
    return np.where(metrics[:, N_TRADES] == 0, -np.inf, ratio)
