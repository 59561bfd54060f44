"""The kernel that looks at all trials in every resample.

See: docs/evidence.md#reality-check
"""

from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, GrowthArray
from backtest.engine.money.account import greater
from backtest.evidence.resamples import Resamples
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray

TILE = 32


class ResampledTrials(NamedTuple):
    """What the resampling looks at. Benchmarks are cash and holding, in this order.

    `growth` has shape (n, 64). `totals`, shape (2, n), are the sums of growth above the benchmark,
    `least`, shape (2, n), the least sums of squared deviations in a resample; infinite for a row
    that cannot be compared.

    See: docs/evidence.md#reality-check
    """

    growth: Annotated[GrowthArray, "int32[:, ::1]"]
    totals: Annotated[FloatArray, "float64[:, ::1]"]
    least: Annotated[FloatArray, "float64[:, ::1]"]


@inline
def _fill(
    trials: ResampledTrials, holding: FloatArray, first: int, tile: FloatArray, known: FloatArray
) -> None:
    """What a tile needs of its rows.

    `tile`, shape (64, 3 * TILE), has growth, its square and its product with holding; `known`,
    shape (4, TILE), has `totals` and then `least`. The last tile repeats the last row, which a
    maximum does not mind.
    """
    last = trials.growth.shape[0] - 1
    for v in range(TILE):
        m = min(first + v, last)
        for k in range(N_BLOCKS):
            own = np.float64(trials.growth[m, k])
            tile[k, v] = own
            tile[k, TILE + v] = own * own
            tile[k, 2 * TILE + v] = own * holding[k]
        for benchmark in range(2):
            known[benchmark, v] = trials.totals[benchmark, m]
            known[2 + benchmark, v] = trials.least[benchmark, m]


@inline
def _to_windows(tile: FloatArray, windows: FloatArray) -> None:
    """Sums of four consecutive blocks, going round."""
    for k in range(N_BLOCKS):
        k1, k2, k3 = (k + 1) % N_BLOCKS, (k + 2) % N_BLOCKS, (k + 3) % N_BLOCKS
        for v in range(3 * TILE):
            windows[k, v] = tile[k, v] + tile[k1, v] + tile[k2, v] + tile[k3, v]


@inline
def _add_windows(windows: FloatArray, starts: IntArray, sums: FloatArray) -> None:
    """Sums of the 16 windows of a resample, written out so that each is read once."""
    w0, w1, w2, w3 = windows[starts[0]], windows[starts[1]], windows[starts[2]], windows[starts[3]]
    w4, w5, w6, w7 = windows[starts[4]], windows[starts[5]], windows[starts[6]], windows[starts[7]]
    w8, w9, wa, wb = (
        windows[starts[8]],
        windows[starts[9]],
        windows[starts[10]],
        windows[starts[11]],
    )
    wc, wd, we, wf = (
        windows[starts[12]],
        windows[starts[13]],
        windows[starts[14]],
        windows[starts[15]],
    )
    for v in range(3 * TILE):
        low = w0[v] + w1[v] + w2[v] + w3[v] + w4[v] + w5[v] + w6[v] + w7[v]
        sums[v] = low + w8[v] + w9[v] + wa[v] + wb[v] + wc[v] + wd[v] + we[v] + wf[v]


@inline
def squared_statistic(own: float, squares: float, total: float, least: float) -> float:
    """Of a trial that grew by `own` above a benchmark in a resample, and by `total` in truth.

    `squares` is the sum of its squared growth above the benchmark.
    """
    gain = greater(0.0, own - total)
    return gain * gain / greater(squares - own * own / N_BLOCKS, least)


@inline
def _squared_statistics(
    sums: FloatArray, held: float, held_squares: float, known: FloatArray, out: FloatArray
) -> None:
    """Of a tile in one resample, against cash and against holding; shape (2, TILE)."""
    for v in range(TILE):
        own, squares, products = sums[v], sums[TILE + v], sums[2 * TILE + v]
        out[0, v] = squared_statistic(own, squares, known[0, v], known[2, v])
        above = squares - 2.0 * products + held_squares
        out[1, v] = squared_statistic(own - held, above, known[1, v], known[3, v])


@inline
def _raise_to(bits: IntArray, r: int, best: IntArray) -> None:
    for benchmark in range(2):
        highest = best[benchmark, r]
        for v in range(TILE):
            highest = max(highest, bits[benchmark, v])
        best[benchmark, r] = highest


@kernel("void(ResampledTrials, Resamples, float64[::1], int64[:, ::1])")
def best_of_part(
    trials: ResampledTrials, resamples: Resamples, holding: FloatArray, best: IntArray
) -> None:
    """Raise `best` to the squared statistics of some trials.

    A resample is 16 windows of four blocks, so it takes 16 additions instead of a product with 64
    weights. A tile of rows stays in the first cache while all resamples pass over it.

    Args:
        trials: The trials.
        resamples: The resamples.
        holding: Shape (64,), growth of the instrument.
        best: In and out, shape (2, n_resamples): bits of float64 numbers that are not negative.
            They are ordered like integers, and the maximum of integers is a single instruction.

    See: docs/evidence.md#reality-check
    """
    tile = np.empty((N_BLOCKS, 3 * TILE), np.float64)
    windows = np.empty((N_BLOCKS, 3 * TILE), np.float64)
    sums = np.empty(3 * TILE, np.float64)
    known = np.empty((4, TILE), np.float64)
    squared = np.empty((2, TILE), np.float64)
    bits = squared.view(np.int64)
    for first in range(0, trials.growth.shape[0], TILE):
        _fill(trials, holding, first, tile, known)
        _to_windows(tile, windows)
        for r in range(resamples.starts.shape[0]):
            _add_windows(windows, resamples.starts[r], sums)
            held, held_squares = resamples.holding[0, r], resamples.holding[1, r]
            _squared_statistics(sums, held, held_squares, known, squared)
            _raise_to(bits, r, best)
