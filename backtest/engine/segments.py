"""Bit rows to segments: where a signal opens a position and where it would close it."""

import numpy as np

from backtest.engine.bitops import ONE, TOP, WORD_BITS, ZERO, trailing_zeros
from backtest.jit import kernel
from backtest.types import IntArray, WordArray


@kernel("int64(uint64[::1], uint64[::1], int64, int64[::1], int64[::1], int64[::1])")
def find_segments(
    longs: WordArray,
    shorts: WordArray,
    n_bars: int,
    entries: IntArray,
    exits: IntArray,
    sides: IntArray,
) -> int:
    """List the runs of a combined signal in the order of their entries.

    Args:
        longs: Shape (n_words,), bit `i % 64` of word `i // 64` set where bar `i` is long.
        shorts: The same for short; no bar is both. A forbidden side must be all zero.
        n_bars: Bars of the target slice; bits beyond are zero.
        entries: Out, shape (>= n_bars + 1,): first bar of each run. One place more than runs
            can be is scratch, in all three.
        exits: Out: first bar after the run; `n_bars` if the run reaches the end.
        sides: Out: `LONG` (1) or `SHORT` (2): the two bits of the signal as a number.

    Returns:
        The number of runs.
    """
    n = 0
    side = 0
    carry_long = ZERO
    carry_short = ZERO
    for w in range(longs.shape[0]):
        long_word = longs[w]
        short_word = shorts[w]
        edges = (long_word ^ ((long_word << ONE) | carry_long)) | (
            short_word ^ ((short_word << ONE) | carry_short)
        )
        carry_long = long_word >> TOP
        carry_short = short_word >> TOP
        while edges != ZERO:
            bit = trailing_zeros(edges)
            edges &= edges - ONE
            i = w * WORD_BITS + bit
            if i >= n_bars:
                break
            # stores without branches: the last place takes exits that nobody waits for
            exits[n - 1 if side != 0 else n_bars] = i
            shift = np.uint64(bit)
            side = np.int64(((long_word >> shift) & ONE) | (((short_word >> shift) & ONE) << ONE))
            entries[n] = i
            sides[n] = side
            n += side != 0
    if side != 0:
        exits[n - 1] = n_bars
    return n
