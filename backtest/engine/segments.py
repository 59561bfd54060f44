"""Bit rows to segments: where a signal opens a position and where it would close it."""

import numpy as np

from backtest.engine.account import LONG, SHORT
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
        entries: Out, shape (>= n_bars,): first bar of each run.
        exits: Out: first bar after the run; `n_bars` if the run reaches the end.
        sides: Out: `LONG` or `SHORT`.

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
            if side != 0:
                exits[n - 1] = i
            shift = np.uint64(bit)
            if (long_word >> shift) & ONE:
                side = LONG
            elif (short_word >> shift) & ONE:
                side = SHORT
            else:
                side = 0
            if side != 0:
                entries[n] = i
                sides[n] = side
                n += 1
    if side != 0:
        exits[n - 1] = n_bars
    return n
