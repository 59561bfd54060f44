"""How many variants were tried, and how many independent ones that is worth.

See: docs/evidence.md#trials
"""

import numpy as np

from backtest.evidence.result import Trials
from backtest.evidence.rounding import rounded
from backtest.evidence.rows import Z_UNITS, Rows


def count_trials(rows: Rows, prior_trials: int, passed_over: int = 0) -> Trials:
    """Count the trials and what they are worth.

    With unit rows `z`, the squared length of their sum is `n` plus twice the sum of all pairwise
    correlations, so the mean of n(n-1)/2 correlations takes one pass over the rows. What trials of
    that mean correlation are worth is the interpolation of Bailey and López de Prado (2014, "The
    Deflated Sharpe Ratio", exhibit 4).

    See: docs/evidence.md#trials
    """
    n_tried = len(rows.totals)
    n_compared = int(np.count_nonzero(rows.is_comparable))
    correlation = mean_correlation(rows, n_compared)
    return Trials(
        tried=n_tried,
        passed_over=passed_over,
        prior=prior_trials,
        total=n_tried + prior_trials,
        ruined=int(np.count_nonzero(rows.ruined)),
        flat=int(np.count_nonzero(~rows.ruined & (rows.spreads <= 0))),
        mean_correlation=None if correlation is None else rounded(correlation),
        effective=None
        if correlation is None
        else rounded(correlation + (1 - correlation) * n_compared + prior_trials),
    )


def mean_correlation(rows: Rows, n_compared: int) -> float | None:
    """Mean correlation over all pairs of the compared rows, at least 0; None below two rows.

    See: docs/evidence.md#trials
    """
    if n_compared < 2:
        return None
    length = sum(z * z for z in rows.z_sums.tolist()) / int(Z_UNITS) ** 2
    return min(1.0, max(0.0, (length - n_compared) / (n_compared * (n_compared - 1))))


def odds_of(trials: Trials) -> float:
    """How many times this run was tried, all in all; 1 without prior trials, which count whole.

    See: docs/evidence.md#reality-check
    """
    worth = trials.total if trials.effective is None else trials.effective
    own = worth - trials.prior
    return 1.0 + trials.prior / own
