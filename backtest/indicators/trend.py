"""Which way price goes and where the trend would end: trend indicators, primary outputs only.

Every public function takes a `Series` and the settings that its primary output depends on, and
returns shape (n_bars,) float64 in bar order; value `t` reads bars 0..t. NaN means warm-up or
undefined. The result may be remembered by the series, so callers must not write to it.

See: docs/indicators.md
"""

import numpy as np

from backtest.indicators.extremes import (
    bars_since_max,
    bars_since_min,
    highest,
)
from backtest.indicators.primitives import displaced, mean_of_two, rolled, shift, true_ranges
from backtest.indicators.ranges import rolling_middle
from backtest.indicators.series import Series
from backtest.indicators.smoothing import atr, ema, smoothed
from backtest.indicators.sums import ratio
from backtest.jit import kernel
from backtest.types import FloatArray

# A stop or band that follows from averages is some roundings off; a price so near has not crossed.
RAISED = 1.0 + 2.0**-48
REDUCED = 1.0 - 2.0**-48


def adx(series: Series, *, window: int, smoothing: int) -> FloatArray:
    """Average directional index in 0..100 (Wilder, 1978), seeded with the first defined DX.

    Finite from the first bar with directional movement, 1 at the earliest. TA-Lib `ADX` seeds
    with means instead and converges to the same numbers.
    """
    return smoothed(series.shared(_directional_index, window), 1.0 / smoothing)


def aroon(series: Series, *, window: int) -> FloatArray:
    """Aroon oscillator (Chande, 1995) over `window` bars, ties going to the newest extreme.

    Finite from bar `window - 1`, within ±100 (window - 1)/window. TA-Lib `AROONOSC(w)` looks at
    `w + 1` bars, so this is `AROONOSC(window - 1) (window - 1)/window`.
    """
    since_high = rolled(bars_since_max, series["high"], window)
    out = rolled(bars_since_min, series["low"], window)
    out -= since_high
    out *= 100.0
    out /= window
    return out


def chandelier_exit(series: Series, *, window: int, mult: float) -> FloatArray:
    """Stop of a long position: the window's high less `mult` average true ranges (Le Beau).

    The window includes the current bar. Finite from bar `window - 1`, in price.
    """
    return displaced(series.shared(highest, "high", window), -mult, series.shared(atr, window))


def donchian(series: Series, *, window: int) -> FloatArray:
    """Middle of the window's high and low, in price (TA-Lib `MIDPRICE`).

    Finite from bar `window - 1`.
    """
    return _middle(series, window)


def ichimoku(
    series: Series, *, conversion_window: int, base_window: int, displacement: int
) -> FloatArray:
    """Leading span A as it stands above the current bar, in price (Hosoda).

    A chart draws the mean of the conversion and base lines `displacement` bars ahead; read at the
    bar where it is drawn, it is that many bars old and knows nothing of the future. Finite from
    bar `max(conversion_window, base_window) - 1 + displacement`.
    """
    return rolled(shift, series.shared(_span_lead, conversion_window, base_window), displacement)


def keltner(series: Series, *, window: int) -> FloatArray:
    """Middle line of the channel: exponential mean of the typical price. Finite from bar 0."""
    return ema(series, "hlc3", window)


def linreg_slope(series: Series, *, source: str, window: int) -> FloatArray:
    """Slope of the least-squares line through the window, price per bar.

    Finite from bar `window - 1`, exactly 0 on equal values (TA-Lib `LINEARREG_SLOPE`).
    """
    x = series.ticks(source)
    out = np.empty_like(x.counts)
    least_squares_slope(x.counts, window, x.size, out)
    return out


def psar(series: Series, *, accel_start: float, accel_step: float, accel_max: float) -> FloatArray:
    """Parabolic stop and reverse, in price (after Wilder, 1978). Finite from bar 0.

    Simpler than Wilder and TA-Lib `SAR`: one previous bar limits the stop instead of two, the
    value after a reversal is not limited, and touching the stop does not reverse.
    """
    out = np.empty_like(series["high"])
    parabolic_stop(series["high"], series["low"], accel_start, accel_step, accel_max, out)
    return out


def supertrend(series: Series, *, window: int, mult: float) -> FloatArray:
    """The active one of two trailing bands around the bar middle, in price (Seban).

    Finite from bar 0.
    """
    out = np.empty_like(series["close"])
    ranges = series.shared(_plain_atr, window)
    active_band(series["hl2"], series["close"], ranges, mult, out)
    return out


def vortex(series: Series, *, window: int) -> FloatArray:
    """VI+ of the vortex indicator, around 1 (Botes and Siepman, 2010).

    Finite from bar `window`; NaN where nothing moved in the window.
    """
    return ratio(series.shared(_upward_movement), series.shared(true_ranges), window)


def _plain_atr(series: Series, window: int) -> FloatArray:
    # The bands compare with the close in float64: the recursion that rests on a constant, not
    # `atr`'s faster rearrangement.
    return smoothed(series.shared(true_ranges), 1.0 / window)


def _directional_index(series: Series, window: int) -> FloatArray:
    high, low = series.ticks("high").counts, series.ticks("low").counts
    out = np.empty_like(high)
    directional_index(high, low, 1.0 / window, out)
    return out


def _middle(series: Series, window: int) -> FloatArray:
    out = np.empty_like(series["high"])
    rolling_middle(series["high"], series["low"], window, out)
    return out


def _span_lead(series: Series, conversion_window: int, base_window: int) -> FloatArray:
    conversion = series.shared(_middle, conversion_window)
    out = np.empty_like(conversion)
    mean_of_two(conversion, series.shared(_middle, base_window), out)
    return out


def _upward_movement(series: Series) -> FloatArray:
    high, low = series.ticks("high"), series.ticks("low").counts
    out = np.full_like(low, np.nan)
    np.subtract(high.counts[1:], low[:-1], out=out[1:])
    np.abs(out, out=out)
    out *= high.size
    return out


@kernel("void(float64[::1], float64[::1], float64, float64[::1])")
def directional_index(high: FloatArray, low: FloatArray, alpha: float, out: FloatArray) -> None:
    """Wilder's DX in percent; NaN before the first directional movement.

    Both directional indicators divide by the same average true range, which therefore cancels
    and is left out; it is positive wherever there was a movement.
    """
    out[:1] = np.nan
    keep = 1.0 - alpha
    up = down = 0.0
    for t in range(1, len(high)):
        rise = high[t] - high[t - 1]
        fall = low[t - 1] - low[t]
        plus = rise if rise > fall and rise > 0.0 else 0.0
        minus = fall if fall > rise and fall > 0.0 else 0.0
        up = alpha * plus + keep * up
        down = alpha * minus + keep * down
        # Without a movement both shrink alike; holding the ratio keeps it when they underflow.
        is_moving = plus + minus > 0.0
        out[t] = 100.0 * (abs(up - down) / (up + down)) if is_moving else out[t - 1]


@kernel("void(float64[::1], int64, float64, float64[::1])")
def least_squares_slope(x: FloatArray, window: int, size: float, out: FloatArray) -> None:
    """Slope over each window of ticks of some size: values times their distance from its centre.

    Blocks as in `rolling_sum`. When a window moves on by a bar, the weights of the values that
    stay change by 1, hence the moment of a tail or head by its total. Values count from the one at
    the block boundary, so a constant window gives exactly 0 and a common offset costs no digits.
    """
    reach = (window - 1) / 2.0
    scale = size * 12.0 / (window * (window * window - 1.0))
    tails, next_tails = np.full(window + 1, np.nan), np.empty(window + 1)
    reference = 0.0
    for start in range(0, len(x), window):
        block, to, after = x[start : start + window], out[start : start + window], tails[1:]
        count, last = np.uint64(len(block)), np.uint64(len(block) - 1)
        newest = block[last]
        head = head_moment = tail = tail_moment = 0.0
        for i in range(count):
            apart = block[i] - reference
            head_moment += reach * apart - head
            head += apart
            to[i] = (after[i] + head_moment) * scale
            apart = block[last - i] - newest
            tail_moment += tail - reach * apart
            tail += apart
            next_tails[last - i] = tail_moment
        if len(block) == window:
            to[last] = tail_moment * scale
        tails, next_tails = next_tails, tails
        reference = newest


@kernel("void(float64[::1], float64[::1], float64, float64, float64, float64[::1])")
def parabolic_stop(
    high: FloatArray, low: FloatArray, start: float, step: float, limit: float, out: FloatArray
) -> None:
    """The stop after each bar; it begins below the market, on the first low.

    New extremes are too frequent and too irregular to branch on; only reversals are branches. A
    price that is beyond the stop by no more than rounding touches it.
    """
    if len(high) == 0:
        return
    is_up = True
    stop, extreme, factor = low[0], high[0], start
    out[0] = stop
    for t in range(1, len(high)):
        stop += factor * (extreme - stop)
        if is_up:
            stop = min(stop, low[t - 1])
            if low[t] * RAISED < stop:
                is_up = False
                stop, extreme, factor = extreme, low[t], start
            else:
                factor = min(limit, factor + step) if high[t] > extreme else factor
                extreme = max(extreme, high[t])
        else:
            stop = max(stop, high[t - 1])
            if high[t] * REDUCED > stop:
                is_up = True
                stop, extreme, factor = extreme, high[t], start
            else:
                factor = min(limit, factor + step) if low[t] < extreme else factor
                extreme = min(extreme, low[t])
        out[t] = stop


@kernel("void(float64[::1], float64[::1], float64[::1], float64, float64[::1])")
def active_band(
    middle: FloatArray, close: FloatArray, ranges: FloatArray, mult: float, out: FloatArray
) -> None:
    """The lower band while the market is up, the upper one while it is down.

    A band follows the market one way only, until the close before has crossed it. A close that is
    beyond a band by no more than rounding touches it.
    """
    if len(close) == 0:
        return
    upper = middle[0] + mult * ranges[0]
    lower = middle[0] - mult * ranges[0]
    is_up = close[0] >= middle[0]
    out[0] = lower if is_up else upper
    raised, reduced = close[0] * RAISED, close[0] * REDUCED
    for t in range(1, len(close)):
        highest_upper = middle[t] + mult * ranges[t]
        lowest_lower = middle[t] - mult * ranges[t]
        is_freed = (highest_upper < upper) | (reduced > upper)
        upper = highest_upper if is_freed else upper
        is_freed = (lowest_lower > lower) | (raised < lower)
        lower = lowest_lower if is_freed else lower
        raised, reduced = close[t] * RAISED, close[t] * REDUCED
        is_up = raised >= lower if is_up else reduced > upper
        out[t] = lower if is_up else upper
