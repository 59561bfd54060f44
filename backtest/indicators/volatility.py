"""Volatility: true range, dispersion of prices and of returns, Bollinger bands."""

from math import sqrt

import numpy as np

from backtest.indicators import dispersion, smoothing
from backtest.indicators.dispersion import deviation, offset, rolling_deviation
from backtest.indicators.primitives import difference, rolled, true_ranges
from backtest.indicators.series import Series
from backtest.indicators.sums import sma
from backtest.jit import inline, kernel
from backtest.types import FloatArray

# Up to here the series of six terms is as good as the logarithm: the next is 2^-60 of the first.
MOST_OF_SERIES = 2.0**-6


@inline
def _log_near(z: float) -> float:
    """Logarithm of `(1+z) / (1-z)` by the series of the inverse hyperbolic tangent."""
    y = z * z
    tail = 1.0 / 9.0 + y * (1.0 / 11.0)
    tail = 1.0 / 5.0 + y * (1.0 / 7.0 + y * tail)
    return 2.0 * (z + z * (y * (1.0 / 3.0 + y * tail)))


@kernel("void(float64[::1], float64[::1])")
def log_returns(x: FloatArray, out: FloatArray) -> None:
    """Logarithm of `x[t] / x[t-1]`; NaN at bar 0 and where either value is not positive.

    Equal but for the sign in both directions, to the last bit. The logarithm of a quotient near 1
    would keep the rounding of the quotient and lose the digits of the move; it is for moves of more
    than three percent only.

    Args:
        x: Prices, shape (n_bars,).
        out: Shape (n_bars,), overwritten.
    """
    out[:1] = np.nan
    n_far = 0
    for t in range(1, len(x)):
        z = (x[t] - x[t - 1]) / (x[t] + x[t - 1])
        n_far += abs(z) > MOST_OF_SERIES
        out[t] = _log_near(z) if min(x[t], x[t - 1]) > 0.0 else np.nan
    for t in range(1, len(x) if n_far > 0 else 0):
        z = (x[t] - x[t - 1]) / (x[t] + x[t - 1])
        if abs(z) > MOST_OF_SERIES and min(x[t], x[t - 1]) > 0.0:
            is_rise = x[t] > x[t - 1]
            out[t] = np.log(x[t] / x[t - 1]) if is_rise else -np.log(x[t - 1] / x[t])


@kernel("void(float64[::1], float64[::1], float64, float64[::1])")
def band_width(spread: FloatArray, basis: FloatArray, mult: float, out: FloatArray) -> None:
    """Distance between the bands `basis ± mult*spread` as a fraction of `basis`.

    Args:
        spread: Standard deviation, shape (n_bars,), at least 0.
        basis: Middle of the bands, shape (n_bars,).
        mult: Deviations from the middle to either band.
        out: Shape (n_bars,), NaN where the basis is 0, overwritten.
    """
    for t in range(len(spread)):
        out[t] = 2.0 * mult * spread[t] / basis[t] if basis[t] != 0.0 else np.nan


@kernel("void(float64[::1], float64[::1], float64, float64[::1])")
def band_position(apart: FloatArray, spread: FloatArray, mult: float, out: FloatArray) -> None:
    """Place of a price between its bands: 0 at the lower, 1 at the upper one.

    Args:
        apart: Distance of the price from the middle of the bands, shape (n_bars,).
        spread: Standard deviation, shape (n_bars,), at least 0.
        mult: Deviations from the middle to either band.
        out: Shape (n_bars,), NaN where the deviation is 0, exactly 0 where the price is off the
            lower band by no more than rounding, overwritten.
    """
    for t in range(len(spread)):
        reach = mult * spread[t]
        out[t] = difference(reach, -apart[t]) / (2.0 * reach) if reach != 0.0 else np.nan


def tr(series: Series) -> FloatArray:
    """True range, defined from bar 0; TA-Lib TRANGE, which leaves bar 0 undefined."""
    return series.shared(true_ranges)


def atr(series: Series, *, window: int) -> FloatArray:
    """Average true range, defined from bar 0, seeded with the first bar's range; TA-Lib ATR.

    See: Wilder, New Concepts in Technical Trading Systems, 1978.
    """
    return smoothing.atr(series, window)


def stddev(series: Series, *, source: str, window: int) -> FloatArray:
    """Population standard deviation, from bar `window - 1`; TA-Lib STDDEV."""
    return deviation(series, source, window)


def variance(series: Series, *, source: str, window: int) -> FloatArray:
    """Population variance, from bar `window - 1`; TA-Lib VAR."""
    return dispersion.variance(series, source, window)


def hv(series: Series, *, annualization: int, source: str, window: int) -> FloatArray:
    """Historical volatility: deviation of log returns in percent per year, from bar `window`.

    `annualization` counts bars per year. NaN while a price that is not positive is in reach.
    """
    returns = series.shared(_log_returns, source)
    return rolled(rolling_deviation, returns, window, 100.0 * sqrt(annualization))


def bbands(series: Series, *, source: str, window: int) -> FloatArray:
    """Middle Bollinger band, a simple moving average, from bar `window - 1`."""
    return sma(series, source, window)


def bbands_bandwidth(series: Series, *, mult: float, source: str, window: int) -> FloatArray:
    """Distance between the Bollinger bands as a fraction of the middle one; NaN where that is 0."""
    spread = series.shared(deviation, source, window)
    out = np.empty_like(spread)
    band_width(spread, series.shared(sma, source, window), mult, out)
    return out


def bbands_percent_b(series: Series, *, mult: float, source: str, window: int) -> FloatArray:
    """Place of the price between the Bollinger bands: 0 at the lower, 1 at the upper one.

    Unbounded; NaN where the deviation is 0. Defined from bar `window - 1`.
    """
    spread = series.shared(deviation, source, window)
    out = np.empty_like(spread)
    band_position(series.shared(offset, source, window), spread, mult, out)
    return out


def _log_returns(series: Series, source: str) -> FloatArray:
    x = series.ticks(source).counts
    out = np.empty_like(x)
    log_returns(x, out)
    return out
