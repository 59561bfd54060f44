"""Which bars a curve of few points shows: its extremes, the largest drawdown above all.

See: docs/metrics.md
"""

import numpy as np

from backtest.types import FloatArray, IntArray


def shown_bars(equity: FloatArray, drawdown: FloatArray, max_points: int) -> IntArray:
    """Bars for a curve of at most `max_points` points.

    The trough of the largest drawdown and its peak come first, then the last and the first bar;
    what is left goes to the lowest and the highest bar of stretches of equal length.

    Args:
        equity: Shape (n_bars,), n_bars > 0.
        drawdown: Shape (n_bars,), fractions; NaN where undefined.
        max_points: At least 2.

    Returns:
        Ascending, distinct; all bars where they are no more than `max_points`.

    See: docs/metrics.md
    """
    n_bars = len(equity)
    if n_bars <= max_points:
        return np.arange(n_bars, dtype=np.int64)
    trough = int(np.argmax(np.nan_to_num(drawdown, nan=-np.inf)))
    peak = int(np.argmax(equity[: trough + 1]))
    # one after the other without repetition: a curve that never falls has its trough at its start
    wanted = np.array([*dict.fromkeys((trough, peak, n_bars - 1, 0))][:max_points], np.int64)
    others = _extremes(equity, (max_points - len(wanted)) // 2)
    return np.unique(np.concatenate((wanted, others)))


def _extremes(equity: FloatArray, n_stretches: int) -> IntArray:
    """The lowest and the highest bar of each stretch, shape (2 * n,), n at most `n_stretches`."""
    n_bars = len(equity)
    if n_stretches == 0:
        return np.empty(0, np.int64)
    length = -(-n_bars // n_stretches)
    # the last bar fills up the last stretch; of equal bars the first is taken, so never a filler
    padded = np.pad(equity, (0, -n_bars % length), mode="edge").reshape(-1, length)
    first = np.arange(len(padded)) * length
    return np.concatenate((first + padded.argmin(axis=1), first + padded.argmax(axis=1)))
