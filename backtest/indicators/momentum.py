"""How fast and how far price moves: momentum indicators, primary outputs only.

Every public function takes a `Series` and the settings that its primary output depends on, and
returns shape (n_bars,) float64 in bar order; value `t` reads bars 0..t. NaN means warm-up or
undefined. The result may be remembered by the series, so callers must not write to it.

See: docs/indicators.md
"""

import numpy as np

from backtest.indicators.dispersion import rolling_offset
from backtest.indicators.extremes import highest, lowest, rolling_max, rolling_min
from backtest.indicators.primitives import rolled
from backtest.indicators.series import Series
from backtest.indicators.smoothing import ema_alpha, ema_pair
from backtest.indicators.sums import rolling_mean
from backtest.jit import kernel
from backtest.types import FloatArray

# A standing RSI trembles by about 1e-14; a range below this is a rounding artefact.
LEAST_RSI_RANGE = 1e-9
FISHER_LIMIT = 0.999
CCI_SCALE = 0.015

# Bars per pass of the blocked kernel: its arrays stay in the first-level cache.
_BLOCK = 512


def roc(series: Series, *, source: str, window: int) -> FloatArray:
    """Change over `window` bars in percent of the old price (TA-Lib `ROC`).

    Finite from bar `window`; NaN where the old price is 0.
    """
    x = series[source]
    out = np.empty_like(x)
    rate_of_change(x, window, out)
    return out


def rsi(series: Series, *, source: str, window: int) -> FloatArray:
    """Relative strength index in 0..100 (Wilder, 1978), seeded with the first change.

    Finite from bar 1, or from the first bar whose price differs from the first. TA-Lib `RSI`
    seeds with a mean instead and converges to the same numbers.
    """
    x = series[source]
    out = np.empty_like(x)
    relative_strength(x, 1.0 / window, out)
    return out


def stoch(series: Series, *, k_window: int, smoothing: int) -> FloatArray:
    """Slow %K in 0..100 (Lane): place of the close in the window's range, then averaged.

    Finite from bar `k_window + smoothing - 2`; NaN while any of the last `smoothing` windows has
    no range (TA-Lib `STOCH` calls that 0).
    """
    return rolled(rolling_mean, series.shared(_raw_stochastic, k_window), smoothing)


def stoch_rsi(
    series: Series, *, source: str, k_window: int, rsi_window: int, smoothing: int
) -> FloatArray:
    """Slow %K of the RSI in 0..100 (Chande and Kroll, 1994).

    Finite from bar `k_window + smoothing - 1`; NaN while any of the last `smoothing` windows has
    an RSI range of at most 1e-9.
    """
    raw = series.shared(_raw_stochastic_of_rsi, source, rsi_window, k_window)
    return rolled(rolling_mean, raw, smoothing)


def williams_r(series: Series, *, window: int) -> FloatArray:
    """Distance of the close below the window's high in -100..0 (TA-Lib `WILLR`).

    Finite from bar `window - 1`; NaN where the window has no range.
    """
    high, low = highest(series, "high", window), lowest(series, "low", window)
    out = np.empty_like(high)
    percent_range(series["close"], high, low, out)
    return out


def cci(series: Series, *, window: int) -> FloatArray:
    """Commodity channel index (Lambert, 1980), mean deviation about the current window's mean.

    Finite from bar `window - 1`; NaN where all typical prices of the window are equal (TA-Lib
    `CCI` calls that 0).
    """
    typical = series["hlc3"]
    out = np.empty_like(typical)
    channel_index(typical, rolled(rolling_offset, typical, window), window, out)
    return out


def macd(series: Series, *, source: str, fast_window: int, slow_window: int) -> FloatArray:
    """Fast minus slow exponential mean, in price (Appel). Finite from bar 0, where it is 0.

    The windows are not put in order: `fast_window > slow_window` flips the sign.
    """
    fast, slow = ema_pair(series, source, fast_window, slow_window)
    return fast - slow


def ppo(series: Series, *, source: str, fast_window: int, slow_window: int) -> FloatArray:
    """MACD in percent of the slow mean (TA-Lib `PPO` with EMA). NaN where the slow mean is 0."""
    fast, slow = ema_pair(series, source, fast_window, slow_window)
    out = np.empty_like(fast)
    percent_above(fast, slow, out)
    return out


def trix(series: Series, *, source: str, window: int) -> FloatArray:
    """One-bar change of the triple exponential mean in percent (Hutson, 1983).

    Finite from bar 1; NaN where the previous mean is 0.
    """
    x = series[source]
    out = np.empty_like(x)
    triple_smoothed_change(x, ema_alpha(window), out)
    return out


def fisher(series: Series, *, window: int) -> FloatArray:
    """Fisher transform of the bar middle's place in the window's range, within ±3.8002.

    A memoryless form of Ehlers (2002): neither the place nor the result is smoothed. Finite from
    bar `window - 1`; NaN where the window has no range.
    """
    high, low = highest(series, "high", window), lowest(series, "low", window)
    out = np.empty_like(high)
    fisher_odds(series["hl2"], high, low, out)
    np.log(out, out=out)
    out *= 0.5
    return out


def _raw_stochastic(series: Series, window: int) -> FloatArray:
    high, low = highest(series, "high", window), lowest(series, "low", window)
    out = np.empty_like(high)
    range_position(series["close"], high, low, 0.0, out)
    return out


def _raw_stochastic_of_rsi(series: Series, source: str, rsi_window: int, window: int) -> FloatArray:
    strength = series.shared(rsi, source=source, window=rsi_window)
    top = rolled(rolling_max, strength, window)
    bottom = rolled(rolling_min, strength, window)
    out = np.empty_like(strength)
    range_position(strength, top, bottom, LEAST_RSI_RANGE, out)
    return out


@kernel("void(float64[::1], int64, float64[::1])")
def rate_of_change(x: FloatArray, window: int, out: FloatArray) -> None:
    """Percent change against the value `window` bars ago; NaN where that is 0 or missing."""
    out[:window] = np.nan
    old = x[: max(len(x) - window, 0)]
    new = x[window:]
    change = out[window:]
    for t in range(len(old)):
        change[t] = (new[t] / old[t] - 1.0) * 100.0 if old[t] != 0.0 else np.nan


@kernel("void(float64[::1], float64, float64[::1])")
def relative_strength(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """Share of gains in the smoothed absolute changes, in percent; NaN before the first change.

    `100 G/(G+Q)` equals the usual `100 - 100/(1+G/Q)` and needs no case of its own for `Q == 0`.
    """
    out[:2] = np.nan
    if len(x) < 2:
        return
    keep = 1.0 - alpha
    gains = max(x[1] - x[0], 0.0)
    losses = max(x[0] - x[1], 0.0)
    if x[1] != x[0]:
        out[1] = 100.0 if x[1] > x[0] else 0.0
    for t in range(2, len(x)):
        change = x[t] - x[t - 1]
        gains = alpha * max(change, 0.0) + keep * gains
        losses = alpha * max(-change, 0.0) + keep * losses
        # Without a change both shrink alike. Holding the ratio keeps it when they underflow in a
        # very long standstill, and keeps the range of a standing RSI at exactly 0.
        out[t] = 100.0 * (gains / (gains + losses)) if change != 0.0 else out[t - 1]


@kernel("void(float64[::1], float64[::1], float64[::1], float64, float64[::1])")
def range_position(
    x: FloatArray, top: FloatArray, bottom: FloatArray, least_range: float, out: FloatArray
) -> None:
    """Place of `x` between `bottom` and `top` in percent; NaN where they are too close."""
    for t in range(len(x)):
        span = top[t] - bottom[t]
        out[t] = 100.0 * (x[t] - bottom[t]) / span if span > least_range else np.nan


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1])")
def percent_range(x: FloatArray, top: FloatArray, bottom: FloatArray, out: FloatArray) -> None:
    """Distance of `x` below `top` in percent of the range, negative; NaN without a range."""
    for t in range(len(x)):
        span = top[t] - bottom[t]
        out[t] = -100.0 * ((top[t] - x[t]) / span) if span > 0.0 else np.nan


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1])")
def fisher_odds(x: FloatArray, top: FloatArray, bottom: FloatArray, out: FloatArray) -> None:
    """What the Fisher transform takes the root and logarithm of: `(1+z)/(1-z)`.

    `z` is the place of `x` in its range, -1 at the bottom and 1 at the top, kept within ±0.999.
    """
    for t in range(len(x)):
        span = top[t] - bottom[t]
        if span > 0.0:
            place = 2.0 * ((x[t] - bottom[t]) / span) - 1.0
            place = min(max(place, -FISHER_LIMIT), FISHER_LIMIT)
            out[t] = (1.0 + place) / (1.0 - place)
        else:
            out[t] = np.nan


@kernel("void(float64[::1], float64[::1], float64[::1])")
def percent_above(x: FloatArray, base: FloatArray, out: FloatArray) -> None:
    """How far `x` is above `base`, in percent of `base`; NaN where that is 0."""
    for t in range(len(x)):
        out[t] = 100.0 * ((x[t] - base[t]) / base[t]) if base[t] != 0.0 else np.nan


@kernel("void(float64[::1], float64, float64[::1])")
def triple_smoothed_change(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """One-bar percent change of `x` smoothed three times; the first bar is NaN."""
    out[:1] = np.nan
    if len(x) == 0:
        return
    keep = 1.0 - alpha
    first = second = third = x[0]
    for t in range(1, len(x)):
        before = third
        first = alpha * x[t] + keep * first
        second = alpha * first + keep * second
        third = alpha * second + keep * third
        out[t] = (third / before - 1.0) * 100.0 if before != 0.0 else np.nan


@kernel("void(float64[::1], float64[::1], int64, float64[::1])")
def channel_index(x: FloatArray, above: FloatArray, window: int, out: FloatArray) -> None:
    """Distance `above` the window's mean per 0.015 mean absolute distances from that mean.

    Distances are taken from the newest value, so equal values deviate by exactly 0 and a large
    common offset costs no digits. Going lag by lag over a block of bars instead of bar by bar
    lets the compiler use vector instructions.
    """
    out[: window - 1] = np.nan
    for start in range(window - 1, len(x), _BLOCK):
        stop = min(start + _BLOCK, len(x))
        newest = x[start:stop]
        distance = above[start:stop]
        result = out[start:stop]
        result[:] = 0.0
        for lag in range(window):
            older = x[start - lag : stop - lag]
            for j in range(len(newest)):
                result[j] += abs((older[j] - newest[j]) + distance[j])
        for j in range(len(newest)):
            scale = CCI_SCALE * (result[j] / window)
            result[j] = distance[j] / scale if scale != 0.0 else np.nan
