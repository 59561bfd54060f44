"""Random walks, and the ledger of a grid of moving averages over each of them.

Made with NumPy alone: what calibrates the evidence shall not be what it is made from.
"""

from itertools import combinations

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, UNITS, Ledger, block_ends
from backtest.types import FloatArray

N_BARS = 60 * N_BLOCKS
DEVIATION = 0.002
N_WINDOWS = 32
# Thresholds of the quiet rules, in standard deviations of the slower window's return.
QUIET = (0.5, 1.0, 2.0)
MEMORY_BARS = 16


def returns(seed: int, edge: float = 0.0, n_bars: int = N_BARS) -> FloatArray:
    """Log returns of a walk without drift, shape (n_bars,).

    Args:
        seed: Of the walk.
        edge: Drift in standard deviations, in the direction of the last 16 bars together.
        n_bars: How many.
    """
    found = np.random.default_rng(seed).normal(0.0, DEVIATION, n_bars)
    if edge:
        for i in range(MEMORY_BARS, n_bars):
            found[i] += edge * DEVIATION * np.sign(found[i - MEMORY_BARS : i].sum())
    return found


def averages(price: FloatArray) -> list[tuple[int, FloatArray]]:
    """Windows and the moving averages of a price over them."""
    sums = np.concatenate(([0.0], np.cumsum(price)))
    windows = np.unique(np.geomspace(1, N_BARS // 16, N_WINDOWS + 7).astype(int))[:N_WINDOWS]
    made: list[tuple[int, FloatArray]] = []
    for window in windows.tolist():
        average = price.copy()
        average[window - 1 :] = (sums[window:] - sums[:-window]) / window
        made.append((window, average))
    return made


def positions(price: FloatArray) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """Every rule's side at the close of every bar, shape (n_rules, N_BARS).

    Each pair of windows is a crossing, traded on both sides, long and short; and three rules that
    trade only while the averages are far apart.
    """
    rules: list[FloatArray] = []
    for (_, fast), (window, slow) in combinations(averages(price), 2):
        ahead = fast - slow
        both = np.sign(ahead)
        rules += [both, np.maximum(both, 0), np.minimum(both, 0)]
        far = DEVIATION * np.sqrt(window)
        rules += [both * (np.abs(ahead) > many * far) for many in QUIET]
    return np.array(rules, np.int8)


def ledger_of(log_returns: FloatArray) -> Ledger:
    """The ledger of the grid over a walk; the best total growth is the returned variant."""
    price = np.cumsum(log_returns)
    # of -1, 0 and 1 times the simple return of the next bar
    after = np.append(np.expm1(log_returns[1:]), 0.0)
    by_side = np.log1p(np.array([-1.0, 0.0, 1.0])[:, None] * after)
    grown = np.take_along_axis(by_side, positions(price) + 1, axis=0)
    return ledger_from(grown, np.append(log_returns[1:], 0.0))


def ledger_from(grown: FloatArray, held: FloatArray) -> Ledger:
    """A ledger of log growth per bar: shape (n_rules, N_BARS), and (N_BARS,) of holding."""
    blocks = grown.reshape(len(grown), N_BLOCKS, -1).sum(axis=2)
    growth = np.rint(blocks * UNITS).astype(np.int32)
    best = int(growth.sum(axis=1, dtype=np.int64).argmax())
    return Ledger(
        growth=growth,
        ruined=np.zeros(len(growth), np.bool_),
        holding=np.rint(held.reshape(N_BLOCKS, -1).sum(axis=1) * UNITS).astype(np.int32),
        winners=np.array([best], np.int64),
        adds_up=False,
        block_ends=block_ends(N_BARS),
    )


def random_ledger(n_trials: int) -> Ledger:
    """Noise, a third of it shared by all."""
    random = np.random.default_rng(1)
    shared = random.normal(0, 30_000, N_BLOCKS)
    growth = np.empty((n_trials, N_BLOCKS), np.int32)
    for start in range(0, n_trials, 10_000):
        part = growth[start : start + 10_000]
        part[:] = np.rint(random.normal(0, 50_000, part.shape) + shared)
    return Ledger(
        growth=growth,
        ruined=np.zeros(n_trials, np.bool_),
        holding=np.rint(shared).astype(np.int32),
        winners=np.arange(min(300, n_trials)),
        adds_up=False,
        block_ends=block_ends(35_040),
    )
