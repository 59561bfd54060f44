"""Steps that hold for single bars, and what goes with every window.

In all kernels inputs and `out` are shape (n_bars,) float64 and `out` is overwritten.
"""

from collections.abc import Callable

import numpy as np

from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray


@kernel("void(float64[::1], int64, float64[::1])")
def undefine(x: FloatArray, window: int, out: FloatArray) -> None:
    """Write NaN wherever the last `window` values of `x` are too few or hold a NaN."""
    out[: window - 1] = np.nan
    n_undefined = 0
    for t in range(len(x)):
        n_undefined += np.isnan(x[t])
    if n_undefined > 0:
        for t in range(len(x)):
            if np.isnan(x[t]):
                out[t : t + window] = np.nan


@kernel("void(float64[::1], int64, float64[::1])")
def shift(x: FloatArray, n: int, out: FloatArray) -> None:
    """`x` of `n >= 0` bars ago; NaN for the first `n` bars."""
    out[:n] = np.nan
    for t in range(n, len(x)):
        out[t] = x[t - n]


@kernel("void(float64[::1], float64[::1], float64[::1], float64, float64[::1])")
def true_range(
    high: FloatArray, low: FloatArray, close: FloatArray, size: float, out: FloatArray
) -> None:
    """Wilder's true range of prices in ticks, times the size of a tick.

    The first bar, which has no previous close, has `high - low`.
    """
    if len(high) > 0:
        out[0] = (high[0] - low[0]) * size
    for t in range(1, len(high)):
        out[t] = (max(high[t], close[t - 1]) - min(low[t], close[t - 1])) * size


@inline
def quotient(numerator: float, denominator: float) -> float:
    """The quotient; NaN where the denominator is 0 or so small that the quotient overflows."""
    value = numerator / denominator if denominator != 0.0 else np.nan
    return value if abs(value) < np.inf else np.nan


# A difference that is smaller than its terms by this factor is what rounding left of a zero.
RESIDUE = 2.0**-40


@inline
def difference(first: float, second: float) -> float:
    """`first - second`, exactly 0 where nothing but rounding is left of it."""
    apart = first - second
    return 0.0 if abs(apart) <= RESIDUE * abs(first) else apart


@kernel("void(float64[::1], float64[::1], float64[::1])")
def divide(numerator: FloatArray, denominator: FloatArray, out: FloatArray) -> None:
    """Quotients; NaN where the denominator is 0 or so small that the quotient overflows.

    `out` may be one of the operands.
    """
    for t in range(len(numerator)):
        out[t] = quotient(numerator[t], denominator[t])


@kernel("void(float64[::1], float64[::1], float64[::1])")
def mean_of_two(first: FloatArray, second: FloatArray, out: FloatArray) -> None:
    """Half the sum of each pair."""
    for t in range(len(out)):
        out[t] = (first[t] + second[t]) / 2.0


@kernel("void(float64[::1], float64, float64[::1], float64[::1])")
def displace(base: FloatArray, mult: float, spread: FloatArray, out: FloatArray) -> None:
    """`base + mult * spread`."""
    for t in range(len(out)):
        out[t] = base[t] + mult * spread[t]


def rolled(roll: Callable[..., None], x: FloatArray, window: int, *scalars: float) -> FloatArray:
    """A new array with the outcome of a rolling kernel; `scalars` stand before `out`."""
    out = np.empty_like(x)
    roll(x, window, *scalars, out)
    return out


def displaced(base: FloatArray, mult: float, spread: FloatArray) -> FloatArray:
    """A new array with the outcome of `displace`."""
    out = np.empty_like(base)
    displace(base, mult, spread, out)
    return out


def true_ranges(series: Series) -> FloatArray:
    """True range of every bar."""
    high, low, close = (series.ticks(name).counts for name in ("high", "low", "close"))
    out = np.empty_like(close)
    true_range(high, low, close, series.ticks("close").size, out)
    return out
