"""The windows and recursions that indicators are built from.

Every rolling kernel cuts the series into blocks as long as the window. A window then reaches over
one block boundary at most, so its total is a sum that ends at the boundary (the tail, gathered
backwards) plus a sum that begins there (the head, gathered forwards). That takes constant time per
bar, subtracts nothing, and therefore carries no rounding error from one block to the next; sums of
zeros are exactly zero and a NaN touches only the windows that contain it. The scheme is van Herk's
for extrema (Pattern Recognition Letters 13, 1992), applied to sums as well. Blocks are counted from
bar 0, so more bars never change a bit of the earlier values.

Head and tail are gathered in the same loop, from both ends of the block: two recursions that wait
for themselves take no longer than one. `tails[i]` is the tail from bar `i` of the block before; the
one after its last bar is empty. Places are unsigned, since Numba tests whether a signed one counts
from the end, which at four places per bar takes as long as the sums.

In all kernels `x` and `out` are shape (n_bars,) float64, `out` is overwritten, and the first
`window - 1` values are NaN.
"""

import numpy as np

from backtest.indicators.primitives import quotient, rolled
from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray

# Blocks of few bars are mostly boundaries; such windows are summed lag by lag on vector registers.
_FEW_BARS = 8
_CHUNK_BARS = 512


@inline
def _rolling_total(x: FloatArray, window: int, per: float, out: FloatArray) -> None:
    """Sum of the last `window` values, divided by `per`."""
    tails, next_tails = np.full(window + 1, np.nan), np.zeros(window + 1)
    tails[window] = 0.0
    for start in range(0, len(x), window):
        block, to, after = x[start : start + window], out[start : start + window], tails[1:]
        count, last = np.uint64(len(block)), np.uint64(len(block) - 1)
        head = tail = 0.0
        for i in range(count):
            head += block[i]
            to[i] = (after[i] + head) / per
            tail += block[last - i]
            next_tails[last - i] = tail
        tails, next_tails = next_tails, tails


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_sum(x: FloatArray, window: int, out: FloatArray) -> None:
    """Sum of the last `window` values; NaN where one of them is."""
    _rolling_total(x, window, 1.0, out)


@kernel("void(float64[::1], int64, float64, float64[::1])")
def rolling_mean(x: FloatArray, window: int, per_one: float, out: FloatArray) -> None:
    """Mean of the last `window` values, in units of which `per_one` make a 1; NaN where one is.

    The sum of whole numbers is exact, so the mean is the float64 next to the true one.
    """
    _rolling_total(x, window, window * per_one, out)


@inline
def _weighted_mean_of_few(x: FloatArray, window: int, per_one: float, out: FloatArray) -> None:
    last = window - 1
    weights = per_one * (window * (window + 1.0) / 2.0)
    out[:last] = np.nan
    for start in range(last, len(x), _CHUNK_BARS):
        to = out[start : start + _CHUNK_BARS]
        to[:] = 0.0
        for lag in range(last, -1, -1):
            older = x[start - lag : start - lag + len(to)]
            for i in range(len(to)):
                to[i] += (window - lag) * older[i]
        for i in range(len(to)):
            to[i] /= weights


@kernel("void(float64[::1], int64, float64, float64[::1])")
def weighted_mean(x: FloatArray, window: int, per_one: float, out: FloatArray) -> None:
    """Mean with weights 1 (oldest) to `window` (newest), in units as in `rolling_mean`."""
    if window <= _FEW_BARS:
        _weighted_mean_of_few(x, window, per_one, out)
        return
    weights = per_one * (window * (window + 1.0) / 2.0)
    tails, next_tails = np.full(window + 1, np.nan), np.zeros(window + 1)
    tails[window] = 0.0
    for start in range(0, len(x), window):
        block, to, after = x[start : start + window], out[start : start + window], tails[1:]
        count, last = np.uint64(len(block)), np.uint64(len(block) - 1)
        head = weighted_head = tail = weighted_tail = age = 0.0
        for i in range(count):
            age += 1.0
            head += block[i]
            weighted_head += age * block[i]
            to[i] = (after[i] + weighted_head + (window - age) * head) / weights
            tail += block[last - i]
            weighted_tail += tail
            next_tails[last - i] = weighted_tail
        tails, next_tails = next_tails, tails


@kernel("void(float64[::1], float64[::1], float64, int64, float64[::1])")
def rolling_ratio(x: FloatArray, y: FloatArray, scale: float, window: int, out: FloatArray) -> None:
    """`scale` times the sum of `x` per sum of `y` over the last `window` values.

    Both sums as in `rolling_sum`, the quotient as in `divide`.
    """
    tails, next_tails = np.full((2, window + 1), np.nan), np.zeros((2, window + 1))
    tails[:, window] = 0.0
    for start in range(0, len(x), window):
        xs, ys, to = x[start : start + window], y[start : start + window], out[start:]
        x_after, y_after = tails[0, 1:], tails[1, 1:]
        count, last = np.uint64(len(xs)), np.uint64(len(xs) - 1)
        x_head = x_tail = y_head = y_tail = 0.0
        for i in range(count):
            x_head += xs[i]
            y_head += ys[i]
            to[i] = scale * quotient(x_after[i] + x_head, y_after[i] + y_head)
            x_tail += xs[last - i]
            y_tail += ys[last - i]
            next_tails[0, last - i] = x_tail
            next_tails[1, last - i] = y_tail
        tails, next_tails = next_tails, tails


def ratio(x: FloatArray, y: FloatArray, window: int, scale: float = 1.0) -> FloatArray:
    """A new array with the outcome of `rolling_ratio`."""
    out = np.empty_like(x)
    rolling_ratio(x, y, scale, window, out)
    return out


@kernel("void(float64[::1], float64[::1], float64, int64, float64[::1])")
def weighted_price(
    price: FloatArray, volume: FloatArray, per_one: float, window: int, out: FloatArray
) -> None:
    """Mean price of the last `window` bars by volume, in units as in `rolling_mean`.

    Sums as in `rolling_sum`, but of distances from the price at the block boundary: where the price
    stood still, that price is the mean to the last bit. NaN where there is no volume. The quotients
    have a loop of their own, since vector registers take it.
    """
    tails, next_tails = np.full((2, window + 1), np.nan), np.zeros((2, window + 1))
    tails[:, window] = 0.0
    volumes_within = np.empty(window)
    reference = base = np.nan
    size = 1.0 / per_one
    for start in range(0, len(price), window):
        prices, volumes = price[start : start + window], volume[start : start + window]
        to, after, volume_after = out[start : start + window], tails[0, 1:], tails[1, 1:]
        count, last = np.uint64(len(prices)), np.uint64(len(prices) - 1)
        newest = prices[last]
        head = tail = volume_head = volume_tail = 0.0
        for i in range(count):
            head += (prices[i] - reference) * volumes[i]
            volume_head += volumes[i]
            to[i] = after[i] + head
            volumes_within[i] = volume_after[i] + volume_head
            tail += (prices[last - i] - newest) * volumes[last - i]
            volume_tail += volumes[last - i]
            next_tails[0, last - i] = tail
            next_tails[1, last - i] = volume_tail
        for i in range(count):
            to[i] = base + size * quotient(to[i], volumes_within[i])
        if len(prices) == window:
            to[last] = newest / per_one + size * quotient(tail, volume_tail)
        tails, next_tails = next_tails, tails
        reference, base = newest, newest / per_one


def vwap(series: Series, source: str, window: int) -> FloatArray:
    """Rolling mean price by volume."""
    x = series.ticks(source)
    out = np.empty_like(x.counts)
    weighted_price(x.counts, series["volume"], x.per_one, window, out)
    return out


def sma(series: Series, source: str, window: int) -> FloatArray:
    """Simple moving average."""
    x = series.ticks(source)
    return rolled(rolling_mean, x.counts, window, x.per_one)


def wma(series: Series, source: str, window: int) -> FloatArray:
    """Linearly weighted moving average."""
    x = series.ticks(source)
    return rolled(weighted_mean, x.counts, window, x.per_one)
