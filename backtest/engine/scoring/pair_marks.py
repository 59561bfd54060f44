"""The ledger of pairs that are looked up: equity at the ends of blocks, and whether it is certain.

Integers of a ledger are those of the walk (`score_growth`). Lookups multiply in another order, so
equity differs in its last bits, and its growth may round to another integer where it is next to
half a unit. How near is known: the errors of both are bounded from the trades that were made. A
pair that comes as near as that is walked.

See: docs/ledger.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import NamedTuple

import numpy as np

from backtest.engine.bits.edges import Word
from backtest.engine.blocks.growth import measure_growth
from backtest.engine.blocks.ledger import N_BLOCKS, UNITS, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.money.account import Terms
from backtest.engine.scoring.running_totals import (
    BLOCK_BARS,
    INTO,
    LANES,
    LEAST,
    MOST,
    REACH,
    ROW,
    SHIFT,
    SIDE_ROWS,
    TURNS,
    UNTIL,
    WORST,
    Law,
    account_after,
    aligned,
)
from backtest.jit import inline, splice
from backtest.types import FloatArray, IntArray

# Roundings of a walk and of lookups together, in halves of the last place: for each edge of the
# fast row, each segment of the slow signal and each block of the table (docs/ledger.md). An eighth
# more is for products of errors.
ROUNDING = 1.125 * 2.0**-53
PER_TURN, PER_SEGMENT, PER_BLOCK = 12.0, 30.0, 3.0
# What two logarithms may differ by beyond their arguments, in millionths.
OF_LOGARITHMS = 1e-6
# The worst that may become of a part of a trade; and how far products may go, as a logarithm.
LEAST_FACTOR, FURTHEST = 0.125, 600.0

# Slow signals whose equity becomes growth at once: with all of them it would fill the second-level
# cache, which the tables need.
GROUP = 8

_U = np.uint64


class Ledgers(NamedTuple):
    """What is open at the ends of blocks, and the growth up to there.

    The first three, shape (64 * n_outer,), are of the marks in a block of the table, each with
    every slow signal: the first segment that has not ended, and of what is open the place in the
    table, -1 for nothing, and the worth, as a share of the account before. `equity` is (64,
    GROUP, LANES) there, of one batch with one group; `scratch` is (GROUP * LANES,), `rows` (64,
    LANES).

    `totals`, shape (n_batches, 64, n_outer, LANES), is growth since the start in millionths. Of
    each pair, shape (n_batches, n_outer, LANES), `nearest` is how near to half a unit it came, and
    `lowest` the least equity where a profit lock asks for it. All are flat.

    See: docs/ledger.md
    """

    ended: IntArray
    places: IntArray
    worths: FloatArray
    equity: FloatArray
    scratch: IntArray
    totals: GrowthArray
    rows: GrowthArray
    nearest: FloatArray
    lowest: FloatArray


@inline
def new_ledgers(n_outer: int, n_batches: int, marks: Marks) -> Ledgers:
    """Room for the ledgers of all pairs; without marks, for none.

    See: docs/ledger.md
    """
    n = n_outer if marks.ends.shape[0] else 0
    n_pairs = n_batches * n * LANES
    nearest, lowest = aligned(n_pairs), aligned(n_pairs)
    nearest[:] = 1.0
    lowest[:] = 1.0
    return Ledgers(
        np.empty(N_BLOCKS * n, np.int64),
        np.empty(N_BLOCKS * n, np.int64),
        np.empty(N_BLOCKS * n, np.float64),
        aligned(N_BLOCKS * GROUP * LANES),
        np.empty(GROUP * LANES, np.int64),
        np.empty(N_BLOCKS * n_pairs, np.int32),
        np.empty(N_BLOCKS * LANES, np.int32),
        nearest,
        lowest,
    )


@splice
def mark_equity(
    table: FloatArray, marked: FloatArray, accounts: FloatArray, at: int, equity: FloatArray,
    places: tuple[int, int, int], since: tuple[float, float], n_lanes: int,
) -> None:  # fmt: skip
    """Equity of a slow signal with a batch of rows at a mark.

    Args:
        table: The rows' running totals, of `Totals`.
        marked: What accounts of (1, 0) are worth at the marks, of `Totals`.
        accounts: The accounts of all pairs.
        at: The place of this signal and batch in `accounts`.
        equity: Out, over the initial cash, `LANES` numbers.
        places: Of what is written in `equity`, of the entry in the table, which is negative for a
            flat signal, and of the mark in `marked`.
        since: The bar after the mark, and the worth of a trade that is open since the entry.
        n_lanes: `LANES` (`fill_table`).

    See: docs/ledger.md
    """
    account, to, bar, worth = _U(at), _U(places[0]), since[0], since[1]
    if places[1] < 0:
        for lane in range(n_lanes):
            k = _U(lane)
            equity[to + k] = accounts[account + _U(LANES) + k] + accounts[account + k]
    else:
        entry, row = _U(places[1]), _U(places[2] + (places[1] // (SIDE_ROWS * ROW)) * LANES)
        for lane in range(n_lanes):
            k = _U(lane)
            is_whole = table[entry + _U(UNTIL * LANES) + k] >= bar
            into, shift = table[entry + _U(INTO * LANES) + k], table[entry + _U(SHIFT * LANES) + k]
            share = worth if is_whole else into * marked[row + k] + shift
            equity[to + k] = accounts[account + _U(LANES) + k] + accounts[account + k] * share


@inline
def close_block(
    ledgers: Ledgers, place: int, k: int, whose: tuple[int, int, int], terms: Terms
) -> None:
    """Equity at the end of block `k` becomes growth.

    `place` is that of the mark in `ledgers.equity`, of a batch with a group of slow signals:
    `whose` are the batch, the first signal and the one after the last.

    See: docs/ledger.md
    """
    batch, first, stop = whose
    n, n_here = ledgers.ended.shape[0] // N_BLOCKS, (stop - first) * LANES
    equity = ledgers.equity[place * GROUP * LANES : place * GROUP * LANES + n_here]
    at, to = (batch * n + first) * LANES, ((batch * N_BLOCKS + k) * n + first) * LANES
    nearest, lowest = ledgers.nearest[at : at + n_here], ledgers.lowest[at : at + n_here]
    totals = ledgers.totals[to : to + n_here]
    if terms.lock_rate != 0.0:
        for p in range(n_here):
            lowest[p] = min(lowest[p], equity[p])
    measure_growth(equity, not np.isinf(terms.budget_cap), ledgers.scratch)
    for p in range(n_here):
        whole = np.floor(equity[p] + 0.5)
        rest = equity[p] + 0.5 - whole
        nearest[p] = min(nearest[p], rest, 1.0 - rest)
        totals[p] = np.int32(whole)


@inline
def write_rows(ledgers: Ledgers, batch: int, o: int, out: GrowthArray) -> None:
    """Growth in each block of slow signal `o` with a batch of rows; out, shape (n_rows, 64) int32.

    Totals are read once, line by line: they are in no cache any more.

    See: docs/ledger.md
    """
    n = ledgers.ended.shape[0] // N_BLOCKS
    totals, rows, first = ledgers.totals, ledgers.rows, (batch * N_BLOCKS * n + o) * LANES
    for lane in range(LANES):
        rows[_U(lane)] = totals[_U(first + lane)]
    for k in range(1, N_BLOCKS):
        now, to = _U(first + k * n * LANES), _U(k * LANES)
        before = now - _U(n * LANES)
        for lane in range(LANES):
            rows[to + _U(lane)] = totals[now + _U(lane)] - totals[before + _U(lane)]
    for f in range(out.shape[0]):
        for k in range(N_BLOCKS):
            out[f, k] = rows[_U(k * LANES + f)]


@inline
def swing_of(close: FloatArray) -> float:
    """An upper bound for the sum of `abs(ln(close[i] / close[i - 1]))` over all bars.

    See: docs/ledger.md
    """
    swing = 0.0
    for i in range(1, close.shape[0]):
        swing += abs(close[i] - close[i - 1]) / min(close[i], close[i - 1])
    return swing


class Trail(NamedTuple):
    """Where a pair has been, as far as the bound of `margin_of` needs it.

    `now` and `kept` are its account, `dip` the most that `now` was above `kept`, `peak` the largest
    `kept` where blocks end, without its sign, and `lowest` the least equity at a mark. `n_segments`
    are those of its slow signal, `n_blocks` those of the table.

    See: docs/ledger.md
    """

    now: float
    kept: float
    dip: float
    peak: float
    lowest: float
    n_segments: int
    n_blocks: int


@inline
def margin_of(
    trail: Trail, bounds: FloatArray, k: int, terms: Terms, law: Law, swing: float
) -> float:
    """How far growth by lookups and by walk may be apart, in millionths.

    Infinite where errors are not bounded, or the walk might ask for exact numbers.

    See: docs/ledger.md
    """
    worst, turns = bounds[WORST * LANES + k], bounds[TURNS * LANES + k]
    reach = bounds[REACH * LANES + k] / bounds[LEAST * LANES + k]
    if not worst > LEAST_FACTOR:
        return np.inf
    w = 1.0 / worst
    roundings = PER_TURN * turns + PER_SEGMENT * (trail.n_segments + 2) + PER_BLOCK * trail.n_blocks
    share = ROUNDING * w * roundings
    if law.grows == 0.0:
        # between two ends of blocks, each segment goes no further than this
        step = 2.0 * reach + law.adds * (w - 1.0)
        furthest = 1.0 + max(trail.dip, trail.peak) + (BLOCK_BARS + 1) * step
        share *= law.adds + reach + furthest
        # there has to be enough for every entry of the walk
        if not 2.0 - trail.dip - step - share > law.adds:
            return np.inf
    else:
        costs = 1.0 - min(terms.factors[0, 1] + terms.factors[1, 1],
                          terms.factors[0, 2] + terms.factors[1, 2])  # fmt: skip
        n_trades = turns + trail.n_segments + 1.0
        if not w * w * (swing + n_trades * costs) < FURTHEST:
            return np.inf
        if law.locks != 0.0:
            spread = bounds[MOST * LANES + k] / bounds[LEAST * LANES + k]
            locked = (trail.dip + trail.kept) * (law.locks * w * w * spread + reach)
            share *= 1.6 + locked / trail.lowest
    return UNITS * share + OF_LOGARITHMS


@inline
def worth_at(ratio: float, side: Word, factors: FloatArray, law: Law) -> float:
    """What an account of 1 is worth while a trade is open, before the costs of leaving.

    `ratio` is the close over that of the entry; `factors` are those of `Marks`.

    See: docs/ledger.md
    """
    gain = factors[0, side] - 1.0 + factors[1, side] * ratio
    factor, aside = account_after(gain, Law(law.grows, law.adds, 0.0))
    return factor + aside
