"""White's reality check: how good the best of so many skill-less variants looks.

Every resample gives each variant the growth that it has there, less the growth that it has in
truth: that is what a variant without skill may show. The best of them, variant by variant and
resample by resample, is what the winner is held against. Means are divided by their deviation in
the resample, so that a wild variant does not stand for all.

White 2000, "A Reality Check for Data Snooping"; Romano and Wolf 2005, "Stepwise Multiple Testing
as Formalized Data Snooping" (the studentised single step).

See: docs/evidence.md#reality-check
"""

import threading
from functools import partial
from typing import Annotated, NamedTuple

import numpy as np

from backtest.control import Control
from backtest.engine.chunks import Workers, spans
from backtest.engine.ledger import N_BLOCKS, GrowthArray, Ledger
from backtest.evidence.resamples import BLOCK_LENGTH, Resamples, draw_resamples
from backtest.evidence.result import AdjustedP, Comparison, RealityCheck
from backtest.evidence.rounding import rounded
from backtest.evidence.rows import ROWS_PER_CHUNK, Rows
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray

CASH, HOLDING = 0, 1
# A variant that moved in a few blocks only may not move at all in a resample; its deviation there
# is taken to be at least this share of the one it has in truth. Without, such variants are beyond
# all measure in some resamples, and nothing is ever better than luck; see the calibration.
LEAST_DEVIATION = 0.9
TILE = 32


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


def reality_check(
    ledger: Ledger, rows: Rows, seed: str, odds: float, workers: Workers, control: Control
) -> RealityCheck:
    """Hold all variants against luck.

    Args:
        ledger: The ledger.
        rows: Its rows, described.
        seed: Seeds the resamples.
        odds: How many times the variants of this run were tried, all in all: 1 without prior
            trials. A p-value becomes that of the best of so many runs.
        workers: The thread pool.
        control: The run's handle.

    Returns:
        With None for a benchmark that no variant can be compared with.

    See: docs/evidence.md#reality-check
    """
    resamples = draw_resamples(seed, ledger.holding)
    totals = np.stack([rows.totals, rows.totals - float(ledger.holding.sum(dtype=np.int64))])
    spreads = np.where(rows.ruined, 0.0, np.stack([rows.spreads, rows.excess_spreads]))
    least = np.where(spreads > 0, LEAST_DEVIATION * LEAST_DEVIATION * spreads, np.inf)
    luck = best_by_luck(ledger, totals, least, resamples, workers, control)
    compared = [
        _compare(totals[benchmark], spreads[benchmark], luck[benchmark], ledger.winners, odds)
        for benchmark in (CASH, HOLDING)
    ]
    return RealityCheck(
        n_resamples=luck.shape[1],
        block_length=BLOCK_LENGTH,
        against_cash=compared[CASH],
        against_holding=compared[HOLDING],
    )


def best_by_luck(
    ledger: Ledger,
    totals: FloatArray,
    least: FloatArray,
    resamples: Resamples,
    workers: Workers,
    control: Control,
) -> FloatArray:
    """Squared statistic of the best skill-less variant in each resample.

    Args:
        ledger: The ledger.
        totals: See `Trials`.
        least: See `Trials`.
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
        of = slice(start, stop)
        trials = Trials(ledger.growth[of], totals[:, of].copy(), least[:, of].copy())
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


def _compare(
    totals: FloatArray, spreads: FloatArray, luck: FloatArray, winners: IntArray, odds: float
) -> Comparison | None:
    """One benchmark; None where no variant has a deviation."""
    is_compared = spreads > 0
    if not is_compared.any():
        return None
    safe = np.where(is_compared, spreads, 1.0)
    squared = np.where(is_compared, np.copysign(totals * totals / safe, totals), -np.inf)
    row = int(squared.argmax())
    adjusted = [_adjusted(m, float(squared[m]), luck, odds) for m in winners.tolist()]
    return Comparison(
        p_value=_p_value(squared[row], luck, odds),
        statistic=_statistic(squared[row]),
        row=row,
        n_compared=int(np.count_nonzero(is_compared)),
        adjusted=tuple(adjusted),
    )


def _adjusted(row: int, squared: float, luck: FloatArray, odds: float) -> AdjustedP:
    if np.isneginf(squared):
        return AdjustedP(row=row, statistic=None, p_value=None, reason=_NOT_COMPARED)
    return AdjustedP(
        row=row,
        statistic=_statistic(squared),
        p_value=_p_value(squared, luck, odds),
        reason=None,
    )


_NOT_COMPARED = (
    "the variant was ruined, or its growth differs from the benchmark by the same in every block"
)


def _p_value(squared: float, luck: FloatArray, odds: float) -> float:
    """Share of resamples, the data themselves among them, whose best is at least as good."""
    n_as_good = int(np.count_nonzero(luck >= max(0.0, squared)))
    p_value = (1 + n_as_good) / (1 + len(luck))
    return rounded(p_value if odds == 1.0 else 1.0 - (1.0 - p_value) ** odds)


def _statistic(squared: float) -> float:
    """Mean growth per block over its deviation, from `sum ** 2 / (sum of squared deviations)`."""
    return rounded(float(np.copysign(np.sqrt(abs(squared) / N_BLOCKS), squared)))
