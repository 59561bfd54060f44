"""Exponential smoothing and what is built from it alone.

In all kernels `x` and `out` are shape (n_bars,) float64 and `out` is overwritten; there is no
warm-up, because the first value is its own average.
"""

import numpy as np

from backtest.indicators.primitives import true_range, true_ranges
from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray

# A multiple of the four bars that are smoothed at once.
_CHUNK_BARS = 1024


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


@kernel("void(float64[::1], float64, float64, float64[::1], float64[::1], float64[::1])")
def smooth_two(
    x: FloatArray,
    alpha: float,
    other_alpha: float,
    out: FloatArray,
    other_out: FloatArray,
    apart: FloatArray,
) -> None:
    """`smooth` with two weights at once and their difference, hardly slower than one alone."""
    n_bars = len(x)
    kept, other_kept = 1.0 - alpha, 1.0 - other_alpha
    t = 0
    while t < n_bars:
        level = other_level = x[t]
        out[t] = other_out[t] = level
        apart[t] = level - other_level
        t += 1
        while t < n_bars and not np.isnan(level):
            level = alpha * x[t] + kept * level
            other_level = other_alpha * x[t] + other_kept * other_level
            out[t] = level
            other_out[t] = other_level
            apart[t] = level - other_level
            t += 1


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
    neighbouring numbers. That would make a sign out of noise in differences of two averages, hence
    this is only for averages that are used for their size or compared by a rule, which rounds.
    """
    _smooth_on(x, alpha, np.nan, 1, out)


@kernel("void(float64[::1], float64[::1], float64[::1], float64, float64[::1])")
def average_true_range(
    high: FloatArray, low: FloatArray, close: FloatArray, alpha: float, out: FloatArray
) -> None:
    """`smooth_by_fours` of the true ranges, which never leave the nearest cache."""
    if len(high) == 0:
        return
    ranges = np.empty(_CHUNK_BARS + 1)
    level = out[0] = high[0] - low[0]
    for start in range(0, len(high) - 1, _CHUNK_BARS):
        stop = start + _CHUNK_BARS + 1
        highs, lows, closes = high[start:stop], low[start:stop], close[start:stop]
        n_bars = len(highs)
        true_range(highs, lows, closes, ranges[:n_bars])
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


def emas_apart(
    series: Series, source: str, window: int, other_window: int
) -> tuple[FloatArray, FloatArray]:
    """Difference of two exponential moving averages, a new array, and the second of them.

    One pass makes all of it unless both averages are remembered.
    """
    average, other = series.recall(ema, source, window), series.recall(ema, source, other_window)
    if (average is not None and other is not None) or window == other_window:
        other = series.shared(ema, source, other_window)
        return series.shared(ema, source, window) - other, other
    x = series[source]
    made, other_made, apart = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    smooth_two(x, ema_alpha(window), ema_alpha(other_window), made, other_made, apart)
    if average is None:
        series.remember(made, ema, source, window)
    if other is None:
        other = series.remember(other_made, ema, source, other_window)
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
        average_true_range(series["high"], series["low"], series["close"], 1.0 / window, out)
    return out
