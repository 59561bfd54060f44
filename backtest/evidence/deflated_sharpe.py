"""The deflated Sharpe ratio: how sure it is that a Sharpe ratio is above what luck alone reaches.

Bailey and López de Prado 2014, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest
Overfitting and Non-Normality".

See: docs/evidence.md#deflated-sharpe
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, Ledger
from backtest.evidence.result import Deflated, DeflatedSharpe, Trials
from backtest.evidence.rounding import rounded
from backtest.evidence.rows import Rows
from backtest.types import FloatArray, IntArray

EULER = 0.5772156649015329
NORMAL = NormalDist()
# Sharpe ratios of trials are summed as integers in these units; beyond the limit they are capped.
SHARPE_UNITS = 1 << 20
SHARPE_LIMIT = 32
# So many squares of capped ratios fit into 64 bits.
ROWS_PER_SUM = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Of one row: Sharpe ratio per block (ddof 1), skewness and raw kurtosis."""

    sharpe: float
    skewness: float
    kurtosis: float


def deflated_sharpe(ledger: Ledger, rows: Rows, trials: Trials) -> DeflatedSharpe | None:
    """Of the best returned variant.

    Returns:
        None where that variant or all trials but one have no Sharpe ratio.

    See: docs/evidence.md#deflated-sharpe
    """
    row = int(ledger.winners[0])
    if trials.effective is None or not rows.is_comparable[row]:
        return None
    moments = row_moments(ledger.growth[row].tolist())
    deviation = sharpe_deviation(rows)

    def deflate(n_trials: float) -> Deflated:
        by_luck = expected_max_sharpe(n_trials, deviation)
        return Deflated(
            n_trials=n_trials,
            expected_max_sharpe=rounded(by_luck),
            probability=rounded(probability_above(by_luck, moments, N_BLOCKS)),
        )

    return DeflatedSharpe(
        row=row,
        sharpe=rounded(moments.sharpe),
        skewness=rounded(moments.skewness),
        kurtosis=rounded(moments.kurtosis),
        trials_deviation=rounded(deviation),
        all_trials=deflate(trials.total),
        effective_trials=deflate(trials.effective),
    )


def expected_max_sharpe(n_trials: float, deviation: float) -> float:
    """Highest Sharpe ratio that so many trials without skill are expected to reach.

    Args:
        n_trials: Independent trials; one or less reach nothing.
        deviation: Standard deviation of the trials' Sharpe ratios.

    See: docs/evidence.md#deflated-sharpe
    """
    if n_trials <= 1:
        return 0.0
    typical = NORMAL.inv_cdf(1 - 1 / n_trials)
    further = NORMAL.inv_cdf(1 - 1 / (n_trials * math.e))
    return max(0.0, deviation * ((1 - EULER) * typical + EULER * further))


def probability_above(threshold: float, moments: Moments, n: int) -> float:
    """Probability that the true Sharpe ratio of `n` observations is above the threshold.

    See: docs/evidence.md#deflated-sharpe
    """
    sharpe = moments.sharpe
    variance = 1 - moments.skewness * sharpe + (moments.kurtosis - 1) / 4 * sharpe * sharpe
    distance = (sharpe - threshold) * math.sqrt(n - 1)
    if variance <= 0:  # two values only, and a ratio that makes the estimate certain
        return float(distance > 0)
    return NORMAL.cdf(distance / math.sqrt(variance))


def row_moments(growth: list[int]) -> Moments:
    """Moments of a row that is not flat, from exact sums of its powers.

    See: docs/evidence.md#deflated-sharpe
    """
    n, total = len(growth), sum(growth)
    deviations = [n * one - total for one in growth]
    second, third, fourth = (sum(one**power for one in deviations) / n for power in (2, 3, 4))
    return Moments(
        sharpe=total / math.sqrt(second * n / (n - 1)),
        skewness=third / (second * math.sqrt(second)),
        kurtosis=fourth / (second * second),
    )


def sharpe_deviation(rows: Rows) -> float:
    """Standard deviation (ddof 1) of the Sharpe ratios of all that are neither ruined nor flat.

    The ratios are summed as integers, so that the order of the trials does not matter.

    See: docs/evidence.md#exactness
    """
    ratios = _sharpe_units(rows)
    n, total = len(ratios), int(ratios.sum())
    parts = np.add.reduceat(ratios * ratios, np.arange(0, n, ROWS_PER_SUM))
    squares = sum(parts.tolist())
    return math.sqrt((n * squares - total * total) / (n * (n - 1))) / SHARPE_UNITS


def _sharpe_units(rows: Rows) -> IntArray:
    kept = rows.is_comparable
    deviations: FloatArray = np.sqrt(rows.spreads[kept] / (N_BLOCKS - 1))
    ratios = np.clip(rows.totals[kept] / N_BLOCKS / deviations, -SHARPE_LIMIT, SHARPE_LIMIT)
    return np.rint(ratios * SHARPE_UNITS).astype(np.int64)
