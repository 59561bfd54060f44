"""Segments of slow signals, one after the other, and what is open where blocks of a ledger end.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import NamedTuple

import numpy as np

from backtest.engine.bits.bitops import ONE, TOP, WORD_BITS, ZERO, trailing_zeros
from backtest.engine.bits.combine import BitRows
from backtest.engine.bits.edges import edges_of, side_at
from backtest.engine.blocks.marks import MarksWithin, bars_after
from backtest.engine.money.account import Terms
from backtest.engine.money.prices import Prices
from backtest.engine.scoring.pair_marks import Ledgers, worth_at
from backtest.engine.scoring.running_totals import (
    BLOCK_BARS,
    BLOCK_WORDS,
    ROW,
    SIDE_ROWS,
    account_after,
    bits_within,
    law_of,
)
from backtest.jit import inline
from backtest.types import FloatArray, IntArray, WordArray

_U = np.uint64


class Slow(NamedTuple):
    """Segments of slow signals that end in a block of bars.

    `segments`, three numbers each, are where the table has the entry and the exit, and the bar of
    the exit; `wholes`, two numbers each, what a trade over the whole segment makes of an account.
    Both are flat. `firsts`, shape (n_outer + 1,), is the first of each signal. The rest, shape
    (n_outer,), is the side before the block and after it, of what is open then its bar in the block
    and one over its price, and how many segments there were before.

    See: docs/scoring.md
    """

    segments: IntArray
    wholes: FloatArray
    firsts: IntArray
    side_before: WordArray
    side_after: WordArray
    opened: IntArray
    inverses: FloatArray
    counts: IntArray


@inline
def new_slow(n: int) -> Slow:
    """Room for `n` signals before the first bar.

    See: docs/scoring.md
    """
    # a place more, for what is written before it is known to count
    room = n * BLOCK_BARS + 1
    before, after = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    firsts, opened, inverses = np.zeros(n + 1, np.int64), np.zeros(n, np.int64), np.zeros(n)
    return Slow(
        np.empty(3 * room, np.int64), np.empty(2 * room, np.float64), firsts, before, after,
        opened, inverses, np.zeros(n, np.int64),
    )  # fmt: skip


@inline
def find_slow(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, first_word: int, slow: Slow,
    here: MarksWithin, ledgers: Ledgers,
) -> None:  # fmt: skip
    """Segments of all slow signals that end in a block of the table; blocks come in their order.

    Args:
        rows: The run's bit rows.
        outer_ids: Shape (n_outer, n_slow): slow rows to combine for each outer variant.
        prices: Prices of the target slice.
        terms: The account's terms.
        first_word: The first word of the block.
        slow: Out.
        here: The marks whose next bar is in the block.
        ledgers: Out, what is open at these marks.

    See: docs/scoring.md, docs/ledger.md
    """
    n_bars, n_words, n_outer = prices.close.shape[0], rows.fast.shape[2], outer_ids.shape[0]
    bits, masks, factors, law = rows.slow, rows.side_masks, terms.factors, law_of(terms)
    segments, wholes, firsts = slow.segments, slow.wholes, slow.firsts
    before, after, opened, inverses = slow.side_before, slow.side_after, slow.opened, slow.inverses
    close, inverse, shares = prices.padded, prices.inverse, here.marks.factors
    ended, places, worths = ledgers.ended, ledgers.places, ledgers.worths
    n, after_marks = 0, (bars_after(here, first_word), bars_after(here, first_word + 1))
    for o in range(n_outer):
        slow.counts[o] += firsts[o + 1] - firsts[o]
    for o in range(n_outer):
        side, entry_inverse, start = after[o], inverses[o], BLOCK_BARS
        before[o], firsts[o], mark = side, n, o
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
            marked = after_marks[v]
            todo = edges | marked
            while todo != ZERO:
                bit = trailing_zeros(todo)
                todo &= todo - ONE
                i = w * WORD_BITS + bit
                row = (np.int64(side) - 1) * SIDE_ROWS
                if (marked >> _U(bit)) & ONE != ZERO:
                    ended[mark], places[mark] = n, (row + start) * ROW if side != ZERO else -1
                    worths[mark] = worth_at(close[i - 1] * entry_inverse, side, shares, law)
                    mark += n_outer
                    if (edges >> _U(bit)) & ONE == ZERO:
                        continue
                gain = factors[0, side] - 1.0 + factors[1, side] * (close[i] * entry_inverse)
                stop = v * WORD_BITS + bit
                segments[3 * n], segments[3 * n + 1] = (row + start) * ROW, (row + stop) * ROW
                segments[3 * n + 2] = i
                wholes[2 * n], wholes[2 * n + 1] = account_after(gain, law)
                n += side != ZERO
                side, entry_inverse = side_at(long_word, short_word, bit), inverse[i]
                start = stop
        after[o], inverses[o], opened[o] = side, entry_inverse, start
    firsts[n_outer] = n
