"""Comparisons of float32 series, straight to bit rows.

Both sides of a comparison are rounded to float32 first, but for running sums, and a side that is
not finite makes it false (docs/signals.md). Bits cover the target slice: bit `i % 64` of word
`i // 64` is bar `start + i`. Masks of bytes come first because the compiler turns those loops into
vector code.

See: docs/signals.md
"""

import numpy as np
from numpy.typing import NDArray

from backtest.jit import kernel
from backtest.types import FloatArray, IntArray, WordArray

NarrowArray = NDArray[np.float32]
MaskArray = NDArray[np.uint8]

INFINITE = np.float32(np.inf)
ABOVE, AT_LEAST, BELOW, AT_MOST = range(4)


@kernel("void(float64[::1], float32[::1])")
def narrow(values: FloatArray, out: NarrowArray) -> None:
    """Round to float32, nearest, ties to even; out of range becomes infinite.

    See: docs/signals.md
    """
    for i in range(values.shape[0]):
        out[i] = np.float32(values[i])


@kernel("void(float32[::1], float32[::1], uint8[::1])")
def greater(left: NarrowArray, right: NarrowArray, out: MaskArray) -> None:
    """`left > right` per bar, both finite.

    See: docs/signals.md
    """
    for i in range(out.shape[0]):
        a, b = left[i], right[i]
        out[i] = (a > b) & (abs(a) < INFINITE) & (abs(b) < INFINITE)


@kernel("void(float64[::1], float64[::1], float64, uint8[::1])")
def greater_sum(left: FloatArray, right: FloatArray, doubt: float, out: MaskArray) -> None:
    """`left > right` per bar by more than this part of the larger one, both finite."""
    for i in range(out.shape[0]):
        a, b = left[i], right[i]
        is_more = a - b > doubt * max(abs(a), abs(b))
        out[i] = is_more & (abs(a) < np.inf) & (abs(b) < np.inf)


@kernel("void(float32[::1], float64, int64, uint8[::1])")
def against_level(values: NarrowArray, wide_level: float, comparison: int, out: MaskArray) -> None:
    """`values` against one finite level, rounded first, by one of the comparisons above.

    See: docs/signals.md
    """
    level = np.float32(wide_level)
    if comparison == ABOVE:
        for i in range(out.shape[0]):
            out[i] = (values[i] > level) & (abs(values[i]) < INFINITE)
    elif comparison == AT_LEAST:
        for i in range(out.shape[0]):
            out[i] = (values[i] >= level) & (abs(values[i]) < INFINITE)
    elif comparison == BELOW:
        for i in range(out.shape[0]):
            out[i] = (values[i] < level) & (abs(values[i]) < INFINITE)
    else:
        for i in range(out.shape[0]):
            out[i] = (values[i] <= level) & (abs(values[i]) < INFINITE)


@kernel("void(float32[::1], uint8[::1])")
def finite(values: NarrowArray, out: MaskArray) -> None:
    """Whether a value is finite, per bar.

    See: docs/signals.md
    """
    for i in range(out.shape[0]):
        out[i] = abs(values[i]) < INFINITE


PACK_MULTIPLIER = np.uint64(0x0102040810204080)
BYTE_TOP = np.uint64(56)


@kernel("void(uint64[::1], uint64[::1])")
def pack(mask_words: WordArray, out: WordArray) -> None:
    """Bytes of 0 and 1, eight to a word, to bits, sixty-four to a word.

    Multiplying by the constant moves the low bit of byte `b` of a word to bit `56 + b`.

    Args:
        mask_words: Shape (8 * n_words,), the masks seen as words (little-endian).
        out: Out, shape (n_words,).

    See: docs/signals.md
    """
    for w in range(out.shape[0]):
        word = np.uint64(0)
        for b in range(8):
            byte = (mask_words[8 * w + b] * PACK_MULTIPLIER) >> BYTE_TOP
            word |= byte << np.uint64(8 * b)
        out[w] = word


@kernel("void(uint64[:, ::1], int64[::1], int64[::1], uint64[:, :, ::1])")
def neutralise(packed: WordArray, longs: IntArray, shorts: IntArray, out: WordArray) -> None:
    """Bit rows of signals from packed conditions; a bar that is long and short is neither.

    Args:
        packed: Shape (n_conditions, n_words).
        longs: Shape (n,), the long condition of each row; `shorts` the short one.
        shorts: See `longs`.
        out: Out, shape (n, 2, n_words).

    See: docs/signals.md
    """
    for n in range(out.shape[0]):
        long, short = packed[longs[n]], packed[shorts[n]]
        for w in range(out.shape[2]):
            out[n, 0, w] = long[w] & ~short[w]
            out[n, 1, w] = short[w] & ~long[w]
