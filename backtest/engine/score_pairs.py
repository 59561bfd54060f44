"""Stage A where many slow signals meet many fast rows: a variant costs its slow signal's edges.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from backtest.engine.account import Terms
from backtest.engine.bitops import ONE, TOP, WORD_BITS, ZERO, trailing_zeros
from backtest.engine.combine import BitRows
from backtest.engine.edges import edges_of, side_at
from backtest.engine.prices import Prices
from backtest.engine.running_totals import (
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
    account_after,
    bits_within,
    fill_table,
    law_of,
    new_totals,
)
from backtest.engine.score import NEAR_ZERO, score_balances, score_compounding
from backtest.jit import inline, kernel, splice
from backtest.types import FloatArray, IntArray, WordArray

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
# and the table's columns `INTO`, `SHIFT` and `UNTIL` for what is open at the end of a block.
NOW, KEPT, DIP, OPEN = range(4)
ACCOUNT = (OPEN + 3) * LANES


class Slow(NamedTuple):
    """Segments of slow signals that end in a block of bars.

    `starts`, `stops` and `sides`, 0 for long, are places in the table; `factors` and `sums` what a
    trade over the whole segment makes of an account. `firsts`, shape (n_outer + 1,), is the first
    of each signal. The rest, shape (n_outer,), is the side before the block and after it, and of
    what is open then its place and one over its price.
    """

    starts: IntArray
    stops: IntArray
    sides: IntArray
    factors: FloatArray
    sums: FloatArray
    firsts: IntArray
    side_before: WordArray
    side_after: WordArray
    opened: IntArray
    inverses: FloatArray


@inline
def _new_slow(n: int) -> Slow:
    # a place more, for what is written before it is known to count
    room = n * BLOCK_BARS + 1
    starts, stops, sides = (
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
    )
    factors, sums = np.empty(room, np.float64), np.empty(room, np.float64)
    before, after = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    firsts, opened, inverses = np.zeros(n + 1, np.int64), np.zeros(n, np.int64), np.zeros(n)
    return Slow(starts, stops, sides, factors, sums, firsts, before, after, opened, inverses)


@inline
def _find_slow(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, first_word: int, slow: Slow
) -> None:
    """Segments of all slow signals that end in the block."""
    n_bars, n_words = prices.close.shape[0], rows.fast.shape[2]
    bits, masks, factors, law = rows.slow, rows.side_masks, terms.factors, law_of(terms)
    starts, stops, sides, firsts = slow.starts, slow.stops, slow.sides, slow.firsts
    wholes, sums, close, inverse = slow.factors, slow.sums, prices.padded, prices.inverse
    before, after, opened, inverses = slow.side_before, slow.side_after, slow.opened, slow.inverses
    n = 0
    for o in range(outer_ids.shape[0]):
        side, entry_inverse, start = after[o], inverses[o], BLOCK_BARS
        before[o], firsts[o] = side, n
        carry_long, carry_short = side & ONE, side >> ONE
        for v in range(min(BLOCK_WORDS, n_words + 1 - first_word)):
            w = first_word + v
            within = bits_within(n_bars, w)
            long_word, short_word = masks[0] & within, masks[1] & within
            if w < n_words:
                for place in range(outer_ids.shape[1]):
                    long_word &= bits[outer_ids[o, place], 0, w]
                    short_word &= bits[outer_ids[o, place], 1, w]
            edges = edges_of(long_word, short_word, carry_long, carry_short)
            carry_long, carry_short = long_word >> TOP, short_word >> TOP
            while edges != ZERO:
                bit = trailing_zeros(edges)
                edges &= edges - ONE
                i = w * WORD_BITS + bit
                gain = factors[0, side] - 1.0 + factors[1, side] * (close[i] * entry_inverse)
                starts[n], stops[n], sides[n] = start, v * WORD_BITS + bit, np.int64(side) - 1
                wholes[n], sums[n] = account_after(gain, law)
                n += side != ZERO
                side, entry_inverse = side_at(long_word, short_word, bit), inverse[i]
                start = v * WORD_BITS + bit
        after[o], inverses[o], opened[o] = side, entry_inverse, start
    firsts[outer_ids.shape[0]] = n


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
    table: FloatArray, accounts: FloatArray, at: int, slow: Slow, o: int, first_bar: int,
    n_lanes: int,
) -> None:  # fmt: skip
    """What the segments of slow signal `o` make of its accounts with a batch of rows."""
    starts, stops, sides = slow.starts, slow.stops, slow.sides
    factors, sums, account = slow.factors, slow.sums, _U(at)
    for e in range(slow.firsts[o], slow.firsts[o + 1]):
        entry = _U((sides[e] * SIDE_ROWS + starts[e]) * ROW)
        leave = _U((sides[e] * SIDE_ROWS + stops[e]) * ROW)
        bar, whole, whole_sum = np.float64(first_bar + stops[e]), factors[e], sums[e]
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
    totals: Totals, batch: int, accounts: FloatArray, at: int, row: int, side: int, bar: float,
    n_lanes: int,
) -> None:  # fmt: skip
    """What is open at the end of a block, in terms of the totals of the next one."""
    table, own = totals.table, totals.own
    entry, last = _U((side * SIDE_ROWS + row) * ROW), _U(batch * OWN + side * SIDE)
    account = _U(at)
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
def _meet(
    rows: BitRows, prices: Prices, terms: Terms, place: tuple[int, int], slow: Slow,
    totals: Totals, accounts: FloatArray, n_lanes: int,
) -> None:  # fmt: skip
    """All slow signals with a batch of fast rows in a block."""
    batch, first_bar = place[0], place[1] * WORD_BITS
    fill_table(rows.fast, rows.side_masks, prices, terms, place, totals, n_lanes)
    n_batches = totals.ahead.shape[0] // LANES
    before, after, opened, table = slow.side_before, slow.side_after, slow.opened, totals.table
    stop = np.float64(first_bar + BLOCK_BARS)
    for o in range(before.shape[0]):
        at = (o * n_batches + batch) * ACCOUNT
        if before[o] != ZERO:
            _carry_in(table, accounts, at, np.int64(before[o]) - 1, n_lanes)
        _trade(table, accounts, at, slow, o, first_bar, n_lanes)
        if after[o] != ZERO:
            side = np.int64(after[o]) - 1
            _carry_out(totals, batch, accounts, at, opened[o], side, stop, n_lanes)


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


@kernel("void(BitRows, int64[:, ::1], Prices, Terms, int64, float64[:, ::1])")
def look_up_scores(
    rows: BitRows,
    outer_ids: IntArray,
    prices: Prices,
    terms: Terms,
    n_lanes: int,
    out: FloatArray,
) -> None:
    """End equity over initial cash from tables of running totals.

    Args:
        rows: The run's bit rows.
        outer_ids: Shape (n_outer, n_slow): slow rows to combine for each outer variant.
        prices: Prices of the target slice.
        terms: The account's terms.
        n_lanes: `LANES` (`fill_table`).
        out: Out, shape (n_outer, n_fast); NaN asks for a walk along the edges.

    See: docs/scoring.md
    """
    n_outer, n_fast = out.shape
    slow, totals = _new_slow(n_outer), new_totals(n_fast)
    n_batches = totals.ahead.shape[0] // LANES
    accounts = np.zeros((n_outer * n_batches, ACCOUNT), np.float64)
    accounts[:, :LANES] = 1.0
    accounts[:, DIP * LANES : (DIP + 1) * LANES] = 1.0
    flat = accounts.reshape(-1)
    for first_word in range(0, prices.close.shape[0] // WORD_BITS + 1, BLOCK_WORDS):
        _find_slow(rows, outer_ids, prices, terms, first_word, slow)
        for batch in range(n_batches):
            _meet(rows, prices, terms, (batch, first_word), slow, totals, flat, n_lanes)
    for f in range(n_fast):
        batch, k = f // LANES, f % LANES
        bounds = totals.own[batch * OWN + BOTH : (batch + 1) * OWN]
        for q in range(n_outer):
            own = accounts[q * n_batches + batch]
            now, kept, dip = own[k], own[KEPT * LANES + k], own[DIP * LANES + k]
            out[q, f] = _score(now, kept, dip, bounds, k, terms)


def chunk_shape(n_outer: int, n_fast: int, per_chunk: int) -> tuple[int, int]:
    """How many slow signals and fast rows a chunk has, `per_chunk` variants if they are walked.

    See: docs/scoring.md
    """
    if prefers_totals(n_outer, n_fast):
        return min(max(per_chunk, LEAST_SLOW), MOST_SLOW), LANES
    width = min(n_fast, per_chunk)
    return max(1, per_chunk // width), width


def prefers_totals(n_outer: int, n_fast: int) -> bool:
    """Whether so many signals and rows are scored faster from running totals."""
    return n_outer >= LEAST_SLOW and n_fast >= LEAST_FAST


def score_by_walk(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, out: FloatArray
) -> None:
    """Scores of all pairs, each along its own edges; arguments as in `score_compounding`."""
    score = score_compounding if terms.compounds else score_balances
    score(rows, outer_ids, prices, terms, out)


def score_by_totals(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, out: FloatArray
) -> None:
    """Scores of all pairs from running totals, by walk where these are not certain."""
    look_up_scores(rows, outer_ids, prices, terms, LANES, out)
    unsure = np.isnan(out)
    outer, fast = np.flatnonzero(unsure.any(axis=1)), np.flatnonzero(unsure.any(axis=0))
    if len(outer):
        walked = np.empty((len(outer), len(fast)), np.float64)
        score_by_walk(rows._replace(fast=rows.fast[fast]), outer_ids[outer], prices, terms, walked)
        here = np.ix_(outer, fast)
        out[here] = np.where(unsure[here], walked, out[here])
