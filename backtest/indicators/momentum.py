"""How fast and how far price moves: momentum indicators, primary outputs only.

Every public function takes a `Series` and the settings that its primary output depends on, and
returns shape (n_bars,) float64 in bar order; value `t` reads bars 0..t. NaN means warm-up or
undefined. The result may be remembered by the series, so callers must not write to it.

See: docs/indicators.md
"""

import numpy as np

from backtest.indicators.dispersion import rolling_offset
from backtest.indicators.primitives import RESIDUE, rolled
from backtest.indicators.ranges import (
    fisher_place,
    percent_range,
    range_position,
    strength_position,
)
from backtest.indicators.series import Series
from backtest.indicators.smoothing import ema_alpha, emas_apart
from backtest.indicators.sums import rolling_mean
from backtest.jit import kernel
from backtest.types import FloatArray

CCI_SCALE = 0.015

# Bars per pass of the blocked kernel: its arrays stay in the first-level cache.
_BLOCK = 512
# Bars that the processor looks ahead over while a recursion waits.
_FEW_BARS = 64


def roc(series: Series, *, source: str, window: int) -> FloatArray:
    """Change over `window` bars in percent of the old price (TA-Lib `ROC`).

    Finite from bar `window`; NaN where the old price is 0.
    """
    x = series.ticks(source).counts
    out = np.empty_like(x)
    rate_of_change(x, window, out)
    return out


def rsi(series: Series, *, source: str, window: int) -> FloatArray:
    """Relative strength index in 0..100 (Wilder, 1978), seeded with the first change.

    Finite from bar 1, or from the first bar whose price differs from the first. TA-Lib `RSI`
    seeds with a mean instead and converges to the same numbers.
    """
    x = series.ticks(source).counts
    out = np.empty_like(x)
    relative_strength(x, 1.0 / window, out)
    return out


def stoch(series: Series, *, k_window: int, smoothing: int) -> FloatArray:
    """Slow %K in 0..100 (Lane): place of the close in the window's range, then averaged.

    Finite from bar `k_window + smoothing - 2`; NaN while any of the last `smoothing` windows has
    no range (TA-Lib `STOCH` calls that 0).
    """
    return rolled(rolling_mean, series.shared(_raw_stochastic, k_window), smoothing, 1.0)


def stoch_rsi(
    series: Series, *, source: str, k_window: int, rsi_window: int, smoothing: int
) -> FloatArray:
    """Slow %K of the RSI in 0..100 (Chande and Kroll, 1994).

    Finite from bar `k_window + smoothing - 1`; NaN while any of the last `smoothing` windows has
    an RSI range of at most 1e-9.
    """
    raw = series.shared(_raw_stochastic_of_rsi, source, rsi_window, k_window)
    return rolled(rolling_mean, raw, smoothing, 1.0)


def williams_r(series: Series, *, window: int) -> FloatArray:
    """Distance of the close below the window's high in -100..0 (TA-Lib `WILLR`).

    Finite from bar `window - 1`; NaN where the window has no range.
    """
    high, low, close = (series.ticks(name).counts for name in ("high", "low", "close"))
    out = np.empty_like(close)
    percent_range(high, low, close, window, out)
    return out


def cci(series: Series, *, window: int) -> FloatArray:
    """Commodity channel index (Lambert, 1980), mean deviation about the current window's mean.

    Finite from bar `window - 1`; NaN where all typical prices of the window are equal (TA-Lib
    `CCI` calls that 0).
    """
    typical = series.ticks("hlc3").counts
    out = np.empty_like(typical)
    channel_index(typical, rolled(rolling_offset, typical, window, 1.0), window, out)
    return out


def macd(series: Series, *, source: str, fast_window: int, slow_window: int) -> FloatArray:
    """Fast minus slow exponential mean, in price (Appel). Finite from bar 0, where it is 0.

    The windows are not put in order: `fast_window > slow_window` flips the sign.
    """
    size = series.ticks(source).size
    apart, _ = emas_apart(series, source, fast_window, slow_window, size)
    return apart


def ppo(series: Series, *, source: str, fast_window: int, slow_window: int) -> FloatArray:
    """MACD in percent of the slow mean (TA-Lib `PPO` with EMA). NaN where the slow mean is 0."""
    out, lag = emas_apart(series, source, fast_window, slow_window, 1.0)
    in_percent(series.ticks(source).counts, lag, out)
    return out


def trix(series: Series, *, source: str, window: int) -> FloatArray:
    """One-bar change of the triple exponential mean in percent (Hutson, 1983).

    Finite from bar 1; NaN where the previous mean is 0.
    """
    x = series.ticks(source).counts
    out = np.empty_like(x)
    triple_smoothed_change(x, ema_alpha(window), out)
    return out


def fisher(series: Series, *, window: int) -> FloatArray:
    """Fisher transform of the bar middle's place in the window's range, within ±3.8002.

    A memoryless form of Ehlers (2002): neither the place nor the result is smoothed. Finite from
    bar `window - 1`; NaN where the window has no range.
    """
    high, low = series.ticks("high").counts, series.ticks("low").counts
    out = np.empty_like(high)
    fisher_place(high, low, window, out)
    odds(out)
    np.log(out, out=out)
    out *= 0.5
    return out


def _raw_stochastic(series: Series, window: int) -> FloatArray:
    high, low, close = (series.ticks(name).counts for name in ("high", "low", "close"))
    out = np.empty_like(close)
    range_position(high, low, close, window, out)
    return out


def _raw_stochastic_of_rsi(series: Series, source: str, rsi_window: int, window: int) -> FloatArray:
    strength = series.shared(rsi, source=source, window=rsi_window)
    return rolled(strength_position, strength, window)


@kernel("void(float64[::1], int64, float64[::1])")
def rate_of_change(x: FloatArray, window: int, out: FloatArray) -> None:
    """Percent change against the value `window` bars ago; NaN where that is 0 or missing."""
    out[:window] = np.nan
    old = x[: max(len(x) - window, 0)]
    new = x[window:]
    change = out[window:]
    for t in range(len(old)):
        change[t] = (new[t] - old[t]) / old[t] * 100.0 if old[t] != 0.0 else np.nan


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


@kernel("void(float64[::1])")
def odds(values: FloatArray) -> None:
    """Replace each `z` by `(1+z)/(1-z)`, whose logarithm is twice the Fisher transform."""
    for t in range(len(values)):
        values[t] = (1.0 + values[t]) / (1.0 - values[t])


@kernel("void(float64[::1], float64[::1], float64[::1])")
def in_percent(x: FloatArray, lag: FloatArray, values: FloatArray) -> None:
    """Replace the values by what they are in percent of `x + lag`; NaN where that is 0."""
    for t in range(len(values)):
        base = x[t] + lag[t]
        values[t] = 100.0 * (values[t] / base) if base != 0.0 else np.nan


@kernel("void(float64[::1], float64, float64[::1])")
def triple_smoothed_change(x: FloatArray, alpha: float, out: FloatArray) -> None:
    """One-bar percent change of `x` smoothed three times; the first bar is NaN.

    Each average is carried as its lag behind what it follows (see `smoothing`), the second and the
    third as parts of `alpha` and its square as in `smooth_thrice`. The last average changes by its
    own lag times `-alpha / (1-alpha)`, which is the numerator. The recursion waits
    for itself, the quotients do not: a few bars at a time, they are formed while the next lags are
    on their way.
    """
    out[:1] = np.nan
    kept, square = 1.0 - alpha, alpha * alpha
    last_part = -square * alpha / kept
    first = second = third = 0.0
    average = x[0] if len(x) > 0 else np.nan
    thirds, averages = np.empty(_FEW_BARS + 1), np.empty(_FEW_BARS + 1)
    lags, afters = thirds[1:], averages[1:]
    for start in range(1, len(x), _FEW_BARS):
        values, change = x[start : start + _FEW_BARS], out[start : start + _FEW_BARS]
        befores = x[start - 1 : start - 1 + len(values)]
        thirds[0], averages[0] = third, average
        for i in range(len(values)):
            first = kept * first - kept * (values[i] - befores[i])
            second = first + kept * second
            third = second + kept * third
            lags[i] = third
            average = afters[i] = values[i] + (first + alpha * second + square * third)
        for i in range(len(values)):
            moved = 0.0 if abs(lags[i]) <= RESIDUE * abs(thirds[i]) else lags[i]
            before = averages[i]
            change[i] = last_part * moved / before * 100.0 if before != 0.0 else np.nan


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
