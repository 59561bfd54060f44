"""AND is the aggregation: the strategy's bit rows from those of its indicators."""

from backtest.jit import kernel
from backtest.types import IntArray, WordArray


@kernel("void(uint64[:, :, ::1], int64[::1], uint64[::1], uint64[:, ::1])")
def combine(rows: WordArray, row_ids: IntArray, side_masks: WordArray, out: WordArray) -> None:
    """AND of several bit rows, under the sides that may be entered.

    Args:
        rows: Shape (n_rows, 2, n_words), long before short.
        row_ids: Which rows; none at all leaves the masks.
        side_masks: Shape (2,), all ones for an allowed side, zero for a forbidden one.
        out: Out, shape (2, n_words).
    """
    for side in range(2):
        for w in range(out.shape[1]):
            out[side, w] = side_masks[side]
        for r in row_ids:
            for w in range(out.shape[1]):
                out[side, w] &= rows[r, side, w]
