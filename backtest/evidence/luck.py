"""How good the best of all variants would look without skill, resample by resample.

See: docs/evidence.md#reality-check
"""

import threading
from functools import partial
from typing import Annotated, NamedTuple

import numpy as np

from backtest.control import Control
from backtest.engine.chunks import Workers, spans
from backtest.engine.ledger import N_BLOCKS, GrowthArray, Ledger
from backtest.evidence.resamples import Resamples
from backtest.evidence.rows import ROWS_PER_CHUNK, Rows
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray

# A variant that moved in a few blocks only may not move at all in a resample; its deviation there
# is taken to be at least this share of the one it has in truth. Without, such variants are beyond
# all measure in some resamples, and nothing is ever better than luck; see the calibration.
LEAST_DEVIATION = 0.9
TILE = 32


class Observed(NamedTuple):
    """What all trials did, against cash and against holding, in this order.

    `totals`, shape (2, n_trials), are the sums of growth above the benchmark; `spreads`, of the
    same shape, the sums of squared deviations, 0 for a trial that cannot be compared.

    See: docs/evidence.md#reality-check
    """

    totals: FloatArray
    spreads: FloatArray


class Trials(NamedTuple):
    """What the resampling looks at. Benchmarks are cash and holding, in this order.

    `growth` has shape (n, 64). `totals`, shape (2, n), are the sums of growth above the benchmark,
    `least`, shape (2, n), the least sums of squared deviations in a resample; infinite for a row
    that cannot be compared.

    See: docs/evidence.md#reality-check
    """

    growth: Annotated[GrowthArray, "int32[:, ::1]"]
    totals: Annotated[FloatArray, "float64[:, ::1]"]
    least: Annotated[FloatArray, "float64[:, ::1]"]


def observe(ledger: Ledger, rows: Rows) -> Observed:
    """What the statistics of all trials are made of.

    See: docs/evidence.md#reality-check
    """
    held = float(ledger.holding.sum(dtype=np.int64))
    spreads = np.stack([rows.spreads, rows.excess_spreads])
    spreads[:, rows.ruined] = 0.0
    return Observed(np.stack([rows.totals, rows.totals - held]), spreads)


def best_by_luck(
    ledger: Ledger, observed: Observed, resamples: Resamples, workers: Workers, control: Control
) -> FloatArray:
    """Squared statistic of the best skill-less variant in each resample.

    Args:
        ledger: The ledger.
        observed: What its trials did.
        resamples: The resamples.
        workers: The thread pool.
        control: The run's handle.

    Returns:
        Shape (2, n_resamples): squared sum of recentred growth over the sum of squared deviations,
        against cash and against holding; 0 where no variant is above its own mean.

    See: docs/evidence.md#reality-check
    """
    best = np.zeros((2, len(resamples.starts)), np.float64)
    holding = ledger.holding.astype(np.float64)
    comparing = threading.Lock()

    def look_at(start: int, stop: int) -> None:
        part = np.zeros_like(best)
        spreads = observed.spreads[:, start:stop]
        least = np.where(spreads > 0, LEAST_DEVIATION * LEAST_DEVIATION * spreads, np.inf)
        totals = np.ascontiguousarray(observed.totals[:, start:stop])
        trials = Trials(ledger.growth[start:stop], totals, least)
        best_of_part(trials, resamples, holding, part.view(np.int64))
        with comparing:
            np.maximum(best, part, out=best)

    chunks = [partial(look_at, *span) for span in spans(ledger.n_trials, ROWS_PER_CHUNK)]
    workers.run("reality_check", chunks, control)
    return best


@inline
def _fill(
    trials: Trials, holding: FloatArray, first: int, tile: FloatArray, known: FloatArray
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
def _squared_statistics(
    sums: FloatArray, held: float, held_squares: float, known: FloatArray, out: FloatArray
) -> None:
    """Of a tile in one resample, against cash and against holding; shape (2, TILE)."""
    for v in range(TILE):
        own, squares = sums[v], sums[TILE + v]
        gain = max(0.0, own - known[0, v])
        spread = squares - own * own / N_BLOCKS
        out[0, v] = gain * gain / max(spread, known[2, v])
        above = own - held
        gain = max(0.0, above - known[1, v])
        spread = squares - 2.0 * sums[2 * TILE + v] + held_squares - above * above / N_BLOCKS
        out[1, v] = gain * gain / max(spread, known[3, v])


@inline
def _raise_to(bits: IntArray, r: int, best: IntArray) -> None:
    for benchmark in range(2):
        highest = best[benchmark, r]
        for v in range(TILE):
            highest = max(highest, bits[benchmark, v])
        best[benchmark, r] = highest


@kernel("void(Trials, Resamples, float64[::1], int64[:, ::1])")
def best_of_part(trials: Trials, resamples: Resamples, holding: FloatArray, best: IntArray) -> None:
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
