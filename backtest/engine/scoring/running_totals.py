"""What fast rows earn between any two bars, looked up instead of walked.

While a slow signal stays on one side, a variant does what its fast row does on that side alone:
whole trades of that row, and a part of one at either end. Whole trades are a ratio (or a
difference) of running totals, and each part belongs to one bar. So a table has, for each side and
bar, what the row comes to if it is closed there, and what it comes to from there on.

Tables are made for a block of bars and for several rows at once, one in each lane of a vector, so
that they stay in the second-level cache. Totals begin anew with each block.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import NamedTuple

import numpy as np

from backtest.engine.bits.bitops import ONE, TOP, WORD_BITS, ZERO, trailing_zeros
from backtest.engine.bits.edges import Word, edges_of
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.blocks.marks import MarksWithin
from backtest.engine.money.account import Terms, positive_part
from backtest.engine.money.prices import Prices
from backtest.jit import inline, splice
from backtest.types import FloatArray, IntArray, WordArray

LANES = 32
BLOCK_WORDS = 2
BLOCK_BARS = BLOCK_WORDS * WORD_BITS
# Floats in a line of the cache.
LINE = 8

# A row's account begins with (1, 0), available and put aside. Columns of the table:
# `FACTOR`, `SUM`: the account when the row is closed at the bar;
# `INTO`, `SHIFT`: what turns that, for a later bar, into the account of who enters at this bar:
# available `INTO * FACTOR`, put aside `INTO * SUM + SHIFT`;
# `UNTIL`: the first bar for which this holds, the row's next edge; -1 where it has no position.
FACTOR, SUM, INTO, SHIFT, UNTIL = range(5)
ROW = 5 * LANES
# a place more than bars, for what is carried over from the block before
SIDE_ROWS = BLOCK_BARS + 1

# columns of a row on one side: the line of its gains, its totals, and the same at its next edge
OFFSET, SLOPE, AVAILABLE, ASIDE, NEXT_SLOPE, NEXT_INVERSE, NEXT_ASIDE, NEXT_BAR = range(8)
SIDE = 8 * LANES
# of both sides: one over the price of its last edge, lowest and highest close since, least and most
# `FACTOR`, largest `SUM`, the worst factor of any part of a trade, and how often the row turned
ENTRY_INVERSE, LOW, HIGH, LEAST, MOST, REACH, WORST, TURNS = range(8)
BOTH = 2 * SIDE
OWN = BOTH + 8 * LANES

_U = np.uint64


class Law(NamedTuple):
    """What a gain makes of an account of (1, 0), so that one kernel serves all sizings.

    A trade that gains `g` leaves `1 + grows * g - locks * max(g, 0)` available and puts
    `adds * g + locks * max(g, 0)` aside.

    See: docs/scoring.md
    """

    grows: float
    adds: float
    locks: float


@inline
def law_of(terms: Terms) -> Law:
    """The law of a sizing; a fixed quote adds up in shares of the initial cash.

    See: docs/scoring.md
    """
    if np.isinf(terms.budget_cap):
        return Law(1.0, 0.0, terms.lock_rate)
    return Law(0.0, terms.budget_cap / terms.init_cash, 0.0)


@inline
def account_after(gain: float, law: Law) -> tuple[float, float]:
    """What a trade leaves available of 1, and what it puts aside; `gain` is a fraction.

    See: docs/scoring.md
    """
    locked = law.locks * positive_part(gain)
    return 1.0 + (law.grows * gain - locked), law.adds * gain + locked


class Totals(NamedTuple):
    """Room for the totals of some rows, in batches of `LANES`; floats and words are flat.

    `table` is (2, SIDE_ROWS, 5, LANES), of one batch. `own` has `OWN` places for each batch.
    `ahead`, shape (n_batches * LANES,), is the first edge of each row after the block. `words` is
    (3, BLOCK_WORDS, LANES): long, short, edges. `changes` are the bars of the block where any row
    turns; `nexts`, (BLOCK_BARS + 1, 2, LANES), bar and close of each row's first edge from each of
    them on, and of its first one after the block. `marked`, (n_marks, 2, LANES), is what accounts
    of (1, 0) are worth at the marks of the block, on either side, with what is open there.

    See: docs/scoring.md
    """

    table: FloatArray
    own: FloatArray
    ahead: IntArray
    words: WordArray
    changes: IntArray
    nexts: FloatArray
    marked: FloatArray


@inline
def aligned(n: int) -> FloatArray:
    """Room for `n` floats that begins where a line of the cache does.

    A vector that lies across two lines is read twice: scoring then takes a third more, whenever the
    allocator happens to give such a place.

    See: docs/scoring.md
    """
    room = np.empty(n + LINE, np.float64)
    first = (-(np.int64(room.ctypes.data) >> 3)) % LINE
    return room[first : first + n]


@inline
def new_totals(n_rows: int) -> Totals:
    """Room for `n_rows` rows before the first bar.

    See: docs/scoring.md
    """
    n_batches = (n_rows + LANES - 1) // LANES
    own = aligned(n_batches * OWN)
    own[:] = 0.0
    table = aligned(2 * SIDE_ROWS * ROW)
    table[:] = 0.0
    for b in range(n_batches):
        for column in (LOW, HIGH, LEAST, MOST, WORST):
            first = b * OWN + BOTH + column * LANES
            own[first : first + LANES] = 1.0
    return Totals(
        table,
        own,
        np.zeros(n_batches * LANES, np.int64),
        np.empty(3 * BLOCK_WORDS * LANES, np.uint64),
        np.empty(BLOCK_BARS, np.int64),
        aligned((BLOCK_BARS + 1) * 2 * LANES),
        aligned(N_BLOCKS * 2 * LANES),
    )


@inline
def bits_within(n_bars: int, w: int) -> Word:
    """The bits of word `w` that stand for one of `n_bars` bars.

    See: docs/signals.md
    """
    n_bits = n_bars - w * WORD_BITS
    if n_bits >= WORD_BITS:
        return ~ZERO
    return (ONE << _U(n_bits)) - ONE if n_bits > 0 else ZERO


@inline
def _take_words(
    fast: WordArray, masks: WordArray, n_bars: int, place: tuple[int, int], totals: Totals
) -> int:
    """Words and edges of a batch in a block; returns at how many bars any row turns."""
    words, changes = totals.words, totals.changes
    batch, first_word = place
    n_words, n_here = fast.shape[2], min(LANES, fast.shape[0] - batch * LANES)
    words[:] = ZERO
    n = 0
    for v in range(min(BLOCK_WORDS, n_words + 1 - first_word)):
        w = first_word + v
        within, union = bits_within(n_bars, w), ZERO
        for k in range(n_here):
            f = batch * LANES + k
            long_word = short_word = carry_long = carry_short = ZERO
            if w < n_words:
                long_word = fast[f, 0, w] & masks[0] & within
                short_word = fast[f, 1, w] & masks[1] & within
            if w > 0:
                carry_long, carry_short = fast[f, 0, w - 1] & masks[0], fast[f, 1, w - 1] & masks[1]
            edges = edges_of(long_word, short_word, carry_long >> TOP, carry_short >> TOP)
            words[v * LANES + k], words[(BLOCK_WORDS + v) * LANES + k] = long_word, short_word
            words[(2 * BLOCK_WORDS + v) * LANES + k] = edges
            union |= edges
        while union != ZERO:
            changes[n] = v * WORD_BITS + trailing_zeros(union)
            union &= union - ONE
            n += 1
    return n


@inline
def _find_ahead(
    fast: WordArray, masks: WordArray, n_bars: int, place: tuple[int, int], totals: Totals
) -> None:
    """First edge of each row of a batch after the block; `n_bars` where there is none."""
    ahead, n_words = totals.ahead, fast.shape[2]
    batch, first_word = place
    for f in range(batch * LANES, min(batch * LANES + LANES, fast.shape[0])):
        w = first_word + BLOCK_WORDS
        if ahead[f] >= w * WORD_BITS:
            continue
        ahead[f] = n_bars
        while w < n_words:
            within = bits_within(n_bars, w)
            long_word = fast[f, 0, w] & masks[0] & within
            short_word = fast[f, 1, w] & masks[1] & within
            carry_long, carry_short = fast[f, 0, w - 1] & masks[0], fast[f, 1, w - 1] & masks[1]
            edges = edges_of(long_word, short_word, carry_long >> TOP, carry_short >> TOP)
            if edges != ZERO:
                ahead[f] = w * WORD_BITS + trailing_zeros(edges)
                break
            w += 1


@splice
def _look_ahead(
    totals: Totals, close: FloatArray, batch: int, first_bar: int, n: int, n_lanes: int
) -> None:
    """Bar and close of the edge that follows each of `n` changes, and the start of the block."""
    nexts, words, changes, ahead = totals.nexts, totals.words, totals.changes, totals.ahead
    for k in range(LANES):
        bar = ahead[batch * LANES + k]
        nexts[n * 2 * LANES + k] = bar
        nexts[n * 2 * LANES + LANES + k] = close[bar]
    for r in range(n - 1, -1, -1):
        i = changes[r]
        bar, price = np.float64(first_bar + i), close[first_bar + i]
        edges, bit = _U((2 * BLOCK_WORDS + (i >> 6)) * LANES), _U(i & 63)
        at = _U(r * 2 * LANES)
        after = at + _U(2 * LANES)
        for lane in range(n_lanes):
            k = _U(lane)
            turns = (words[edges + k] >> bit) & ONE != ZERO
            nexts[at + k] = bar if turns else nexts[after + k]
            nexts[at + _U(LANES) + k] = price if turns else nexts[after + _U(LANES) + k]


@splice
def _note_extremes(
    own: FloatArray, batch: int, low: float, high: float, law: Law, n_lanes: int
) -> None:
    """How far totals go between two changes, and the worst factor of any part of an open trade."""
    both = _U(batch * OWN + BOTH)
    for lane in range(n_lanes):
        k = _U(lane)
        own[both + _U(LOW * LANES) + k] = min(own[both + _U(LOW * LANES) + k], low)
        own[both + _U(HIGH * LANES) + k] = max(own[both + _U(HIGH * LANES) + k], high)
    for side in range(2):
        at = _U(batch * OWN + side * SIDE)
        for lane in range(n_lanes):
            k = _U(lane)
            lowest, highest = own[both + _U(LOW * LANES) + k], own[both + _U(HIGH * LANES) + k]
            offset, slope = own[at + k], own[at + _U(SLOPE * LANES) + k]
            # one that enters at the wrong end and leaves at the other
            ratio = highest / lowest if side == 1 else lowest / highest
            worst = 1.0 + (offset + slope * ratio)
            own[both + _U(WORST * LANES) + k] = min(own[both + _U(WORST * LANES) + k], worst)
            slope *= own[both + k]
            before, kept = own[at + _U(AVAILABLE * LANES) + k], own[at + _U(ASIDE * LANES) + k]
            low_factor, low_aside = account_after(offset + slope * low, law)
            high_factor, high_aside = account_after(offset + slope * high, law)
            least = before * min(low_factor, high_factor)
            most = before * max(low_factor, high_factor)
            reach = max(abs(kept + before * low_aside), abs(kept + before * high_aside))
            own[both + _U(LEAST * LANES) + k] = min(own[both + _U(LEAST * LANES) + k], least)
            own[both + _U(MOST * LANES) + k] = max(own[both + _U(MOST * LANES) + k], most)
            own[both + _U(REACH * LANES) + k] = max(own[both + _U(REACH * LANES) + k], reach)


@splice
def _turn(
    own: FloatArray, words: WordArray, batch: int, i: int, price: float, factors: FloatArray,
    law: Law, n_lanes: int,
) -> None:  # fmt: skip
    """Close and open the trades of the rows that turn at bar `i` of the block."""
    inverse = 1.0 / price
    word, bit = _U((i >> 6) * LANES), _U(i & 63)
    edges, both = word + _U(2 * BLOCK_WORDS * LANES), _U(batch * OWN + BOTH)
    for side in range(2):
        at, signs = _U(batch * OWN + side * SIDE), word + _U(side * BLOCK_WORDS * LANES)
        offset, slope = factors[0, side + 1] - 1.0, factors[1, side + 1]
        for lane in range(n_lanes):
            k = _U(lane)
            turns = (words[edges + k] >> bit) & ONE != ZERO
            is_open = (words[signs + k] >> bit) & ONE != ZERO
            ratio = price * own[both + _U(ENTRY_INVERSE * LANES) + k]
            gain = own[at + k] + own[at + _U(SLOPE * LANES) + k] * ratio
            factor, aside = account_after(gain, law)
            before, kept = own[at + _U(AVAILABLE * LANES) + k], own[at + _U(ASIDE * LANES) + k]
            own[at + _U(AVAILABLE * LANES) + k] = before * factor if turns else before
            own[at + _U(ASIDE * LANES) + k] = kept + before * aside if turns else kept
            own[at + k] = offset if is_open else 0.0
            own[at + _U(SLOPE * LANES) + k] = slope if is_open else 0.0
    for lane in range(n_lanes):
        k = _U(lane)
        turns = (words[edges + k] >> bit) & ONE != ZERO
        last = own[both + _U(ENTRY_INVERSE * LANES) + k]
        low, high = own[both + _U(LOW * LANES) + k], own[both + _U(HIGH * LANES) + k]
        own[both + _U(ENTRY_INVERSE * LANES) + k] = inverse if turns else last
        own[both + _U(LOW * LANES) + k] = price if turns else low
        own[both + _U(HIGH * LANES) + k] = price if turns else high
        own[both + _U(TURNS * LANES) + k] += 1.0 if turns else 0.0


@splice
def _aim(own: FloatArray, nexts: FloatArray, batch: int, r: int, law: Law, n_lanes: int) -> None:
    """What totals will be at the edges after change `r`."""
    bar, price = _U(r * 2 * LANES), _U((r * 2 + 1) * LANES)
    entry = _U(batch * OWN + BOTH + ENTRY_INVERSE * LANES)
    for side in range(2):
        at = _U(batch * OWN + side * SIDE)
        for lane in range(n_lanes):
            k = _U(lane)
            slope = own[at + _U(SLOPE * LANES) + k] * nexts[price + k]
            factor, aside = account_after(own[at + k] + slope * own[entry + k], law)
            before, kept = own[at + _U(AVAILABLE * LANES) + k], own[at + _U(ASIDE * LANES) + k]
            own[at + _U(NEXT_SLOPE * LANES) + k] = slope
            own[at + _U(NEXT_INVERSE * LANES) + k] = 1.0 / (before * factor)
            own[at + _U(NEXT_ASIDE * LANES) + k] = kept + before * aside
            own[at + _U(NEXT_BAR * LANES) + k] = nexts[bar + k] if slope != 0.0 else -1.0


@splice
def _write_entries(
    table: FloatArray, own: FloatArray, batch: int, bars: tuple[int, int], inverses: FloatArray,
    law: Law, n_lanes: int,
) -> None:  # fmt: skip
    """`INTO`, `SHIFT` and `UNTIL` at bars `[first, stop)` of the block."""
    for side in range(2):
        at = _U(batch * OWN + side * SIDE)
        for i in range(bars[0], bars[1]):
            inverse, row = inverses[i], _U((side * SIDE_ROWS + i) * ROW)
            for lane in range(n_lanes):
                k = _U(lane)
                gain = own[at + k] + own[at + _U(NEXT_SLOPE * LANES) + k] * inverse
                factor, aside = account_after(gain, law)
                into = factor * own[at + _U(NEXT_INVERSE * LANES) + k]
                shift = aside - into * own[at + _U(NEXT_ASIDE * LANES) + k]
                table[row + _U(INTO * LANES) + k] = into
                table[row + _U(SHIFT * LANES) + k] = shift
                table[row + _U(UNTIL * LANES) + k] = own[at + _U(NEXT_BAR * LANES) + k]


@splice
def _write_exits(
    table: FloatArray, own: FloatArray, batch: int, bars: tuple[int, int], closes: FloatArray,
    law: Law, n_lanes: int,
) -> None:  # fmt: skip
    """`FACTOR` and `SUM` at bars `[first, stop)` of the block."""
    entry = _U(batch * OWN + BOTH + ENTRY_INVERSE * LANES)
    for side in range(2):
        at = _U(batch * OWN + side * SIDE)
        for i in range(bars[0], bars[1]):
            price, row = closes[i], _U((side * SIDE_ROWS + i) * ROW)
            for lane in range(n_lanes):
                k = _U(lane)
                ratio = price * own[entry + k]
                gain = own[at + k] + own[at + _U(SLOPE * LANES) + k] * ratio
                factor, aside = account_after(gain, law)
                before = own[at + _U(AVAILABLE * LANES) + k]
                kept = own[at + _U(ASIDE * LANES) + k]
                table[row + k] = before * factor
                table[row + _U(SUM * LANES) + k] = kept + before * aside


@splice
def _write_mark(
    own: FloatArray, marked: FloatArray, batch: int, place: int, price: float, factors: FloatArray,
    law: Law, n_lanes: int,
) -> None:  # fmt: skip
    """`marked` at a place: equity without the costs of leaving, and nothing is put aside yet."""
    entry = _U(batch * OWN + BOTH + ENTRY_INVERSE * LANES)
    for side in range(2):
        at, to = _U(batch * OWN + side * SIDE), _U((place * 2 + side) * LANES)
        offset, slope = factors[0, side + 1] - 1.0, factors[1, side + 1]
        for lane in range(n_lanes):
            k = _U(lane)
            is_open = own[at + _U(SLOPE * LANES) + k] != 0.0
            gain = offset + slope * (price * own[entry + k]) if is_open else 0.0
            before, kept = own[at + _U(AVAILABLE * LANES) + k], own[at + _U(ASIDE * LANES) + k]
            marked[to + k] = before * (1.0 + law.grows * gain) + (kept + before * law.adds * gain)


@inline
def fill_table(
    fast: WordArray, masks: WordArray, prices: Prices, terms: Terms, place: tuple[int, int],
    here: MarksWithin, totals: Totals, n_lanes: int,
) -> None:  # fmt: skip
    """The table of a batch of rows in a block; blocks are to be filled in their order.

    Args:
        fast: Shape (n_fast, 2, n_words).
        masks: Shape (2,), the sides that may be entered.
        prices: Prices of the target slice.
        terms: The account's terms.
        place: The batch, and the first word of the block.
        here: The marks whose next bar is in the block.
        totals: The rows' totals up to the block; those of the block are in `AVAILABLE` and
            `ASIDE` afterwards.
        n_lanes: `LANES`. A number that the compiler knew would make it unroll the loops over
            lanes, one by one, instead of turning them into vectors.

    See: docs/scoring.md
    """
    n_bars, batch, first_bar = prices.close.shape[0], place[0], place[1] * WORD_BITS
    n_here, law, factors = min(BLOCK_BARS, n_bars + 1 - first_bar), law_of(terms), terms.factors
    closes, inverses = prices.padded[first_bar:], prices.inverse[first_bar:]
    n = _take_words(fast, masks, n_bars, place, totals)
    _find_ahead(fast, masks, n_bars, place, totals)
    _look_ahead(totals, prices.padded, batch, first_bar, n, n_lanes)
    # taken out of their tuples before the loop (`splice`)
    table, own, words, nexts = totals.table, totals.own, totals.words, totals.nexts
    changes, marked, ends, shares = (
        totals.changes,
        totals.marked,
        here.marks.ends,
        here.marks.factors,
    )
    for side in range(2):
        first = batch * OWN + side * SIDE
        own[first + AVAILABLE * LANES : first + (AVAILABLE + 1) * LANES] = 1.0
        own[first + ASIDE * LANES : first + (ASIDE + 1) * LANES] = 0.0
    first, mark = 0, here.first
    for r in range(n + 1):
        stop = changes[r] if r < n else n_here
        low = high = closes[first]
        for i in range(first + 1, min(stop + 1, n_here)):
            low, high = min(low, closes[i]), max(high, closes[i])
        _note_extremes(own, batch, low, high, law, n_lanes)
        _aim(own, nexts, batch, r, law, n_lanes)
        _write_entries(table, own, batch, (first, stop), inverses, law, n_lanes)
        # a trade that ends at a change is closed there, before the row turns
        exits = (first + (r > 0), min(stop + 1, n_here))
        _write_exits(table, own, batch, exits, closes, law, n_lanes)
        while mark < here.stop and ends[mark] + 1 - first_bar <= stop:
            price = prices.padded[ends[mark]]
            _write_mark(own, marked, batch, mark - here.first, price, shares, law, n_lanes)
            mark += 1
        if r < n:
            _turn(own, words, batch, stop, closes[stop], factors, law, n_lanes)
        first = stop
