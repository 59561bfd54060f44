"""First passage: the first bar after an entry whose close crosses a stop-loss or take-profit.

It depends on the entry bar, the side and the percent, never on the variant, so one table serves
every variant. Levels are formed exactly as the bar-by-bar rule does, and are monotone in the
percent, so percents in ascending order have passages in ascending order.

See: docs/first-passage.md
"""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.engine.money.account import LONG, SHORT, Terms
from backtest.jit import kernel
from backtest.types import FloatArray, IntArray

PassageArray = NDArray[np.int32]


class Passages(NamedTuple):
    """First-passage bars of stop-loss and take-profit, each shape (2, n_bars, n_levels).

    Long before short, levels ascending, `n_bars` where never reached. A kind that is disabled has
    one level that is never reached.

    See: docs/first-passage.md
    """

    stops: Annotated[PassageArray, "int32[:, :, ::1]"]
    profits: Annotated[PassageArray, "int32[:, :, ::1]"]


@kernel("void(float64[::1], float64, float64, float64[::1], int64[::1], int32[:, ::1])")
def first_crossings(
    close: FloatArray,
    sign: float,
    fill_factor: float,
    level_factors: FloatArray,
    stack: IntArray,
    out: PassageArray,
) -> None:
    """First bar after `i` whose close has crossed `close[i] * fill_factor * level_factor`.

    Walking backwards, `stack` holds the bars after `i` that are more extreme than every bar
    between (the records seen from `i`), the nearest on top; the answer is among them, and records
    grow more extreme from top to bottom, so it is found by halving.

    Args:
        close: Shape (n_bars,).
        sign: 1 where a level lies below and counts when `close <= level`, -1 for the mirror image.
        fill_factor: Entry fill over close.
        level_factors: Shape (n_levels,), ordered away from the entry.
        stack: Scratch, shape (n_bars,).
        out: Out, shape (n_bars, n_levels); `n_bars` where the level is never reached.

    See: docs/first-passage.md
    """
    n_bars = close.shape[0]
    depth = 0
    for i in range(n_bars - 1, -1, -1):
        fill = close[i] * fill_factor
        low = 0
        for k in range(level_factors.shape[0] - 1, -1, -1):
            level = sign * (fill * level_factors[k])
            high = depth
            while low < high:
                middle = (low + high) >> 1
                if sign * close[stack[middle]] <= level:
                    low = middle + 1
                else:
                    high = middle
            out[i, k] = stack[low - 1] if low > 0 else n_bars
        while depth > 0 and sign * close[stack[depth - 1]] >= sign * close[i]:
            depth -= 1
        stack[depth] = i
        depth += 1


def passage_table(
    close: FloatArray, terms: Terms, percents: FloatArray | None, *, is_stop: bool
) -> PassageArray:
    """First-passage bars of both sides for ascending percents.

    Args:
        close: Shape (n_bars,), the target slice.
        terms: The account's terms (`backtest.engine.money.account`).
        percents: Shape (n_levels,), ascending, >= 0; None for a disabled kind.
        is_stop: Stop-loss if true, take-profit otherwise.

    Returns:
        Shape (2, n_bars, n_levels) int32, long before short; `n_bars` where never reached.

    See: docs/first-passage.md
    """
    n_bars = len(close)
    if percents is None:
        return np.full((2, n_bars, 1), n_bars, np.int32)
    out = np.empty((2, n_bars, len(percents)), np.int32)
    stack = np.empty(n_bars, np.int64)
    slip = terms.slip_rate
    for side in (LONG, SHORT):
        is_long = side == LONG
        fill_factor = 1.0 + slip if is_long else 1.0 - slip
        is_below = is_long == is_stop
        factors = 1.0 - percents / 100.0 if is_below else 1.0 + percents / 100.0
        sign = 1.0 if is_below else -1.0
        first_crossings(close, sign, fill_factor, factors, stack, out[side - 1])
    return out
