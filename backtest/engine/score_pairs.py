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
from backtest.engine.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.marks import NO_MARKS, Marks
from backtest.engine.pair_marks import (
    Ledgers,
    Trail,
    margin_of,
    mark_equity,
    marked_bits,
    marks_before,
    new_ledgers,
    settle,
    swing_of,
    worth_at,
    write_rows,
)
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
from backtest.engine.score_growth import grow_by_walk
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
# the largest sum that was put aside, without its sign, where profits add up and a ledger is kept,
# and the table's columns `INTO`, `SHIFT` and `UNTIL` for what is open at the end of a block.
NOW, KEPT, DIP, PEAK, OPEN = range(5)
ACCOUNT = (OPEN + 3) * LANES


class Slow(NamedTuple):
    """Segments of slow signals that end in a block of bars.

    `starts`, `stops` and `sides`, 0 for long, are places in the table; `factors` and `sums` what a
    trade over the whole segment makes of an account. `firsts`, shape (n_outer + 1,), is the first
    of each signal. The rest, shape (n_outer,), is the side before the block and after it, of what
    is open then its place and one over its price, and how many segments there were before.
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
    counts: IntArray


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
    counts = np.zeros(n, np.int64)
    return Slow(starts, stops, sides, factors, sums, firsts, before, after, opened, inverses, counts)


@inline
def _find_slow(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, first_word: int, slow: Slow,
    marks: Marks, here: tuple[int, int], ledgers: Ledgers,
) -> None:  # fmt: skip
    """Segments of all slow signals that end in the block, and what is open at its marks."""
    n_bars, n_words = prices.close.shape[0], rows.fast.shape[2]
    bits, masks, factors, law = rows.slow, rows.side_masks, terms.factors, law_of(terms)
    starts, stops, sides, firsts = slow.starts, slow.stops, slow.sides, slow.firsts
    wholes, sums, close, inverse = slow.factors, slow.sums, prices.padded, prices.inverse
    before, after, opened, inverses = slow.side_before, slow.side_after, slow.opened, slow.inverses
    n, n_outer = 0, outer_ids.shape[0]
    for o in range(n_outer):
        slow.counts[o] += firsts[o + 1] - firsts[o]
    for o in range(n_outer):
        side, entry_inverse, start = after[o], inverses[o], BLOCK_BARS
        before[o], firsts[o], mark = side, n, here[0]
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
            marked = marked_bits(marks, here, w)
            places = edges | marked
            while places != ZERO:
                bit = trailing_zeros(places)
                places &= places - ONE
                i = w * WORD_BITS + bit
                if (marked >> np.uint64(bit)) & ONE != ZERO:
                    at = (mark - here[0]) * n_outer + o
                    ledgers.ended[at], ledgers.sides[at] = n - firsts[o], np.int64(side) - 1
                    ledgers.starts[at] = start
                    ledgers.worths[at] = worth_at(
                        close[i - 1], entry_inverse, side, marks.factors, law
                    )
                    mark += 1
                    if (edges >> np.uint64(bit)) & ONE == ZERO:
                        continue
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
    table: FloatArray, accounts: FloatArray, at: int, slow: Slow, segments: tuple[int, int],
    first_bar: int, n_lanes: int,
) -> None:  # fmt: skip
    """What segments `[first, stop)` of a slow signal make of its accounts with a batch of rows."""
    starts, stops, sides = slow.starts, slow.stops, slow.sides
    factors, sums, account = slow.factors, slow.sums, _U(at)
    for e in range(segments[0], segments[1]):
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


@splice
def _meet(
    rows: BitRows, prices: Prices, terms: Terms, place: tuple[int, int], slow: Slow,
    totals: Totals, accounts: FloatArray, marks: Marks, here: tuple[int, int], ledgers: Ledgers,
    n_lanes: int,
) -> None:  # fmt: skip
    """All slow signals with a batch of fast rows in a block."""
    batch, first_bar = place[0], place[1] * WORD_BITS
    fill_table(rows.fast, rows.side_masks, prices, terms, place, marks, here, totals, n_lanes)
    n_batches, n_outer, n_marks = totals.ahead.shape[0] // LANES, slow.counts.shape[0], here[1] - here[0]
    before, after, opened, table = slow.side_before, slow.side_after, slow.opened, totals.table
    stop, adds_up = np.float64(first_bar + BLOCK_BARS), not np.isinf(terms.budget_cap)
    for o in range(n_outer):
        at = (o * n_batches + batch) * ACCOUNT
        if before[o] != ZERO:
            _carry_in(table, accounts, at, np.int64(before[o]) - 1, n_lanes)
        e = slow.firsts[o]
        for m in range(n_marks + 1):
            is_mark, own = m < n_marks, m * n_outer + o
            until = slow.firsts[o] + ledgers.ended[own] if is_mark else slow.firsts[o + 1]
            _trade(table, accounts, at, slow, (e, until), first_bar, n_lanes)
            if is_mark:
                bar = np.float64(marks.ends[here[0] + m] + 1)
                mark_equity(
                    table, totals.marked, accounts, at, ledgers, (m, own), bar, n_lanes
                )
            e = until
        if after[o] != ZERO:
            side = np.int64(after[o]) - 1
            _carry_out(totals, batch, accounts, at, opened[o], side, stop, n_lanes)
        if adds_up and marks.ends.shape[0] > 0:
            _note_peak(accounts, at, after[o] != ZERO, stop, n_lanes)
    for m in range(n_marks):
        settle(ledgers, m, here[0] + m, batch, adds_up)


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
def _close_ledgers(
    accounts: FloatArray, n_outer: int, n_batches: int, ledgers: Ledgers, adds_up: bool
) -> None:
    """The end of the last block, where whatever was open has been closed."""
    for batch in range(n_batches):
        for o in range(n_outer):
            own = accounts[(o * n_batches + batch) * ACCOUNT :]
            for k in range(LANES):
                ledgers.equity[o * LANES + k] = own[k] + own[KEPT * LANES + k]
        settle(ledgers, 0, N_BLOCKS - 1, batch, adds_up)


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
    slow, totals = _new_slow(n_outer), new_totals(n_fast)
    n_batches, law = totals.ahead.shape[0] // LANES, law_of(terms)
    has_ledger, adds_up = marks.ends.shape[0] > 0, law.grows == 0.0
    ledgers = new_ledgers(n_outer, n_batches, marks)
    accounts = np.zeros((n_outer * n_batches, ACCOUNT), np.float64)
    accounts[:, :LANES] = 1.0
    accounts[:, DIP * LANES : (DIP + 1) * LANES] = 1.0
    flat = accounts.reshape(-1)
    n_blocks, mark = 0, 0
    for first_word in range(0, prices.close.shape[0] // WORD_BITS + 1, BLOCK_WORDS):
        here = (mark, marks_before(marks, mark, first_word * WORD_BITS + BLOCK_BARS))
        _find_slow(rows, outer_ids, prices, terms, first_word, slow, marks, here, ledgers)
        for batch in range(n_batches):
            _meet(
                rows, prices, terms, (batch, first_word), slow, totals, flat, marks, here, ledgers,
                n_lanes,
            )  # fmt: skip
        mark, n_blocks = here[1], n_blocks + 1
    swing = 0.0
    if has_ledger:
        _close_ledgers(flat, n_outer, n_batches, ledgers, adds_up)
        swing = swing_of(prices.close)
    for q in range(n_outer):
        n_segments = slow.counts[q] + slow.firsts[q + 1] - slow.firsts[q]
        for f in range(n_fast):
            batch, k = f // LANES, f % LANES
            bounds = totals.own[batch * OWN + BOTH : (batch + 1) * OWN]
            own = accounts[q * n_batches + batch]
            now, kept, dip = own[k], own[KEPT * LANES + k], own[DIP * LANES + k]
            out[q, f] = _score(now, kept, dip, bounds, k, terms)
            if has_ledger:
                pair = (batch * n_outer + q) * LANES + k
                trail = Trail(
                    now, kept, dip, own[PEAK * LANES + k], ledgers.lowest[pair], n_segments,
                    n_blocks,
                )  # fmt: skip
                margin = margin_of(trail, bounds, k, terms, law, swing)
                if not ledgers.nearest[pair] > margin:
                    out[q, f] = np.nan
        if has_ledger:
            for batch in range(n_batches):
                write_rows(ledgers, batch, q, growth[q, batch * LANES : (batch + 1) * LANES])


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
    no_growth = np.empty((*out.shape, 0), np.int32)
    look_up_pairs(rows, outer_ids, prices, terms, NO_MARKS, LANES, out, no_growth)
    unsure = np.isnan(out)
    outer, fast = np.flatnonzero(unsure.any(axis=1)), np.flatnonzero(unsure.any(axis=0))
    if len(outer):
        walked = np.empty((len(outer), len(fast)), np.float64)
        score_by_walk(rows._replace(fast=rows.fast[fast]), outer_ids[outer], prices, terms, walked)
        here = np.ix_(outer, fast)
        out[here] = np.where(unsure[here], walked, out[here])


def grow_by_totals(
    rows: BitRows,
    cut: WordArray,
    outer_ids: IntArray,
    prices: Prices,
    terms: Terms,
    marks: Marks,
    out: FloatArray,
    growth: GrowthArray,
    ruined: FlagArray,
) -> None:
    """Scores and growth of all pairs from running totals, by walk where these are not certain.

    Arguments as in `grow_by_walk`, but the fast rows are whole here, and cut in `cut`.

    See: docs/ledger.md
    """
    look_up_pairs(rows, outer_ids, prices, terms, marks, LANES, out, growth)
    ruined[:] = False
    grow_by_walk(rows._replace(fast=cut), outer_ids, prices, terms, marks, out, growth, ruined)
