"""The windows and recursions that indicators are built from.

Every rolling kernel cuts the series into blocks as long as the window. A window then reaches over
one block boundary at most, so its total is a sum that ends at the boundary (the tail, gathered
backwards) plus a sum that begins there (the head, gathered forwards). That takes constant time per
bar, subtracts nothing, and therefore carries no rounding error from one block to the next; sums of
zeros are exactly zero and a NaN touches only the windows that contain it. The scheme is van Herk's
for extrema (Pattern Recognition Letters 13, 1992), applied to sums as well. Blocks are counted from
bar 0, so more bars never change a bit of the earlier values.

In all kernels `x` and `out` are shape (n_bars,) float64, `out` is overwritten, and the first
`window - 1` values are NaN.
"""

from collections.abc import Callable

import numpy as np

from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_sum(x: FloatArray, window: int, out: FloatArray) -> None:
    """Sum of the last `window` values; NaN where one of them is."""
    n_bars = len(x)
    last = window - 1
    tails, next_tails = np.full(window, np.nan), np.empty(window)
    for start in range(0, n_bars - last, window):
        block, to = x[start : start + window], out[start : start + window]
        head = tail = 0.0
        for i in range(last):
            head += block[i]
            to[i] = tails[i] + head
            tail += block[last - i]
            next_tails[last - 1 - i] = tail
        to[last] = head + block[last]
        tails, next_tails = next_tails, tails
    start = n_bars // window * window
    head = 0.0
    for i in range(n_bars - start):
        head += x[start + i]
        out[start + i] = tails[i] + head


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_mean(x: FloatArray, window: int, out: FloatArray) -> None:
    """Mean of the last `window` values; NaN where one of them is."""
    rolling_sum(x, window, out)
    count = float(window)
    for t in range(len(x)):
        out[t] /= count


@kernel("void(float64[::1], float64, float64[::1])")
def smooth(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """Exponential smoothing `y = alpha*x + (1-alpha)*y`, seeded with the first finite value.

    NaN gives NaN, and the next finite value is a new seed. Equals pandas
    `ewm(alpha=alpha, adjust=False).mean()` to the bit, and on a constant series comes to rest.
    """
    n_bars = len(x)
    kept = 1.0 - alpha
    t = 0
    while t < n_bars:
        level = x[t]
        out[t] = level
        t += 1
        while t < n_bars and not np.isnan(level) and not np.isnan(x[t]):
            level = alpha * x[t] + kept * level
            out[t] = level
            t += 1


@kernel("void(float64[::1], float64, float64[::1])")
def smooth_by_pairs(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """What `smooth` gives, but for the last digits, in half the time.

    The recursion is bound by its latency, so this one carries the level over two bars at once.
    Even and odd bars round differently: on a constant series the result alternates between two
    neighbouring numbers. That would make a sign out of noise in differences of two averages, hence
    this is only for averages that are used for their size.
    """
    n_bars = len(x)
    kept = 1.0 - alpha
    kept_twice = kept * kept
    t = 0
    while t < n_bars:
        level = x[t]
        out[t] = level
        t += 1
        while t + 1 < n_bars:
            added = alpha * x[t]
            added_twice = kept * added + alpha * x[t + 1]
            if np.isnan(level) or np.isnan(added_twice):
                break
            out[t] = kept * level + added
            level = kept_twice * level + added_twice
            out[t + 1] = level
            t += 2
        if t < n_bars and not np.isnan(level) and not np.isnan(x[t]):
            out[t] = kept * level + alpha * x[t]
            t += 1


@kernel("void(float64[::1], int64, float64[::1])")
def weighted_mean(x: FloatArray, window: int, out: FloatArray) -> None:
    """Mean with weights 1 (oldest) to `window` (newest); TA-Lib WMA."""
    n_bars = len(x)
    last = window - 1
    weights = window * (window + 1) / 2
    tails, next_tails = np.full(window, np.nan), np.empty(window)
    for start in range(0, n_bars - last, window):
        block, to = x[start : start + window], out[start : start + window]
        head = weighted_head = tail = weighted_tail = age = 0.0
        for i in range(last):
            age += 1.0
            head += block[i]
            weighted_head += age * block[i]
            to[i] = (tails[i] + weighted_head + (window - age) * head) / weights
            tail += block[last - i]
            weighted_tail += tail
            next_tails[last - 1 - i] = weighted_tail
        to[last] = (weighted_head + window * block[last]) / weights
        tails, next_tails = next_tails, tails
    start = n_bars // window * window
    head = weighted_head = age = 0.0
    for i in range(n_bars - start):
        age += 1.0
        head += x[start + i]
        weighted_head += age * x[start + i]
        out[start + i] = (tails[i] + weighted_head + (window - age) * head) / weights


@inline
def _variance(total: float, squares: float, share: float) -> float:
    """Population variance from the sums of deviations from any reference."""
    value = (squares - total * total * share) * share
    return max(value, 0.0)


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_variance(x: FloatArray, window: int, out: FloatArray) -> None:
    """Population variance (ddof 0) of the last `window` values, exactly 0 where all are equal.

    Deviations are taken from the value at the block boundary. It lies in the window, hence its
    squared distance from the mean is at most `window` variances, and the closing subtraction
    magnifies rounding errors by no more than that, however large the offset of the series.
    """
    n_bars = len(x)
    last = window - 1
    share = 1.0 / window
    tails, next_tails = np.full((2, window), np.nan), np.empty((2, window))
    reference = np.nan
    for start in range(0, n_bars - last, window):
        block, to = x[start : start + window], out[start : start + window]
        next_reference = block[last]
        head = squares_head = tail = squares_tail = 0.0
        for i in range(last):
            apart = block[i] - reference
            head += apart
            squares_head += apart * apart
            to[i] = _variance(tails[0, i] + head, tails[1, i] + squares_head, share)
            apart = block[last - i] - next_reference
            tail += apart
            squares_tail += apart * apart
            next_tails[0, last - 1 - i] = tail
            next_tails[1, last - 1 - i] = squares_tail
        apart = block[0] - next_reference
        to[last] = _variance(tail + apart, squares_tail + apart * apart, share)
        tails, next_tails = next_tails, tails
        reference = next_reference
    start = n_bars // window * window
    head = squares_head = 0.0
    for i in range(n_bars - start):
        apart = x[start + i] - reference
        head += apart
        squares_head += apart * apart
        out[start + i] = _variance(tails[0, i] + head, tails[1, i] + squares_head, share)


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_offset(x: FloatArray, window: int, out: FloatArray) -> None:
    """Distance of each value from the mean of the last `window` values.

    Formed from deviations like `rolling_variance`, so that it keeps the digits that a mean
    rounded to the size of the price would lose.
    """
    n_bars = len(x)
    last = window - 1
    share = 1.0 / window
    tails, next_tails = np.full(window, np.nan), np.empty(window)
    reference = np.nan
    for start in range(0, n_bars - last, window):
        block, to = x[start : start + window], out[start : start + window]
        next_reference = block[last]
        head = tail = 0.0
        for i in range(last):
            apart = block[i] - reference
            head += apart
            to[i] = apart - (tails[i] + head) * share
            tail += block[last - i] - next_reference
            next_tails[last - 1 - i] = tail
        to[last] = -(tail + (block[0] - next_reference)) * share
        tails, next_tails = next_tails, tails
        reference = next_reference
    start = n_bars // window * window
    head = 0.0
    for i in range(n_bars - start):
        apart = x[start + i] - reference
        head += apart
        out[start + i] = apart - (tails[i] + head) * share


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


@inline
def _rolling_extreme(x: FloatArray, sign: float, window: int, out: FloatArray) -> None:
    """Maximum (`sign` 1) or minimum (-1) of each window."""
    n_bars = len(x)
    last = window - 1
    tails, next_tails = np.empty(window), np.empty(window)
    for start in range(0, n_bars - last, window):
        block, to = x[start : start + window], out[start : start + window]
        head, tail = sign * block[0], sign * block[last]
        for i in range(last):
            value = sign * block[i]
            head = max(head, value)
            to[i] = sign * max(head, tails[i])
            value = sign * block[last - i]
            tail = max(tail, value)
            next_tails[last - 1 - i] = tail
        value = sign * block[last]
        to[last] = sign * max(head, value)
        tails, next_tails = next_tails, tails
    start = n_bars // window * window
    head = -np.inf
    for i in range(n_bars - start):
        value = sign * x[start + i]
        head = max(head, value)
        out[start + i] = sign * max(head, tails[i])
    undefine(x, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_max(x: FloatArray, window: int, out: FloatArray) -> None:
    """Maximum of the last `window` values; NaN where one of them is."""
    _rolling_extreme(x, 1.0, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_min(x: FloatArray, window: int, out: FloatArray) -> None:
    """Minimum of the last `window` values; NaN where one of them is."""
    _rolling_extreme(x, -1.0, window, out)


@inline
def _bars_since_extreme(x: FloatArray, sign: float, window: int, out: FloatArray) -> None:
    """Bars since the latest maximum (`sign` 1) or minimum (-1) of each window."""
    n_bars = len(x)
    tails, tails_at = np.empty(window), np.empty(window, np.int64)
    n_tails = 0
    for start in range(0, n_bars, window):
        stop = min(start + window, n_bars)
        head, head_at = sign * x[start], start
        for t in range(start, stop):
            value = sign * x[t]
            head_at = head_at if head > value else t
            head = max(value, head)
            i = t - start
            is_before = i < n_tails and tails[i] > head
            out[t] = t - (tails_at[i] if is_before else head_at)
        tail, tail_at = sign * x[stop - 1], stop - 1
        n_tails = stop - start - 1
        for t in range(stop - 1, start, -1):
            value = sign * x[t]
            tail_at = t if value > tail else tail_at
            tail = max(tail, value)
            tails[t - start - 1] = tail
            tails_at[t - start - 1] = tail_at
    undefine(x, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def bars_since_max(x: FloatArray, window: int, out: FloatArray) -> None:
    """Bars back to the latest maximum of the last `window` values, `0 … window-1`."""
    _bars_since_extreme(x, 1.0, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def bars_since_min(x: FloatArray, window: int, out: FloatArray) -> None:
    """Bars back to the latest minimum of the last `window` values, `0 … window-1`."""
    _bars_since_extreme(x, -1.0, window, out)


@kernel("void(float64[::1], int64, float64[::1])")
def shift(x: FloatArray, n: int, out: FloatArray) -> None:
    """`x` of `n >= 0` bars ago; NaN for the first `n` bars."""
    out[:n] = np.nan
    for t in range(n, len(x)):
        out[t] = x[t - n]


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1])")
def true_range(high: FloatArray, low: FloatArray, close: FloatArray, out: FloatArray) -> None:
    """Wilder's true range; the first bar, which has no previous close, has `high - low`."""
    if len(high) > 0:
        out[0] = high[0] - low[0]
    for t in range(1, len(high)):
        reach = high[t] - low[t]
        up = abs(high[t] - close[t - 1])
        down = abs(low[t] - close[t - 1])
        reach = max(reach, up)
        out[t] = max(reach, down)


@kernel("void(float64[::1], float64[::1], float64[::1])")
def divide(numerator: FloatArray, denominator: FloatArray, out: FloatArray) -> None:
    """Quotients; NaN where the denominator is 0 or so small that the quotient overflows.

    `out` may be one of the operands.
    """
    for t in range(len(numerator)):
        quotient = numerator[t] / denominator[t] if denominator[t] != 0.0 else np.nan
        out[t] = quotient if abs(quotient) < np.inf else np.nan


def rolled(
    roll: Callable[[FloatArray, int, FloatArray], None], x: FloatArray, window: int
) -> FloatArray:
    """A new array with the outcome of a rolling kernel."""
    out = np.empty_like(x)
    roll(x, window, out)
    return out


def smoothed(x: FloatArray, alpha: float) -> FloatArray:
    """A new array with the outcome of `smooth`."""
    out = np.empty_like(x)
    smooth(x, alpha, out)
    return out


def ema_alpha(window: int) -> float:
    """Weight of the newest value in an exponential moving average."""
    return 2.0 / (window + 1)


def ema(series: Series, source: str, window: int) -> FloatArray:
    """Exponential moving average, defined from the first bar."""
    return smoothed(series[source], ema_alpha(window))


def rma(series: Series, source: str, window: int) -> FloatArray:
    """Wilder's moving average, smoothing with `1 / window`, defined from the first bar."""
    return smoothed(series[source], 1.0 / window)


def total(series: Series, name: str, window: int) -> FloatArray:
    """Rolling sum."""
    return rolled(rolling_sum, series[name], window)


def sma(series: Series, source: str, window: int) -> FloatArray:
    """Simple moving average."""
    return rolled(rolling_mean, series[source], window)


def wma(series: Series, source: str, window: int) -> FloatArray:
    """Linearly weighted moving average."""
    return rolled(weighted_mean, series[source], window)


def variance(series: Series, source: str, window: int) -> FloatArray:
    """Population variance."""
    return rolled(rolling_variance, series[source], window)


def deviation(series: Series, source: str, window: int) -> FloatArray:
    """Population standard deviation."""
    out = rolled(rolling_variance, series[source], window)
    return np.sqrt(out, out=out)


def offset(series: Series, source: str, window: int) -> FloatArray:
    """Distance from the simple moving average."""
    return rolled(rolling_offset, series[source], window)


def highest(series: Series, name: str, window: int) -> FloatArray:
    """Rolling maximum."""
    return rolled(rolling_max, series[name], window)


def lowest(series: Series, name: str, window: int) -> FloatArray:
    """Rolling minimum."""
    return rolled(rolling_min, series[name], window)


def true_ranges(series: Series) -> FloatArray:
    """True range of every bar."""
    out = np.empty_like(series["close"])
    true_range(series["high"], series["low"], series["close"], out)
    return out


def atr(series: Series, window: int) -> FloatArray:
    """Average true range: Wilder's moving average of the true range."""
    out = np.empty_like(series["close"])
    smooth_by_pairs(series.shared(true_ranges), 1.0 / window, out)
    return out
