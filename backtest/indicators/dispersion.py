"""How far the values of a window are from their mean and from each other.

The blocks are those of `sums`, but of deviations from a value of the window. In all kernels `x` and
`out` are shape (n_bars,) float64, `out` is overwritten, and the first `window - 1` values are NaN.
"""

from collections.abc import Callable

import numpy as np

from backtest.indicators.primitives import rolled
from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray

# Blocks of few bars are mostly boundaries; such windows are summed lag by lag on vector registers.
_FEW_BARS = 8
_CHUNK_BARS = 512


@inline
def _dispersion(total: float, squares: float, window: float, share: float, is_root: bool) -> float:
    """Population variance, or its root, from the sums of deviations from any reference.

    On whole numbers the difference is exact: windows that vary alike get the same bits. `share` is
    what one window, or its square where no root is taken, has of the result.
    """
    value = max(window * squares - total * total, 0.0)
    return np.sqrt(value) * share if is_root else value * share


@inline
def _share(window: int, size: float, is_root: bool) -> float:
    return size / window if is_root else size * size / (window * window)


@inline
def _dispersion_of_few(
    x: FloatArray, window: int, size: float, is_root: bool, out: FloatArray
) -> None:
    last = window - 1
    share = _share(window, size, is_root)
    out[:last] = np.nan
    totals, squares = np.empty(_CHUNK_BARS), np.empty(_CHUNK_BARS)
    for start in range(last, len(x), _CHUNK_BARS):
        newest, to = x[start : start + _CHUNK_BARS], out[start : start + _CHUNK_BARS]
        totals[:] = 0.0
        squares[:] = 0.0
        for lag in range(1, window):
            older = x[start - lag : start - lag + len(to)]
            for i in range(len(to)):
                apart = older[i] - newest[i]
                totals[i] += apart
                squares[i] += apart * apart
        for i in range(len(to)):
            to[i] = _dispersion(totals[i], squares[i], float(window), share, is_root)


@inline
def _rolling_dispersion(
    x: FloatArray, window: int, size: float, is_root: bool, out: FloatArray
) -> None:
    if window <= _FEW_BARS:
        _dispersion_of_few(x, window, size, is_root, out)
        return
    share = _share(window, size, is_root)
    tails, next_tails = np.full(window + 1, np.nan), np.empty(window + 1)
    squares_tails, next_squares_tails = np.full(window + 1, np.nan), np.empty(window + 1)
    totals = np.empty(window)
    reference = np.nan
    for start in range(0, len(x), window):
        block, to = x[start : start + window], out[start : start + window]
        after, squares_after = tails[1:], squares_tails[1:]
        count, last = np.uint64(len(block)), np.uint64(len(block) - 1)
        next_reference = block[last]
        head = squares_head = tail = squares_tail = 0.0
        for i in range(count):
            apart = block[i] - reference
            head += apart
            squares_head += apart * apart
            totals[i], to[i] = after[i] + head, squares_after[i] + squares_head
            apart = block[last - i] - next_reference
            tail += apart
            squares_tail += apart * apart
            next_tails[last - i], next_squares_tails[last - i] = tail, squares_tail
        if len(block) == window:
            totals[last], to[last] = tail, squares_tail
        for i in range(count):
            to[i] = _dispersion(totals[i], to[i], float(window), share, is_root)
        tails, next_tails = next_tails, tails
        squares_tails, next_squares_tails = next_squares_tails, squares_tails
        reference = next_reference


@kernel("void(float64[::1], int64, float64, float64[::1])")
def rolling_variance(x: FloatArray, window: int, size: float, out: FloatArray) -> None:
    """Population variance (ddof 0) of the last `window` values, exactly 0 where all are equal.

    The values are in ticks, `size` is that of a tick.

    Deviations are taken from one value of the window, that at the block boundary or the newest.
    Its squared distance from the mean is at most `window` variances, and the closing subtraction
    magnifies rounding errors by no more than that, however large the offset of the series.
    """
    _rolling_dispersion(x, window, size, False, out)


@kernel("void(float64[::1], int64, float64, float64[::1])")
def rolling_deviation(x: FloatArray, window: int, size: float, out: FloatArray) -> None:
    """Root of `rolling_variance`."""
    _rolling_dispersion(x, window, size, True, out)


@kernel("void(float64[::1], int64, float64, float64[::1])")
def rolling_offset(x: FloatArray, window: int, size: float, out: FloatArray) -> None:
    """Distance of each value from the mean of the last `window` values.

    Formed from deviations like `rolling_variance`, so that it keeps the digits that a mean
    rounded to the size of the price would lose, and is exactly 0 at the mean.
    """
    share = size / window
    tails, next_tails = np.full(window + 1, np.nan), np.empty(window + 1)
    reference = np.nan
    for start in range(0, len(x), window):
        block, to, after = x[start : start + window], out[start : start + window], tails[1:]
        count, last = np.uint64(len(block)), np.uint64(len(block) - 1)
        next_reference = block[last]
        head = tail = 0.0
        for i in range(count):
            apart = block[i] - reference
            head += apart
            to[i] = (window * apart - (after[i] + head)) * share
            tail += block[last - i] - next_reference
            next_tails[last - i] = tail
        if len(block) == window:
            to[last] = -tail * share
        tails, next_tails = next_tails, tails
        reference = next_reference


def variance(series: Series, source: str, window: int) -> FloatArray:
    """Population variance."""
    return _rolled(rolling_variance, series, source, window)


def deviation(series: Series, source: str, window: int) -> FloatArray:
    """Population standard deviation."""
    return _rolled(rolling_deviation, series, source, window)


def offset(series: Series, source: str, window: int) -> FloatArray:
    """Distance from the simple moving average."""
    return _rolled(rolling_offset, series, source, window)


def _rolled(roll: Callable[..., None], series: Series, source: str, window: int) -> FloatArray:
    x = series.ticks(source)
    return rolled(roll, x.counts, window, x.size)
