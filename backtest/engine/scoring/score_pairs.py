"""Stage A where many slow signals meet many fast rows: a variant costs its slow signal's edges.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from backtest.engine.bits.bitops import WORD_BITS, ZERO
from backtest.engine.bits.combine import BitRows
from backtest.engine.blocks.ledger import N_BLOCKS, GrowthArray
from backtest.engine.blocks.marks import NO_MARKS, Marks, MarksWithin, marks_within
from backtest.engine.money.account import Terms
from backtest.engine.money.prices import Prices
from backtest.engine.scoring.pair_marks import (
    GROUP,
    Ledgers,
    Trail,
    close_block,
    margin_of,
    mark_equity,
    new_ledgers,
    swing_of,
    write_rows,
)
from backtest.engine.scoring.running_totals import (
    ASIDE,
    AVAILABLE,
    BLOCK_BARS,
    BLOCK_WORDS,
    BOTH,
    FACTOR,
    INTO,
    LANES,
    LEAST,
    MOST,
    OWN,
    REACH,
    ROW,
    SHIFT,
    SIDE,
    SIDE_ROWS,
    SUM,
    UNTIL,
    WORST,
    Totals,
    aligned,
    fill_table,
    law_of,
    new_totals,
)
from backtest.engine.scoring.score import NEAR_ZERO, score_balances, score_compounding
from backtest.engine.scoring.slow_segments import Slow, find_slow, new_slow
from backtest.jit import inline, kernel, splice
from backtest.types import FloatArray, IntArray

# Making its tables costs a row as much as walking along fifteen variants, and a batch as much as
# if it were full.
LEAST_SLOW, LEAST_FAST = 32, 16
# Slow signals of a chunk: many share the tables, and the accounts of all stay in the cache.
MOST_SLOW = 256

# How far totals may go, so that no digit is lost in their differences.
FARTHEST = 16.0
SMALLEST, LARGEST = 1e-100, 1e100

_U = np.uint64

ScorePairs = Callable[[BitRows, IntArray, Prices, Terms, FloatArray], None]

# A variant's account: available, put aside, the most that it could lose from where it has been,
# the largest sum that was put aside, without its sign, where profits add up and a ledger is kept,
# and the table's columns `INTO`, `SHIFT` and `UNTIL` for what is open at the end of a block.
NOW, KEPT, DIP, PEAK, OPEN = range(5)
ACCOUNT = (OPEN + 3) * LANES


class Pairs(NamedTuple):
    """Slow signals, fast rows, and the accounts and ledgers of each with each.

    `accounts`, shape (n_outer, n_batches, ACCOUNT), are flat.

    See: docs/scoring.md
    """

    slow: Slow
    totals: Totals
    accounts: FloatArray
    ledgers: Ledgers


@inline
def _new_pairs(n_outer: int, n_fast: int, marks: Marks) -> Pairs:
    totals = new_totals(n_fast)
    n_batches = totals.ahead.shape[0] // LANES
    accounts = aligned(n_outer * n_batches * ACCOUNT)
    accounts[:] = 0.0
    by_pair = accounts.reshape((n_outer * n_batches, ACCOUNT))
    by_pair[:, :LANES] = 1.0
    by_pair[:, DIP * LANES : (DIP + 1) * LANES] = 1.0
    ledgers = new_ledgers(n_outer, n_batches, marks)
    return Pairs(new_slow(n_outer), totals, accounts, ledgers)


@splice
def _carry_in(table: FloatArray, accounts: FloatArray, at: int, side: int, n_lanes: int) -> None:
    """What is open goes to the place of the table that stands for the block before."""
    row, account = _U((side * SIDE_ROWS + BLOCK_BARS) * ROW), _U(at + OPEN * LANES)
    for lane in range(n_lanes):
        k = _U(lane)
        table[row + _U(INTO * LANES) + k] = accounts[account + k]
        table[row + _U(SHIFT * LANES) + k] = accounts[account + _U(LANES) + k]
        table[row + _U(UNTIL * LANES) + k] = accounts[account + _U(2 * LANES) + k]


@splice
def _trade(
    table: FloatArray, accounts: FloatArray, at: int, segments: IntArray, wholes: FloatArray,
    span: tuple[int, int], n_lanes: int,
) -> None:  # fmt: skip
    """What segments `[first, stop)` of a slow signal make of its accounts with a batch of rows."""
    account = _U(at)
    for e in range(span[0], span[1]):
        entry, leave = _U(segments[3 * e]), _U(segments[3 * e + 1])
        bar = np.float64(segments[3 * e + 2])
        whole, whole_sum = wholes[2 * e], wholes[2 * e + 1]
        for lane in range(n_lanes):
            k = _U(lane)
            # without an edge of the fast row in between, it is one trade over the whole segment
            is_whole = table[entry + _U(UNTIL * LANES) + k] >= bar
            into = table[entry + _U(INTO * LANES) + k]
            total = into * table[leave + _U(SUM * LANES) + k] + table[entry + _U(SHIFT * LANES) + k]
            factor = into * table[leave + _U(FACTOR * LANES) + k]
            now = accounts[account + k]
            kept = accounts[account + _U(LANES) + k] + now * (whole_sum if is_whole else total)
            now *= whole if is_whole else factor
            dip = accounts[account + _U(DIP * LANES) + k]
            accounts[account + k], accounts[account + _U(LANES) + k] = now, kept
            accounts[account + _U(DIP * LANES) + k] = max(dip, now - kept)


@splice
def _carry_out(
    table: FloatArray, own: FloatArray, accounts: FloatArray, at: int, places: tuple[int, int],
    bar: float, n_lanes: int,
) -> None:  # fmt: skip
    """What is open at the end of a block, in terms of the totals of the next one.

    `places` are those of the entry in the table and of the side in `own`.
    """
    account, entry, last = _U(at), _U(places[0]), _U(places[1])
    for lane in range(n_lanes):
        k = _U(lane)
        until = table[entry + _U(UNTIL * LANES) + k]
        into = table[entry + _U(INTO * LANES) + k]
        shift = table[entry + _U(SHIFT * LANES) + k] + into * own[last + _U(ASIDE * LANES) + k]
        into *= own[last + _U(AVAILABLE * LANES) + k]
        now, kept = accounts[account + k], accounts[account + _U(LANES) + k]
        # nothing was closed yet where the fast row did not turn
        kept += 0.0 if until >= bar else now * shift
        now *= 1.0 if until >= bar else into
        dip = accounts[account + _U(DIP * LANES) + k]
        accounts[account + _U(DIP * LANES) + k] = max(dip, now - kept)
        accounts[account + _U(OPEN * LANES) + k] = into
        accounts[account + _U((OPEN + 1) * LANES) + k] = shift
        accounts[account + _U((OPEN + 2) * LANES) + k] = until


@splice
def _note_peak(accounts: FloatArray, at: int, is_open: bool, bar: float, n_lanes: int) -> None:
    """`PEAK` at the end of a block, with what was closed of an open position."""
    account = _U(at)
    for lane in range(n_lanes):
        k = _U(lane)
        has_closed = is_open and accounts[account + _U((OPEN + 2) * LANES) + k] < bar
        closed = accounts[account + _U((OPEN + 1) * LANES) + k] if has_closed else 0.0
        kept = accounts[account + _U(KEPT * LANES) + k] + closed
        peak = accounts[account + _U(PEAK * LANES) + k]
        accounts[account + _U(PEAK * LANES) + k] = max(peak, abs(kept))


@inline
def _meet(
    rows: BitRows, prices: Prices, terms: Terms, place: tuple[int, int], pairs: Pairs,
    here: MarksWithin, n_lanes: int,
) -> None:  # fmt: skip
    """All slow signals with a batch of fast rows in a block.

    Arrays are taken out of their tuples here: each time costs two atomic additions (`splice`).
    """
    batch, first_bar = place[0], place[1] * WORD_BITS
    slow, totals, accounts, ledgers = pairs.slow, pairs.totals, pairs.accounts, pairs.ledgers
    fill_table(rows.fast, rows.side_masks, prices, terms, place, here, totals, n_lanes)
    n_batches, n_outer = totals.ahead.shape[0] // LANES, slow.counts.shape[0]
    before, after, opened, firsts = slow.side_before, slow.side_after, slow.opened, slow.firsts
    segments, wholes = slow.segments, slow.wholes
    table, own, marked = totals.table, totals.own, totals.marked
    ended, places, worths, equity = ledgers.ended, ledgers.places, ledgers.worths, ledgers.equity
    ends, n_marks = here.marks.ends, here.stop - here.first
    stop, adds_up = np.float64(first_bar + BLOCK_BARS), not np.isinf(terms.budget_cap)
    notes_peak = adds_up and ends.shape[0] > 0
    for o in range(n_outer):
        at, in_group = (o * n_batches + batch) * ACCOUNT, o % GROUP
        if before[o] != ZERO:
            _carry_in(table, accounts, at, np.int64(before[o]) - 1, n_lanes)
        e = firsts[o]
        for m in range(n_marks + 1):
            is_mark, pair = m < n_marks, m * n_outer + o
            until = ended[pair] if is_mark else firsts[o + 1]
            _trade(table, accounts, at, segments, wholes, (e, until), n_lanes)
            if is_mark:
                seen = ((m * GROUP + in_group) * LANES, places[pair], m * 2 * LANES)
                since = (np.float64(ends[here.first + m] + 1), worths[pair])
                mark_equity(table, marked, accounts, at, equity, seen, since, n_lanes)
            e = until
        if after[o] != ZERO:
            side = np.int64(after[o]) - 1
            carried = ((side * SIDE_ROWS + opened[o]) * ROW, batch * OWN + side * SIDE)
            _carry_out(table, own, accounts, at, carried, stop, n_lanes)
        if notes_peak:
            _note_peak(accounts, at, after[o] != ZERO, stop, n_lanes)
        if in_group == GROUP - 1 or o == n_outer - 1:
            for m in range(n_marks):
                close_block(ledgers, m, here.first + m, (batch, o - in_group, o + 1), terms)


@inline
def _score(now: float, kept: float, dip: float, bounds: FloatArray, k: int, terms: Terms) -> float:
    """End equity over initial cash; NaN where the totals went too far for it to be certain."""
    least, most = bounds[LEAST * LANES + k], bounds[MOST * LANES + k]
    reach, score = bounds[REACH * LANES + k] / least, now + kept
    if np.isinf(terms.budget_cap):
        is_sound = bounds[WORST * LANES + k] > NEAR_ZERO and least > SMALLEST and most < LARGEST
        return score if is_sound and (dip + score) * reach <= FARTHEST * score else np.nan
    # There has to be enough for every entry, also for those between the edges of the slow signal.
    lowest = 2.0 - dip - 2.0 * reach
    is_sound = reach <= FARTHEST and lowest * terms.init_cash > terms.budget_cap
    return score if is_sound else np.nan


@inline
def _close_ledgers(pairs: Pairs, n_outer: int, terms: Terms) -> None:
    """The end of the last block, where whatever was open has been closed."""
    accounts, ledgers = pairs.accounts, pairs.ledgers
    n_batches = pairs.totals.ahead.shape[0] // LANES
    for batch in range(n_batches):
        for o in range(n_outer):
            own, in_group = accounts[(o * n_batches + batch) * ACCOUNT :], o % GROUP
            for k in range(LANES):
                ledgers.equity[in_group * LANES + k] = own[k] + own[KEPT * LANES + k]
            if in_group == GROUP - 1 or o == n_outer - 1:
                close_block(ledgers, 0, N_BLOCKS - 1, (batch, o - in_group, o + 1), terms)


@inline
def _doubt_growth(
    pairs: Pairs, n_blocks: int, swing: float, terms: Terms, out: FloatArray, growth: GrowthArray
) -> None:
    """Growth of all pairs; no score where it might be rounded otherwise by a walk."""
    slow, totals, ledgers, law = pairs.slow, pairs.totals, pairs.ledgers, law_of(terms)
    n_outer, n_fast = out.shape
    n_batches = totals.ahead.shape[0] // LANES
    for q in range(n_outer):
        n_segments = slow.counts[q] + slow.firsts[q + 1] - slow.firsts[q]
        for batch in range(n_batches):
            bounds = totals.own[batch * OWN + BOTH : (batch + 1) * OWN]
            own = pairs.accounts[(q * n_batches + batch) * ACCOUNT :]
            first, left = (batch * n_outer + q) * LANES, batch * LANES
            for k in range(min(LANES, n_fast - left)):
                trail = Trail(
                    own[k], own[KEPT * LANES + k], own[DIP * LANES + k], own[PEAK * LANES + k],
                    ledgers.lowest[first + k], n_segments, n_blocks,
                )  # fmt: skip
                margin = margin_of(trail, bounds, k, terms, law, swing)
                if not ledgers.nearest[first + k] > margin:
                    out[q, left + k] = np.nan
            write_rows(ledgers, batch, q, growth[q, left : left + LANES])


@kernel(
    "void(BitRows, int64[:, ::1], Prices, Terms, Marks, int64, float64[:, ::1], int32[:, :, ::1])"
)
def look_up_pairs(
    rows: BitRows,
    outer_ids: IntArray,
    prices: Prices,
    terms: Terms,
    marks: Marks,
    n_lanes: int,
    out: FloatArray,
    growth: GrowthArray,
) -> None:
    """End equity over initial cash from tables of running totals, and growth where it is wanted.

    Args:
        rows: The run's bit rows.
        outer_ids: Shape (n_outer, n_slow): slow rows to combine for each outer variant.
        prices: Prices of the target slice.
        terms: The account's terms.
        marks: Where blocks of the ledger end, `NO_MARKS` without one.
        n_lanes: `LANES` (`fill_table`).
        out: Out, shape (n_outer, n_fast); NaN asks for a walk along the edges.
        growth: Out, shape (n_outer, n_fast, 64), millionths, the walk's where there is a score;
            unused without marks.

    See: docs/scoring.md, docs/ledger.md
    """
    n_outer, n_fast = out.shape
    pairs = _new_pairs(n_outer, n_fast, marks)
    totals, n_blocks, mark = pairs.totals, 0, 0
    n_batches = totals.ahead.shape[0] // LANES
    for first_word in range(0, prices.close.shape[0] // WORD_BITS + 1, BLOCK_WORDS):
        here = marks_within(marks, mark, first_word * WORD_BITS + BLOCK_BARS)
        find_slow(rows, outer_ids, prices, terms, first_word, pairs.slow, here, pairs.ledgers)
        for batch in range(n_batches):
            _meet(rows, prices, terms, (batch, first_word), pairs, here, n_lanes)
        mark, n_blocks = here.stop, n_blocks + 1
    for f in range(n_fast):
        batch, k = f // LANES, f % LANES
        bounds = totals.own[batch * OWN + BOTH : (batch + 1) * OWN]
        for q in range(n_outer):
            own = pairs.accounts[(q * n_batches + batch) * ACCOUNT :]
            now, kept, dip = own[k], own[KEPT * LANES + k], own[DIP * LANES + k]
            out[q, f] = _score(now, kept, dip, bounds, k, terms)
    if marks.ends.shape[0] > 0:
        _close_ledgers(pairs, n_outer, terms)
        _doubt_growth(pairs, n_blocks, swing_of(prices.close), terms, out, growth)


def chunk_shape(n_outer: int, n_fast: int, per_chunk: int) -> tuple[int, int]:
    """How many slow signals and fast rows a chunk has, `per_chunk` variants if they are walked.

    See: docs/scoring.md
    """
    if prefers_totals(n_outer, n_fast):
        return min(max(per_chunk, LEAST_SLOW), MOST_SLOW), LANES
    width = min(n_fast, per_chunk)
    return max(1, per_chunk // width), width


def prefers_totals(n_outer: int, n_fast: int) -> bool:
    """Whether so many signals and rows are scored faster from running totals.

    See: docs/scale.md#fewer-instructions
    """
    return n_outer >= LEAST_SLOW and n_fast >= LEAST_FAST


def score_by_walk(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, out: FloatArray
) -> None:
    """Scores of all pairs, each along its own edges; arguments as in `score_compounding`.

    See: docs/scoring.md (backtest/engine/scoring/score.py)
    """
    score = score_compounding if terms.compounds else score_balances
    score(rows, outer_ids, prices, terms, out)


def score_by_totals(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, out: FloatArray
) -> None:
    """Scores of all pairs from running totals, and by a walk where those are not certain.

    Arguments as in `score_compounding`; NaN, which asks for exact scoring, comes from the walk.

    See: docs/scoring.md (backtest/engine/scoring/running_totals.py)
    """
    no_growth = np.empty((*out.shape, 0), np.int32)
    look_up_pairs(rows, outer_ids, prices, terms, NO_MARKS, LANES, out, no_growth)
    unsure = np.isnan(out)
    outer, fast = np.flatnonzero(unsure.any(axis=1)), np.flatnonzero(unsure.any(axis=0))
    if len(outer):
        walked = np.empty((len(outer), len(fast)), np.float64)
        score_by_walk(rows._replace(fast=rows.fast[fast]), outer_ids[outer], prices, terms, walked)
        here = np.ix_(outer, fast)
        out[here] = np.where(unsure[here], walked, out[here])


def look_up_growth(
    rows: BitRows,
    outer_ids: IntArray,
    prices: Prices,
    terms: Terms,
    marks: Marks,
    out: FloatArray,
    growth: GrowthArray,
) -> None:
    """Scores of all pairs from running totals, and growth to the integer of `grow_by_walk`.

    Where it is not certain, the score is NaN and `grow_by_walk` is to follow. Whoever has a score
    is not ruined.

    See: docs/ledger.md
    """
    look_up_pairs(rows, outer_ids, prices, terms, marks, LANES, out, growth)
