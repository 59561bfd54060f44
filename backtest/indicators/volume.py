"""What trading volume says of a move: volume indicators, primary outputs only.

Every public function takes a `Series` and the settings that its primary output depends on, and
returns shape (n_bars,) float64 in bar order; value `t` reads bars 0..t. NaN means warm-up or
undefined. The result may be remembered by the series, so callers must not write to it.

See: docs/indicators.md
"""

import numpy as np

from backtest.indicators.primitives import divide, rolled, rolling_sum, rolling_variance, sma, total
from backtest.indicators.series import Series
from backtest.jit import inline, kernel
from backtest.types import FloatArray


def ad_line(series: Series) -> FloatArray:
    """Accumulation/distribution line in volume units (Chaikin; TA-Lib `AD`). Finite from bar 0.

    A bar without range adds nothing.
    """
    out = np.empty_like(series["close"])
    accumulation(series["high"], series["low"], series["close"], series["volume"], out)
    return out


def cmf(series: Series, *, window: int) -> FloatArray:
    """Chaikin money flow in -1..1: the window's flow per unit of its volume.

    Finite from bar `window - 1`; NaN where the window has no volume. A bar without range has no
    flow.
    """
    return _per_volume(series, series.shared(_flows), window)


def obv(series: Series) -> FloatArray:
    """On-balance volume in volume units (Granville, 1963). Finite from bar 1.

    TA-Lib `OBV` counts the first bar's volume as well and is higher by that constant.
    """
    out = np.empty_like(series["close"])
    balance(series["close"], series["volume"], out)
    return out


def mfi(series: Series, *, window: int) -> FloatArray:
    """Money flow index in 0..100 (Quong and Soudack, 1989): up flow per flow of the window.

    Finite from bar `window`; NaN where the window has no flow (TA-Lib `MFI` calls that 0),
    exactly 100 where it has no down flow.
    """
    up = rolled(rolling_sum, series.shared(_up_flows), window)
    down = rolled(rolling_sum, series.shared(_down_flows), window)
    share_in_percent(up, down, up)
    return up


def volume_sma(series: Series, *, window: int) -> FloatArray:
    """Mean volume of the last `window` bars. Finite from bar `window - 1`."""
    return series.shared(sma, "volume", window)


def vwap(series: Series, *, window: int) -> FloatArray:
    """Volume-weighted mean of the typical price over the last `window` bars.

    Rolling, without a reset at the start of a day. Finite from bar `window - 1`; NaN where the
    window has no volume.
    """
    return series.shared(_weighted_price, window)


def vwap_deviation(series: Series, *, mult: float, window: int) -> FloatArray:
    """Upper band: the rolling VWAP plus `mult` standard deviations of the price about it.

    Each bar deviates from its own VWAP; the deviation has ddof 0. Finite from bar
    `2 (window - 1)`; NaN while any VWAP of the last `window` bars is.
    """
    out = mult * series.shared(_weighted_spread, window)
    out += series.shared(_weighted_price, window)
    return out


def _per_volume(series: Series, amount: FloatArray, window: int) -> FloatArray:
    summed = rolled(rolling_sum, amount, window)
    divide(summed, series.shared(total, "volume", window), summed)
    return summed


def _flows(series: Series) -> FloatArray:
    out = np.empty_like(series["close"])
    bar_flow(series["high"], series["low"], series["close"], series["volume"], out)
    return out


def _turnover(series: Series) -> FloatArray:
    return series["hlc3"] * series["volume"]


def _up_flows(series: Series) -> FloatArray:
    out = np.empty_like(series["hlc3"])
    directed_flow(series["hlc3"], series["volume"], 1.0, out)
    return out


def _down_flows(series: Series) -> FloatArray:
    out = np.empty_like(series["hlc3"])
    directed_flow(series["hlc3"], series["volume"], -1.0, out)
    return out


def _weighted_price(series: Series, window: int) -> FloatArray:
    return _per_volume(series, series.shared(_turnover), window)


def _weighted_spread(series: Series, window: int) -> FloatArray:
    apart = series["hlc3"] - series.shared(_weighted_price, window)
    out = rolled(rolling_variance, apart, window)
    return np.sqrt(out, out=out)


@inline
def _flow(high: float, low: float, close: float, volume: float) -> float:
    span = high - low
    return ((close - low) - (high - close)) / span * volume if span != 0.0 else 0.0


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])")
def bar_flow(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, out: FloatArray
) -> None:
    """Volume times the place of the close in each bar, -1 at the low and 1 at the high."""
    for t in range(len(close)):
        out[t] = _flow(high[t], low[t], close[t], volume[t])


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])")
def accumulation(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, out: FloatArray
) -> None:
    """Running sum of `bar_flow`."""
    total_flow = 0.0
    for t in range(len(close)):
        total_flow += _flow(high[t], low[t], close[t], volume[t])
        out[t] = total_flow


@kernel("void(float64[::1], float64[::1], float64[::1])")
def balance(close: FloatArray, volume: FloatArray, out: FloatArray) -> None:
    """Running sum of the volume, signed by the change of the close; the first bar is NaN."""
    out[:1] = np.nan
    total = 0.0
    for t in range(1, len(close)):
        if close[t] > close[t - 1]:
            total += volume[t]
        elif close[t] < close[t - 1]:
            total -= volume[t]
        out[t] = total


@kernel("void(float64[::1], float64[::1], float64, float64[::1])")
def directed_flow(price: FloatArray, volume: FloatArray, side: float, out: FloatArray) -> None:
    """Price times volume on bars whose price moved to that side (±1), else 0; first bar NaN."""
    out[:1] = np.nan
    for t in range(1, len(price)):
        is_with = side * (price[t] - price[t - 1]) > 0.0
        out[t] = price[t] * volume[t] if is_with else 0.0


@kernel("void(float64[::1], float64[::1], float64[::1])")
def share_in_percent(part: FloatArray, other: FloatArray, out: FloatArray) -> None:
    """`100 part/(part + other)`, the same as `100 - 100/(1 + part/other)`; NaN where both are 0.

    `out` may be one of the inputs.
    """
    for t in range(len(part)):
        both = part[t] + other[t]
        out[t] = 100.0 * (part[t] / both) if both != 0.0 else np.nan
