"""Moving averages: every output is a price, compared with the source it averages."""

from math import isqrt

import numpy as np

from backtest.indicators import smoothing, sums
from backtest.indicators.series import Series
from backtest.indicators.smoothing import ema_alpha, smooth
from backtest.indicators.sums import weighted_mean
from backtest.jit import kernel
from backtest.types import FloatArray


@kernel("void(float64[::1], float64, float64[::1])")
def smooth_twice(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """Twice the exponential average less the average of that.

    Both are seeded with the first finite value and carried as lags: the first behind `x`, the
    second behind the first. One pass, because the two recursions overlap in the processor and take
    hardly longer than one.

    Args:
        x: Values, shape (n_bars,).
        alpha: Weight of the newest value in each average.
        out: Shape (n_bars,), NaN where `x` is, overwritten.
    """
    n_bars = len(x)
    kept = 1.0 - alpha
    t = 0
    while t < n_bars:
        before = out[t] = x[t]
        once = twice = x[t] - x[t]
        t += 1
        values, to = x[t:], out[t:]
        for i in range(len(values)):
            if np.isnan(once):
                break
            once = kept * once - kept * (values[i] - before)
            twice = alpha * once + kept * twice
            before = values[i]
            to[i] = before + (once - twice)
            t += 1


@kernel("void(float64[::1], float64, float64[::1])")
def smooth_thrice(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """As `smooth_twice`: three averages less three averages of those, plus the average of these.

    The second lag is carried in parts of `alpha`, the third in those of its square, which saves a
    multiplication of each.
    """
    n_bars = len(x)
    kept, double, square = 1.0 - alpha, 2.0 * alpha, alpha * alpha
    t = 0
    while t < n_bars:
        before = out[t] = x[t]
        once = twice = thrice = x[t] - x[t]
        t += 1
        values, to = x[t:], out[t:]
        for i in range(len(values)):
            if np.isnan(once):
                break
            once = kept * once - kept * (values[i] - before)
            twice = once + kept * twice
            thrice = twice + kept * thrice
            before = values[i]
            to[i] = before + (once - double * twice + square * thrice)
            t += 1


@kernel("void(float64[::1], float64[::1])")
def overshoot(fast: FloatArray, slow: FloatArray) -> None:
    """Replace the slow average by the fast one, carried on by the distance between them."""
    for t in range(len(slow)):
        slow[t] = 2.0 * fast[t] - slow[t]


def sma(series: Series, *, source: str, window: int) -> FloatArray:
    """Simple moving average, defined from bar `window - 1`; TA-Lib SMA."""
    return sums.sma(series, source, window)


def ema(series: Series, *, source: str, window: int) -> FloatArray:
    """Exponential moving average, weight `2 / (window+1)`, defined from bar 0.

    TA-Lib EMA with another seed: the first value instead of the mean of the first `window`.
    """
    return smoothing.ema(series, source, window)


def rma(series: Series, *, source: str, window: int) -> FloatArray:
    """Wilder's moving average, weight `1 / window`, seeded with the first value (bar 0)."""
    return smoothing.rma(series, source, window)


def wma(series: Series, *, source: str, window: int) -> FloatArray:
    """Linearly weighted moving average, defined from bar `window - 1`; TA-Lib WMA."""
    return sums.wma(series, source, window)


def lwma(series: Series, *, source: str, window: int) -> FloatArray:
    """The linearly weighted moving average under its other name; equal to `wma` to the bit."""
    return wma(series, source=source, window=window)


def vwma(series: Series, *, window: int) -> FloatArray:
    """Close weighted by volume, from bar `window - 1`; NaN where the window has no volume."""
    return sums.vwap(series, "close", window)


def dema(series: Series, *, source: str, window: int) -> FloatArray:
    """Double exponential moving average, defined from bar 0; TA-Lib DEMA but for the seed.

    See: Mulloy, Technical Analysis of Stocks & Commodities 12:1, 1994.
    """
    out = np.empty_like(series[source])
    smooth_twice(series[source], ema_alpha(window), out)
    return out


def tema(series: Series, *, source: str, window: int) -> FloatArray:
    """Triple exponential moving average, defined from bar 0; TA-Lib TEMA but for the seed.

    See: Mulloy, Technical Analysis of Stocks & Commodities 12:1, 1994.
    """
    out = np.empty_like(series[source])
    smooth_thrice(series[source], ema_alpha(window), out)
    return out


def hma(series: Series, *, source: str, window: int) -> FloatArray:
    """Hull's moving average: a short weighted mean of a weighted mean with its lag taken out.

    Half and root of the window are rounded down. Defined from bar
    `window - 1 + floor(sqrt(window)) - 1`.
    """
    fast = sums.wma(series, source, max(1, window // 2))
    slow = sums.wma(series, source, window)
    overshoot(fast, slow)
    # a third array would have to be fetched from the system, which takes longer than this mean
    weighted_mean(slow, max(1, isqrt(window)), 1.0, fast)
    return fast


def zlema(series: Series, *, source: str, window: int) -> FloatArray:
    """Exponential average of the source plus its change over the lag of that average.

    The lag is `(window - 1) // 2` bars, which is also the first defined bar and the seed.

    See: Ehlers and Way, "Zero Lag (Well, Almost)", 2010.
    """
    x = series[source]
    lag = min((window - 1) // 2, len(x))
    ahead = x[lag:] - x[: len(x) - lag]
    ahead += x[lag:]
    out = np.full_like(x, np.nan)
    smooth(ahead, ema_alpha(window), out[lag:])
    return out
