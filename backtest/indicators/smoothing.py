"""Exponential smoothing and what is built from it alone.

An average is carried as its lag, the distance from the value that it follows:
`lag = (1-alpha) (lag - change)`. On a constant series that is exactly 0 from the start, and behind
a move it fades with all its digits, where a level would come to rest some roundings off the value:
signs and quotients of such distances would be made of rounding (docs/ties.md).

In all kernels `x` and `out` are shape (n_bars,) float64 and `out` is overwritten; there is no
warm-up, because the first value is its own average.
"""

import numpy as np

from backtest.indicators.primitives import difference, true_range, true_ranges
from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray

# A multiple of the four bars that are smoothed at once.
_CHUNK_BARS = 1024
# Bars that the processor looks ahead over while a recursion waits.
_FEW_BARS = 64


@kernel("void(float64[::1], float64, float64[::1])")
def smooth(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """Exponential smoothing `y = alpha*x + (1-alpha)*y`, seeded with the first finite value.

    NaN gives NaN, and the next finite value is a new seed. Equals pandas
    `ewm(alpha=alpha, adjust=False).mean()` but for the last digits, and a constant exactly.
    """
    n_bars = len(x)
    kept = 1.0 - alpha
    t = 0
    while t < n_bars:
        before = out[t] = x[t]
        lag = x[t] - x[t]
        t += 1
        values, to = x[t:], out[t:]
        for i in range(len(values)):
            if np.isnan(lag):
                break
            lag = kept * lag - kept * (values[i] - before)
            before = values[i]
            to[i] = before + lag
            t += 1


@kernel("void(float64[::1], float64, float64[::1])")
def smooth_lag(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """How far `smooth` is above the value that it follows."""
    n_bars = len(x)
    kept = 1.0 - alpha
    t = 0
    while t < n_bars:
        before = x[t]
        lag = out[t] = x[t] - x[t]
        t += 1
        values, to = x[t:], out[t:]
        for i in range(len(values)):
            if np.isnan(lag):
                break
            lag = to[i] = kept * lag - kept * (values[i] - before)
            before = values[i]
            t += 1


@kernel("void(float64[::1], float64, float64, float64, float64[::1], float64[::1], float64[::1])")
def smooth_two_lags(
    x: FloatArray,
    alpha: float,
    other_alpha: float,
    size: float,
    out: FloatArray,
    other_out: FloatArray,
    apart: FloatArray,
) -> None:
    """`smooth_lag` with two weights at once, hardly slower than one alone, and `differ` of both."""
    n_bars = len(x)
    kept, other_kept = 1.0 - alpha, 1.0 - other_alpha
    lag = other_lag = np.nan
    for start in range(0, n_bars, _FEW_BARS):
        values, between = x[start : start + _FEW_BARS], apart[start : start + _FEW_BARS]
        to, other_to = out[start : start + _FEW_BARS], other_out[start : start + _FEW_BARS]
        before = x[max(start - 1, 0)]
        for i in range(len(values)):
            change = values[i] - before
            lag = to[i] = kept * lag - kept * change
            other_lag = other_to[i] = other_kept * other_lag - other_kept * change
            before = values[i]
            if np.isnan(lag):
                lag = other_lag = to[i] = other_to[i] = before - before
        for i in range(len(values)):
            between[i] = difference(to[i], other_to[i]) * size


@kernel("void(float64[::1], float64[::1], float64, float64[::1])")
def differ(lag: FloatArray, other_lag: FloatArray, size: float, out: FloatArray) -> None:
    """`difference` of two series in ticks, times the size of a tick."""
    for t in range(len(out)):
        out[t] = difference(lag[t], other_lag[t]) * size


@inline
def _smooth_on(x: FloatArray, alpha: float, level: float, first: int, out: FloatArray) -> float:
    """Carry a smoothing on from its last level, NaN where there is none; returns the new one.

    Groups of four begin at `first` and stay in step with it behind a NaN, so that a series which
    is handed over in parts gives the bits of the whole.
    """
    n_bars = len(x)
    kept = 1.0 - alpha
    kept_2 = kept * kept
    kept_3 = kept_2 * kept
    kept_4 = kept_2 * kept_2
    t = 0
    while t < n_bars:
        if np.isnan(level):
            level = out[t] = x[t]
            t += 1
        n_groups = 0 if (t - first) % 4 else (n_bars - t) // 4
        x_groups = x[t : t + 4 * n_groups].reshape(n_groups, 4)
        out_groups = out[t : t + 4 * n_groups].reshape(n_groups, 4)
        for i in range(n_groups):
            values, to = x_groups[i], out_groups[i]
            added = alpha * values[0]
            added_2 = kept * added + alpha * values[1]
            added_3 = kept * added_2 + alpha * values[2]
            level_4 = kept_4 * level + (kept * added_3 + alpha * values[3])
            if np.isnan(level_4):
                break
            to[0] = kept * level + added
            to[1] = kept_2 * level + added_2
            to[2] = kept_3 * level + added_3
            to[3] = level = level_4
            t += 4
        base, added, fade = level, 0.0, 1.0
        while t < n_bars and not np.isnan(level):
            added = kept * added + alpha * x[t]
            fade *= kept
            level = out[t] = fade * base + added
            t += 1
            if (t - first) % 4 == 0:
                break
    return level


@kernel("void(float64[::1], float64, float64[::1])")
def smooth_by_fours(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """What `smooth` gives, but for the last digits, in a third of the time.

    The recursion is bound by its latency, so this one carries the level over four bars at once.
    The bars of a group round differently: on a constant series the result changes between
    neighbouring numbers. Hence this is only for averages that are used for their size or compared
    by a rule, which rounds.
    """
    _smooth_on(x, alpha, np.nan, 1, out)


@kernel("void(float64[::1], float64[::1], float64[::1], float64, float64, float64[::1])")
def average_true_range(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    size: float,
    alpha: float,
    out: FloatArray,
) -> None:
    """`smooth_by_fours` of the true ranges, which never leave the nearest cache."""
    if len(high) == 0:
        return
    ranges = np.empty(_CHUNK_BARS + 1)
    level = out[0] = (high[0] - low[0]) * size
    for start in range(0, len(high) - 1, _CHUNK_BARS):
        stop = start + _CHUNK_BARS + 1
        highs, lows, closes = high[start:stop], low[start:stop], close[start:stop]
        n_bars = len(highs)
        true_range(highs, lows, closes, size, ranges[:n_bars])
        level = _smooth_on(ranges[1:n_bars], alpha, level, 0, out[start + 1 : start + n_bars])


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


def ema_lag(series: Series, source: str, window: int) -> FloatArray:
    """How far the exponential moving average is above the source, in ticks."""
    x = series.ticks(source).counts
    out = np.empty_like(x)
    smooth_lag(x, ema_alpha(window), out)
    return out


def emas_apart(
    series: Series, source: str, window: int, other_window: int, size: float
) -> tuple[FloatArray, FloatArray]:
    """Difference of two exponential moving averages, a new array, and the lag of the second.

    The difference is that in ticks times `size`. One pass makes all of it unless both lags are
    remembered.
    """
    lag, other = (
        series.recall(ema_lag, source, window),
        series.recall(ema_lag, source, other_window),
    )
    x = series.ticks(source).counts
    apart = np.empty_like(x)
    if (lag is not None and other is not None) or window == other_window:
        other = series.shared(ema_lag, source, other_window)
        differ(series.shared(ema_lag, source, window), other, size, apart)
        return apart, other
    made, other_made = np.empty_like(x), np.empty_like(x)
    smooth_two_lags(x, ema_alpha(window), ema_alpha(other_window), size, made, other_made, apart)
    if lag is None:
        series.remember(made, ema_lag, source, window)
    if other is None:
        other = series.remember(other_made, ema_lag, source, other_window)
    return apart, other


def rma(series: Series, source: str, window: int) -> FloatArray:
    """Wilder's moving average, smoothing with `1 / window`, defined from the first bar."""
    out = np.empty_like(series[source])
    smooth_by_fours(series[source], 1.0 / window, out)
    return out


def atr(series: Series, window: int) -> FloatArray:
    """Average true range: Wilder's moving average of the true range."""
    out = np.empty_like(series["close"])
    if series.is_asked_again(atr):
        smooth_by_fours(series.shared(true_ranges), 1.0 / window, out)
    else:
        high, low, close = (series.ticks(name) for name in ("high", "low", "close"))
        average_true_range(high.counts, low.counts, close.counts, close.size, 1.0 / window, out)
    return out
