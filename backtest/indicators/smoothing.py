"""Exponential smoothing and what is built from it alone.

In all kernels `x` and `out` are shape (n_bars,) float64 and `out` is overwritten; there is no
warm-up, because the first value is its own average.
"""

import numpy as np

from backtest.indicators.primitives import true_ranges
from backtest.indicators.series import Series
from backtest.jit import kernel
from backtest.types import FloatArray


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


@kernel("void(float64[::1], float64, float64, float64[::1], float64[::1])")
def smooth_two(
    x: FloatArray, alpha: float, other_alpha: float, out: FloatArray, other_out: FloatArray
) -> None:
    """`smooth` with two weights at once, which takes hardly longer than with one."""
    n_bars = len(x)
    kept, other_kept = 1.0 - alpha, 1.0 - other_alpha
    t = 0
    while t < n_bars:
        level = other_level = x[t]
        out[t] = other_out[t] = level
        t += 1
        while t < n_bars and not np.isnan(level) and not np.isnan(x[t]):
            level = alpha * x[t] + kept * level
            other_level = other_alpha * x[t] + other_kept * other_level
            out[t] = level
            other_out[t] = other_level
            t += 1


@kernel("void(float64[::1], float64, float64[::1])")
def smooth_by_fours(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """What `smooth` gives, but for the last digits, in half the time.

    The recursion is bound by its latency, so this one carries the level over four bars at once.
    The bars of a group round differently: on a constant series the result changes between
    neighbouring numbers. That would make a sign out of noise in differences of two averages, hence
    this is only for averages that are used for their size or compared by a rule, which rounds.
    """
    n_bars = len(x)
    kept = 1.0 - alpha
    kept_2 = kept * kept
    kept_3 = kept_2 * kept
    kept_4 = kept_2 * kept_2
    t = 0
    while t < n_bars:
        level = x[t]
        out[t] = level
        t += 1
        while t + 3 < n_bars:
            added = alpha * x[t]
            added_2 = kept * added + alpha * x[t + 1]
            added_3 = kept * added_2 + alpha * x[t + 2]
            level_4 = kept_4 * level + (kept * added_3 + alpha * x[t + 3])
            if np.isnan(level_4):
                break
            out[t] = kept * level + added
            out[t + 1] = kept_2 * level + added_2
            out[t + 2] = kept_3 * level + added_3
            out[t + 3] = level = level_4
            t += 4
        added, fade = 0.0, 1.0
        while t < n_bars and not np.isnan(level) and not np.isnan(x[t]):
            added = kept * added + alpha * x[t]
            fade *= kept
            out[t] = fade * level + added
            t += 1


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


def ema_pair(
    series: Series, source: str, window: int, other_window: int
) -> tuple[FloatArray, FloatArray]:
    """Two exponential moving averages of one source, in one pass if neither is remembered."""

    def both() -> tuple[FloatArray, FloatArray]:
        out, other = np.empty_like(series[source]), np.empty_like(series[source])
        smooth_two(series[source], ema_alpha(window), ema_alpha(other_window), out, other)
        return out, other

    return series.shared_pair(both, ema, (source, window), (source, other_window))


def rma(series: Series, source: str, window: int) -> FloatArray:
    """Wilder's moving average, smoothing with `1 / window`, defined from the first bar."""
    out = np.empty_like(series[source])
    smooth_by_fours(series[source], 1.0 / window, out)
    return out


def atr(series: Series, window: int) -> FloatArray:
    """Average true range: Wilder's moving average of the true range."""
    out = np.empty_like(series["close"])
    smooth_by_fours(series.shared(true_ranges), 1.0 / window, out)
    return out
