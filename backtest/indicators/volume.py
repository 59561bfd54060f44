"""What trading volume says of a move: volume indicators, primary outputs only.

Every public function takes a `Series` and the settings that its primary output depends on, and
returns shape (n_bars,) float64 in bar order; value `t` reads bars 0..t. NaN means warm-up or
undefined. The result may be remembered by the series, so callers must not write to it.

See: docs/indicators.md
"""

import numpy as np

from backtest.indicators import sums
from backtest.indicators.dispersion import rolling_deviation
from backtest.indicators.primitives import RESIDUE, difference, displaced, rolled
from backtest.indicators.series import Series
from backtest.indicators.sums import ratio, sma
from backtest.jit import kernel
from backtest.types import FloatArray


def ad_line(series: Series) -> FloatArray:
    """Accumulation/distribution line in volume units (Chaikin; TA-Lib `AD`). Finite from bar 0.

    A bar without range adds nothing.
    """
    out = _flows(series)
    accumulate(out, 1.0)
    if returns(out) > 0:
        out = _flows(series)
        accumulate_exactly(out)
    return out


def cmf(series: Series, *, window: int) -> FloatArray:
    """Chaikin money flow in -1..1: the window's flow per unit of its volume.

    Finite from bar `window - 1`; NaN where the window has no volume. A bar without range has no
    flow.
    """
    out = ratio(series.shared(_flows), series["volume"], window)
    drop_residue(out, RESIDUE)
    return out


def obv(series: Series) -> FloatArray:
    """On-balance volume in volume units (Granville, 1963). Finite from bar 1.

    TA-Lib `OBV` counts the first bar's volume as well and is higher by that constant.
    """
    volume = series.ticks("volume")
    out = np.empty_like(volume.counts)
    signed_volume(series["close"], volume.counts, out)
    accumulate(out[1:], volume.size)
    return out


def mfi(series: Series, *, window: int) -> FloatArray:
    """Money flow index in 0..100 (Quong and Soudack, 1989): up flow per flow of the window.

    Finite from bar `window`; NaN where the window has no flow (TA-Lib `MFI` calls that 0),
    exactly 100 where it has no down flow.
    """
    return ratio(series.shared(_up_flows), series.shared(_moved_flows), window, 100.0)


def volume_sma(series: Series, *, window: int) -> FloatArray:
    """Mean volume of the last `window` bars. Finite from bar `window - 1`."""
    return sma(series, "volume", window)


def vwap(series: Series, *, window: int) -> FloatArray:
    """Volume-weighted mean of the typical price over the last `window` bars.

    Rolling, without a reset at the start of a day. Finite from bar `window - 1`; NaN where the
    window has no volume.
    """
    return sums.vwap(series, "hlc3", window)


def vwap_deviation(series: Series, *, mult: float, window: int) -> FloatArray:
    """Upper band: the rolling VWAP plus `mult` standard deviations of the price about it.

    Each bar deviates from its own VWAP; the deviation has ddof 0. Finite from bar
    `2 (window - 1)`; NaN while any VWAP of the last `window` bars is.
    """
    spread = series.shared(_weighted_spread, window)
    return displaced(series.shared(sums.vwap, "hlc3", window), mult, spread)


def _flows(series: Series) -> FloatArray:
    out = np.empty_like(series["close"])
    high, low, close = (series.ticks(name).counts for name in ("high", "low", "close"))
    bar_flow(high, low, close, series["volume"], out)
    return out


def _up_flows(series: Series) -> FloatArray:
    price = series.ticks("hlc3").counts
    out = np.empty_like(price)
    money_flow(price, series["volume"], 0.0, out)
    return out


def _moved_flows(series: Series) -> FloatArray:
    price = series.ticks("hlc3").counts
    out = np.empty_like(price)
    money_flow(price, series["volume"], 1.0, out)
    return out


def _weighted_spread(series: Series, window: int) -> FloatArray:
    apart = series["hlc3"] - series.shared(sums.vwap, "hlc3", window)
    return rolled(rolling_deviation, apart, window, 1.0)


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])")
def bar_flow(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, out: FloatArray
) -> None:
    """Volume times the place of the close in each bar, -1 at the low and 1 at the high."""
    for t in range(len(close)):
        span = high[t] - low[t]
        place = ((close[t] - low[t]) - (high[t] - close[t])) / span
        out[t] = place * volume[t] if span != 0.0 else 0.0


@kernel("void(float64[::1], float64[::1], float64[::1])")
def signed_volume(close: FloatArray, volume: FloatArray, out: FloatArray) -> None:
    """Volume with the sign of the change of the close; the first bar is NaN."""
    out[:1] = np.nan
    for t in range(1, len(close)):
        rise = 1.0 if close[t] > close[t - 1] else 0.0
        fall = 1.0 if close[t] < close[t - 1] else 0.0
        out[t] = (rise - fall) * volume[t]


@kernel("void(float64[::1], float64)")
def accumulate(values: FloatArray, size: float) -> None:
    """Replace values by their running sum, in units of some size.

    Two bars at a time, because each addition waits for the one before. A value of 0 still leaves
    the sum as it is, and a positive one never lowers it.
    """
    total = 0.0
    last = len(values) - 1
    for t in range(0, last, 2):
        first = values[t]
        values[t] = size * (total + first)
        total += first + values[t + 1]
        values[t + 1] = size * total
    if last % 2 == 0:
        values[last] = size * (values[last] + total)


@kernel("int64(float64[::1])")
def returns(totals: FloatArray) -> int:
    """How often a running sum is back at 0 but for rounding."""
    n_back = 0
    for t in range(1, len(totals)):
        step = totals[t] - totals[t - 1]
        n_back += (abs(totals[t]) <= RESIDUE * abs(step)) & (totals[t] != 0.0)
    return n_back


@kernel("void(float64[::1])")
def accumulate_exactly(values: FloatArray) -> None:
    """As `accumulate`, but a sum that is back at 0 but for rounding starts from 0."""
    total = 0.0
    last = len(values) - 1
    for t in range(0, last, 2):
        first, both = values[t], values[t] + values[t + 1]
        values[t] = difference(first, -total)
        total = values[t + 1] = difference(both, -total)
    if last % 2 == 0:
        values[last] = difference(values[last], -total)


@kernel("void(float64[::1], float64)")
def drop_residue(values: FloatArray, least: float) -> None:
    """Replace values up to some size, which are what rounding left of a zero, by 0."""
    for t in range(len(values)):
        values[t] = 0.0 if abs(values[t]) <= least else values[t]


@kernel("void(float64[::1], float64[::1], float64, float64[::1])")
def money_flow(price: FloatArray, volume: FloatArray, falling: float, out: FloatArray) -> None:
    """Price times volume on bars whose price rose, `falling` times that where it fell, else 0.

    The first bar is NaN.
    """
    out[:1] = np.nan
    for t in range(1, len(price)):
        rise = 1.0 if price[t] > price[t - 1] else 0.0
        fall = falling if price[t] < price[t - 1] else 0.0
        out[t] = (rise + fall) * (price[t] * volume[t])
