"""Highest and lowest values of a window, and how long ago they were.

An extreme of `2 n` values is the better of two extremes of `n`, so a few passes that double the
reach cover any window; where it is no power of two, the last two overlap. Picking values does not
round, hence overlaps and order do no harm. Each pass is a plain loop that runs on vector registers,
over a chunk of bars that stays in the nearest cache. The place of an extreme does not fit such
loops; it is found by blocks as in `sums`.

In all kernels `x` and `out` are shape (n_bars,) float64, `out` is overwritten, and the first
`window - 1` values are NaN.
"""

import numpy as np

from backtest.indicators.primitives import rolled, undefine
from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray

_CHUNK_BARS = 512


@inline
def _chunk_bars(window: int) -> int:
    """How many results to form at once: each chunk needs the `window - 1` values before it."""
    return max(_CHUNK_BARS, 2 * window)


@inline
def _keep(first: FloatArray, second: FloatArray, sign: float, out: FloatArray) -> None:
    """The larger (`sign` 1) or the smaller (-1) of each pair."""
    if sign > 0.0:
        for i in range(len(out)):
            a, b = first[i], second[i]
            out[i] = max(b, a)
    else:
        for i in range(len(out)):
            a, b = first[i], second[i]
            out[i] = min(b, a)


@inline
def _rolling_extreme(x: FloatArray, sign: float, window: int, out: FloatArray) -> None:
    """Maximum (`sign` 1) or minimum (-1) of each window."""
    last = window - 1
    chunk = _chunk_bars(window)
    near, far = np.empty(chunk + last), np.empty(chunk + last)
    for start in range(0, len(x) - last, chunk):
        part = x[start : start + chunk + last]
        n = len(part) - 1
        to = out[start + last : start + len(part)]
        if window == 2:
            _keep(part[:n], part[1:], sign, to)
            continue
        _keep(part[:n], part[1:], sign, near[:n])
        reach = 2
        while 2 * reach < window:
            n -= reach
            _keep(near[:n], near[reach : reach + n], sign, far[:n])
            near, far = far, near
            reach *= 2
        step = window - reach
        n -= step
        _keep(near[:n], near[step : step + n], sign, to)
    undefine(x, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_max(x: FloatArray, window: int, out: FloatArray) -> None:
    """Maximum of the last `window >= 2` values; NaN where one of them is."""
    _rolling_extreme(x, 1.0, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_min(x: FloatArray, window: int, out: FloatArray) -> None:
    """Minimum of the last `window >= 2` values; NaN where one of them is."""
    _rolling_extreme(x, -1.0, window, out)


@kernel("void(float64[::1], float64[::1], int64, float64[::1])")
def rolling_middle(high: FloatArray, low: FloatArray, window: int, out: FloatArray) -> None:
    """Half the sum of the maximum of `high` and the minimum of `low` over `window >= 2` bars."""
    last = window - 1
    chunk = _chunk_bars(window)
    top, next_top = np.empty(chunk + last), np.empty(chunk + last)
    bottom, next_bottom = np.empty(chunk + last), np.empty(chunk + last)
    for start in range(0, len(high) - last, chunk):
        highs, lows = high[start : start + chunk + last], low[start : start + chunk + last]
        n = len(highs) - 1
        _keep(highs[:n], highs[1:], 1.0, top[:n])
        _keep(lows[:n], lows[1:], -1.0, bottom[:n])
        reach = 2
        while reach < window:
            step = min(reach, window - reach)
            n -= step
            _keep(top[:n], top[step : step + n], 1.0, next_top[:n])
            _keep(bottom[:n], bottom[step : step + n], -1.0, next_bottom[:n])
            top, next_top = next_top, top
            bottom, next_bottom = next_bottom, bottom
            reach += step
        to = out[start + last : start + last + n]
        for i in range(n):
            to[i] = (top[i] + bottom[i]) / 2.0
    undefine(high, window, out)
    undefine(low, window, out)


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
