"""Highest and lowest values of a window, and how long ago they were.

The blocks are those of `sums`: a window's extreme is the better of those of a tail and a head.

In all kernels arrays are shape (n_bars,) float64, `out` is overwritten, and the first `window - 1`
values are NaN.
"""

from collections.abc import Callable

import numpy as np

from backtest.indicators.primitives import rolled, undefine
from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray

Better = Callable[[float, float], float]
Rolling = Callable[[FloatArray, int, FloatArray], None]


@inline
def _larger(first: float, second: float) -> float:
    return max(first, second)


@inline
def _smaller(first: float, second: float) -> float:
    return min(first, second)


def _rolling(better: Better, worst: float) -> Rolling:
    """A step that writes the best value of each window."""

    @inline
    def roll(x: FloatArray, window: int, out: FloatArray) -> None:
        tails, next_tails = np.full(window + 1, worst), np.full(window + 1, worst)
        for start in range(0, len(x), window):
            block, to, after = x[start : start + window], out[start : start + window], tails[1:]
            count, last = np.uint64(len(block)), np.uint64(len(block) - 1)
            head = tail = worst
            for i in range(count):
                head = better(head, block[i])
                to[i] = better(after[i], head)
                tail = better(tail, block[last - i])
                next_tails[last - i] = tail
            tails, next_tails = next_tails, tails
        undefine(x, window, out)

    return roll


_roll_max = _rolling(_larger, -np.inf)
_roll_min = _rolling(_smaller, np.inf)


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_max(x: FloatArray, window: int, out: FloatArray) -> None:
    """Maximum of the last `window` values; NaN where one of them is."""
    _roll_max(x, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_min(x: FloatArray, window: int, out: FloatArray) -> None:
    """Minimum of the last `window` values; NaN where one of them is."""
    _roll_min(x, window, out)


@inline
def _bars_since_extreme(x: FloatArray, sign: float, window: int, out: FloatArray) -> None:
    """Bars since the latest maximum (`sign` 1) or minimum (-1) of each window.

    Places are counted from the start of the block, those of the block before are negative.
    """
    tails, next_tails = np.full(window, -np.inf), np.full(window, -np.inf)
    tails_at, next_tails_at = np.zeros(window), np.zeros(window)
    for start in range(0, len(x), window):
        block, to = x[start : start + window], out[start : start + window]
        head, head_at = sign * block[0], 0.0
        for i in range(len(block)):
            value = sign * block[i]
            head_at = head_at if head > value else float(i)
            head = max(head, value)
            tail_at = tails_at[i]
            to[i] = i - (tail_at if tails[i] > head else head_at)
        tail, tail_at = sign * block[-1], -1.0
        for i in range(len(block) - 1, 0, -1):
            value = sign * block[i]
            tail_at = float(i - window) if value > tail else tail_at
            tail = max(tail, value)
            next_tails[i - 1] = tail
            next_tails_at[i - 1] = tail_at
        tails, next_tails = next_tails, tails
        tails_at, next_tails_at = next_tails_at, tails_at
    undefine(x, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def bars_since_max(x: FloatArray, window: int, out: FloatArray) -> None:
    """Bars back to the latest maximum of the last `window` values, `0 … window-1`."""
    _bars_since_extreme(x, 1.0, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def bars_since_min(x: FloatArray, window: int, out: FloatArray) -> None:
    """Bars back to the latest minimum of the last `window` values, `0 … window-1`."""
    _bars_since_extreme(x, -1.0, window, out)


def highest(series: Series, name: str, window: int) -> FloatArray:
    """Rolling maximum."""
    return rolled(rolling_max, series[name], window)


def lowest(series: Series, name: str, window: int) -> FloatArray:
    """Rolling minimum."""
    return rolled(rolling_min, series[name], window)
