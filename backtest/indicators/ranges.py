"""Where a price stands between the highest high and the lowest low of a window.

Both extremes are gathered as in `extremes`, in one pass that writes nothing but the result, so no
array of extremes is ever made. What differs between the kernels is handed to a function that makes
the step, because Numba does not cache kernels that take functions.

In all kernels arrays are shape (n_bars,) float64, `out` is overwritten, and NaN where fewer than
`window` bars are there or one of them has no high or low.
"""

from collections.abc import Callable

import numpy as np

from backtest.indicators.primitives import undefine
from backtest.jit import inline, kernel
from backtest.types import FloatArray

# A standing RSI trembles by about 1e-14; a range below this is a rounding artefact.
LEAST_RSI_RANGE = 1e-9
FISHER_LIMIT = 0.999

Placed = Callable[[float, float, float, float, float], float]
OverRanges = Callable[[FloatArray, FloatArray, FloatArray, int, FloatArray], None]


def over_ranges(place: Placed) -> OverRanges:
    """Turn `place(high, low, x, top, bottom)` into a step that writes it for every window.

    The step takes the values whose maximum is the top, those whose minimum is the bottom, those
    that have a place between the two, the window and `out`.
    """
    placed = inline(place)

    @inline
    def roll(
        high: FloatArray, low: FloatArray, x: FloatArray, window: int, out: FloatArray
    ) -> None:
        tops, next_tops = np.full(window + 1, -np.inf), np.full(window + 1, -np.inf)
        bottoms, next_bottoms = np.full(window + 1, np.inf), np.full(window + 1, np.inf)
        for start in range(0, len(x), window):
            highs, lows = high[start : start + window], low[start : start + window]
            values, to = x[start : start + window], out[start : start + window]
            tops_after, bottoms_after = tops[1:], bottoms[1:]
            count, last = np.uint64(len(to)), np.uint64(len(to) - 1)
            top = top_tail = -np.inf
            bottom = bottom_tail = np.inf
            for i in range(count):
                top, bottom = max(top, highs[i]), min(bottom, lows[i])
                highest, lowest = max(tops_after[i], top), min(bottoms_after[i], bottom)
                to[i] = placed(highs[i], lows[i], values[i], highest, lowest)
                top_tail = max(top_tail, highs[last - i])
                bottom_tail = min(bottom_tail, lows[last - i])
                next_tops[last - i], next_bottoms[last - i] = top_tail, bottom_tail
            tops, next_tops = next_tops, tops
            bottoms, next_bottoms = next_bottoms, bottoms
        undefine(high, window, out)
        undefine(low, window, out)

    return roll


@over_ranges
def _middle(_high: float, _low: float, _x: float, top: float, bottom: float) -> float:
    return (top + bottom) / 2.0


@kernel("void(float64[::1], float64[::1], int64, float64[::1])")
def rolling_middle(high: FloatArray, low: FloatArray, window: int, out: FloatArray) -> None:
    """Half the sum of the maximum of `high` and the minimum of `low` over `window` bars."""
    _middle(high, low, high, window, out)


@over_ranges
def _position(_high: float, _low: float, x: float, top: float, bottom: float) -> float:
    span = top - bottom
    return 100.0 * (x - bottom) / span if span > 0.0 else np.nan


@kernel("void(float64[::1], float64[::1], float64[::1], int64, float64[::1])")
def range_position(
    high: FloatArray, low: FloatArray, x: FloatArray, window: int, out: FloatArray
) -> None:
    """Place of `x` in the range of the window in percent; NaN without a range."""
    _position(high, low, x, window, out)


@over_ranges
def _position_of_strength(_high: float, _low: float, x: float, top: float, bottom: float) -> float:
    span = top - bottom
    return 100.0 * (x - bottom) / span if span > LEAST_RSI_RANGE else np.nan


@kernel("void(float64[::1], int64, float64[::1])")
def strength_position(strength: FloatArray, window: int, out: FloatArray) -> None:
    """Place of an RSI in its own range in percent; NaN where that is a rounding artefact."""
    _position_of_strength(strength, strength, strength, window, out)


@over_ranges
def _percent_range(_high: float, _low: float, x: float, top: float, bottom: float) -> float:
    span = top - bottom
    return -100.0 * ((top - x) / span) if span > 0.0 else np.nan


@kernel("void(float64[::1], float64[::1], float64[::1], int64, float64[::1])")
def percent_range(
    high: FloatArray, low: FloatArray, x: FloatArray, window: int, out: FloatArray
) -> None:
    """Distance of `x` below the top in percent of the range, negative; NaN without a range."""
    _percent_range(high, low, x, window, out)


@over_ranges
def _fisher_place(high: float, low: float, _: float, top: float, bottom: float) -> float:
    # two differences, so that a bar as long as the range has its middle in that of the range
    span = top - bottom
    if not span > 0.0:
        return np.nan
    place = ((high - top) + (low - bottom)) / span
    return min(max(place, -FISHER_LIMIT), FISHER_LIMIT)


@kernel("void(float64[::1], float64[::1], int64, float64[::1])")
def fisher_place(high: FloatArray, low: FloatArray, window: int, out: FloatArray) -> None:
    """Place of the middle of a bar in the range of the window, -1 at the bottom and 1 at the top.

    Kept within ±0.999; NaN without a range.
    """
    _fisher_place(high, low, high, window, out)
