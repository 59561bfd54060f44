"""What all tried variants returned: a histogram, and where the best one stands in it.

See: docs/evidence.md#returns
"""

import numpy as np

from backtest.engine.workers.chunks import spans
from backtest.evidence.landscape import returns_of
from backtest.evidence.result import Returns
from backtest.types import FloatArray, IntArray

N_STEPS = 40
# so that what is made on the way is small beside the ledger
ROWS_PER_CHUNK = 1 << 16


def describe_returns(totals: FloatArray, *, adds_up: bool) -> Returns:
    """Count variants by what they returned.

    Returns are whole millionths and steps are cut in integers, so that no machine, chunk or order
    of the rows moves a variant into another step.

    Args:
        totals: Shape (n_trials,), growth over all blocks in millionths; at least one.
        adds_up: Whether growth is a share of the initial cash already.

    See: docs/evidence.md#returns
    """
    n_trials = len(totals)
    returns: IntArray = np.empty(n_trials, np.int64)
    for start, stop in spans(n_trials, ROWS_PER_CHUNK):
        whole = totals[start:stop].astype(np.int64)
        returns[start:stop] = returns_of(whole, adds_up=adds_up)
    lowest, highest = int(returns.min()), int(returns.max())
    steps = (returns - lowest) * N_STEPS // max(1, highest - lowest)
    counts = np.bincount(np.minimum(steps, N_STEPS - 1), minlength=N_STEPS)
    middle = (n_trials - 1) // 2, n_trials // 2
    low, high = np.partition(returns, middle)[list(middle)].tolist()
    return Returns(
        lowest_pct=_pct(lowest),
        highest_pct=_pct(highest),
        median_pct=_pct((low + high) / 2.0),
        profitable_share=round(int(np.count_nonzero(returns > 0)) / n_trials, 6),
        counts=tuple(counts.tolist()),
    )


def _pct(millionths: float) -> float:
    """Percent with four decimals, as the map tells returns."""
    return round(millionths / 10_000.0, 4)
