"""AND is the aggregation: the strategy's bit rows from those of its indicators.

See: docs/signals.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.bits.bitops import ONE, TOP, ZERO, count_ones
from backtest.jit import kernel
from backtest.types import IntArray, WordArray


class BitRows(NamedTuple):
    """The bit rows of a run that variants are combined from.

    `slow`, shape (n_rows, 2, n_words), are all rows of all indicators but one; `fast`, shape
    (n_fast, 2, n_words), are rows of that one, which may be made in blocks. Long before short.
    `side_masks`, shape (2,), are all ones for an allowed side, zero for a forbidden one.

    See: docs/signals.md
    """

    slow: Annotated[WordArray, "uint64[:, :, ::1]"]
    fast: Annotated[WordArray, "uint64[:, :, ::1]"]
    side_masks: Annotated[WordArray, "uint64[::1]"]


@kernel("void(BitRows, int64[::1], uint64[:, ::1])")
def combine_slow(rows: BitRows, slow_ids: IntArray, out: WordArray) -> None:
    """AND of some slow rows, under the sides that may be entered.

    Args:
        rows: The run's bit rows.
        slow_ids: Which of the slow ones; none at all leaves the masks.
        out: Out, shape (2, n_words).

    See: docs/signals.md
    """
    slow, side_masks = rows.slow, rows.side_masks
    for side in range(2):
        for w in range(out.shape[1]):
            out[side, w] = side_masks[side]
        for r in slow_ids:
            for w in range(out.shape[1]):
                out[side, w] &= slow[r, side, w]


@kernel("void(BitRows, int64[:, ::1], int64[::1], uint64[:, :, ::1])")
def combine_chosen(rows: BitRows, slow_ids: IntArray, fast_ids: IntArray, out: WordArray) -> None:
    """Bit rows of chosen variants, under the sides that may be entered.

    Args:
        rows: The run's bit rows.
        slow_ids: Shape (n, n_slow): slow rows of each variant.
        fast_ids: Shape (n,): fast row of each.
        out: Out, shape (n, 2, n_words).

    See: docs/signals.md
    """
    for m in range(out.shape[0]):
        combine_slow(rows, slow_ids[m], out[m])
        fast = rows.fast[fast_ids[m]]
        for side in range(2):
            for w in range(out.shape[2]):
                out[m, side, w] &= fast[side, w]


@kernel("void(BitRows, int64[:, ::1], int64[::1], int64[::1])")
def count_runs_of(rows: BitRows, slow_ids: IntArray, fast_ids: IntArray, out: IntArray) -> None:
    """How often the combined signals of chosen variants set in, each side by itself.

    Args:
        rows: The run's bit rows.
        slow_ids: Shape (n, n_slow): slow rows of each variant.
        fast_ids: Shape (n,): fast row of each.
        out: Out, shape (n,).

    See: docs/ranking.md
    """
    outer = np.empty((2, rows.fast.shape[2]), np.uint64)
    for m in range(out.shape[0]):
        combine_slow(rows, slow_ids[m], outer)
        row = rows.fast[fast_ids[m]]
        out[m] = 0
        for side in range(2):
            carry = ZERO
            for w in range(outer.shape[1]):
                word = outer[side, w] & row[side, w]
                out[m] += count_ones(word & ~((word << ONE) | carry))
                carry = word >> TOP
