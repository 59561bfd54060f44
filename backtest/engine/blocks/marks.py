"""Where blocks end in a target slice, and bit rows that are cut there.

A walk along edges that stopped at the end of each block would pay for a guess of the processor's
that fails every time. So words are cut where blocks end: what a walk has reached at the beginning
of each word is kept without a question, and is looked at when the walk is over.

See: docs/ledger.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from itertools import pairwise
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.bits.bitops import ONE, TOP, WORD_BITS, ZERO
from backtest.engine.bits.edges import Word
from backtest.engine.blocks.ledger import block_ends
from backtest.engine.money.account import Terms
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray, WordArray


class Marks(NamedTuple):
    """Where blocks end and what a position is worth there.

    `ends`, shape (64,), are the blocks' last bars. Cut words are numbered through; `firsts`, shape
    (n_cut + 1,), are their first bars, and `stops`, shape (64,), the words after each block.
    `factors`, shape (2, 3), are offsets and slopes for flat, long and short: equity without the
    costs of leaving, over equity before the entry, is `offset + slope * close / close[entry]`.

    See: docs/ledger.md
    """

    ends: Annotated[IntArray, "int64[::1]"]
    firsts: Annotated[WordArray, "uint64[::1]"]
    stops: Annotated[IntArray, "int64[::1]"]
    factors: Annotated[FloatArray, "float64[:, ::1]"]


def marks_of(n_bars: int, terms: Terms) -> Marks:
    """The marks of a target slice of at least 64 bars.

    See: docs/ledger.md
    """
    ends = block_ends(n_bars)
    firsts = [np.arange(start, stop, WORD_BITS) for start, stop in pairwise((0, *(ends + 1)))]
    fee, slip = terms.fee_rate, terms.slip_rate
    offsets = (1.0, -fee, 2.0 - fee)
    slopes = (0.0, 1.0 / (1.0 + slip), -1.0 / (1.0 - slip))
    return Marks(
        ends=ends,
        firsts=np.concatenate([*firsts, [n_bars]]).astype(np.uint64),
        stops=np.cumsum([len(own) for own in firsts]),
        factors=np.array([offsets, slopes], np.float64),
    )


# Marks of a run without a ledger.
NO_MARKS = Marks(
    ends=np.empty(0, np.int64),
    firsts=np.empty(0, np.uint64),
    stops=np.empty(0, np.int64),
    factors=np.ones((2, 3)),
)


class MarksWithin(NamedTuple):
    """The marks `[first, stop)`: those whose next bar lies in a given range of bars.

    The last block's end is never among them: whatever is open there is closed.

    See: docs/ledger.md
    """

    marks: Marks
    first: int
    stop: int


@inline
def marks_within(marks: Marks, first: int, bar: int) -> MarksWithin:
    """The marks from `first` on whose next bar comes before `bar`, without the last block's end.

    See: docs/ledger.md
    """
    stop = first
    while stop < marks.ends.shape[0] - 1 and marks.ends[stop] + 1 < bar:
        stop += 1
    return MarksWithin(marks, first, stop)


@inline
def bars_after(within: MarksWithin, word: int) -> Word:
    """The bars of a word that follow a mark, as set bits; the word is not a cut one.

    See: docs/ledger.md (backtest/engine/scoring/slow_segments.py)
    """
    bits = ZERO
    for k in range(within.first, within.stop):
        place = within.marks.ends[k] + 1 - word * WORD_BITS
        if 0 <= place < WORD_BITS:
            bits |= ONE << np.uint64(place)
    return bits


@inline
def cut(row: WordArray, firsts: WordArray, out: WordArray) -> None:
    """Cut the words of a bit row where blocks end; the rest of a cut word repeats its last bar.

    Args:
        row: Shape (n_words,).
        firsts: Shape (n_cut + 1,), of `Marks`.
        out: Out, shape (n_cut,).

    See: docs/ledger.md
    """
    for c in range(out.shape[0]):
        first, n_bits = firsts[c], firsts[c + 1] - firsts[c]
        w, shift = first >> np.uint64(6), first & TOP
        word = row[w] >> shift
        if shift + n_bits > np.uint64(WORD_BITS):
            word |= row[w + ONE] << (np.uint64(WORD_BITS) - shift)
        # moved up and, with the sign, down again
        spare = np.int64(np.uint64(WORD_BITS) - n_bits)
        word <<= np.uint64(spare)
        word = np.uint64(np.int64(word) >> spare)
        out[c] = word


@kernel("void(uint64[:, :, ::1], uint64[::1], uint64[:, :, ::1])")
def cut_rows(rows: WordArray, firsts: WordArray, out: WordArray) -> None:
    """Bit rows cut where blocks end.

    Args:
        rows: Shape (n_rows, 2, n_words).
        firsts: Shape (n_cut + 1,), of `Marks`.
        out: Out, shape (n_rows, 2, n_cut).

    See: docs/ledger.md
    """
    for r in range(rows.shape[0]):
        for side in range(2):
            cut(rows[r, side], firsts, out[r, side])


@inline
def side_before(outer: WordArray, row: WordArray, word: int) -> Word:
    """The signal of `outer AND row` on the last bar before a cut word, as a number.

    Both rows are cut, shape (2, n_cut); `word` is above 0.

    See: docs/ledger.md
    """
    is_long = (outer[0, word - 1] & row[0, word - 1]) >> TOP
    is_short = (outer[1, word - 1] & row[1, word - 1]) >> TOP
    return is_long | (is_short << ONE)
