"""Shape of single bars and place of the price among its neighbours."""

import numpy as np

from backtest.indicators.dispersion import deviation, offset
from backtest.indicators.extremes import highest, lowest
from backtest.indicators.primitives import divide, quotient, rolled, undefine
from backtest.indicators.series import Series
from backtest.indicators.smoothing import atr, ema_alpha
from backtest.jit import inline, kernel
from backtest.types import FloatArray

_CHUNK_BARS = 1024


@inline
def _at_most(value: float, limit: float) -> float:
    return 1.0 if value <= limit else 0.0


@kernel("void(float64[::1], int64, float64[::1])")
def rolling_rank(x: FloatArray, window: int, out: FloatArray) -> None:
    """Percentage of the last `window` values that are at most the current one.

    Compares each bar with its predecessors, four lags at a time, in chunks that stay in the
    nearest cache. That is linear in the window, but the inner loops run on whole vector registers
    and stay far ahead of an ordered window up to the longest windows of the catalog.

    Args:
        x: Values, shape (n_bars,).
        window: Number of bars, the current one included.
        out: Shape (n_bars,), within [100 / window, 100], overwritten.
    """
    n_bars = len(x)
    for start in range(window - 1, n_bars, _CHUNK_BARS):
        stop = min(start + _CHUNK_BARS, n_bars)
        current, count = x[start:stop], out[start:stop]
        count[:] = 1.0
        lag = 1
        while lag + 3 < window:
            first, second = x[start - lag : stop - lag], x[start - lag - 1 : stop - lag - 1]
            third, fourth = x[start - lag - 2 : stop - lag - 2], x[start - lag - 3 : stop - lag - 3]
            for i in range(len(count)):
                count[i] += (
                    _at_most(first[i], current[i])
                    + _at_most(second[i], current[i])
                    + _at_most(third[i], current[i])
                    + _at_most(fourth[i], current[i])
                )
            lag += 4
        while lag < window:
            first = x[start - lag : stop - lag]
            for i in range(len(count)):
                count[i] += _at_most(first[i], current[i])
            lag += 1
        for i in range(len(count)):
            count[i] = count[i] / window * 100.0
    undefine(x, window, out)


@kernel("void(float64[::1], float64[::1], float64[::1], float64, int64, int64, float64[::1])")
def confirmed_extremes(
    x: FloatArray,
    before: FloatArray,
    after: FloatArray,
    sign: float,
    left: int,
    right: int,
    out: FloatArray,
) -> None:
    """Values beyond their `left` and `right` neighbours, `right` bars after they occurred.

    Args:
        x: Values, shape (n_bars,).
        before: Extreme of the last `left` values, shape (n_bars,).
        after: Extreme of the last `right` values, shape (n_bars,).
        sign: 1 for maxima, -1 for minima.
        left: Number of earlier neighbours.
        right: Number of later neighbours, which is also how long the confirmation takes.
        out: The extreme on its confirmation bar, NaN on all other bars; overwritten.
    """
    out[: left + right] = np.nan
    to, later = out[left + right :], after[left + right :]
    candidates, earlier = x[left : left + len(to)], before[left - 1 : left - 1 + len(to)]
    for i in range(len(to)):
        candidate = sign * candidates[i]
        is_beyond = (candidate > sign * earlier[i]) & (candidate > sign * later[i])
        to[i] = candidates[i] if is_beyond else np.nan


@kernel("void(float64[::1], float64, float64, float64[::1], float64[::1])")
def distance_from_average(
    x: FloatArray, size: float, alpha: float, unit: FloatArray, out: FloatArray
) -> None:
    """Distance of each value from the exponential average, in units.

    The distance is that of `smooth_lag`, the other way round, the quotient that of `divide`.

    Args:
        x: Values in ticks, shape (n_bars,).
        size: The size of a tick.
        alpha: Weight of the newest value in the average.
        unit: Unit of each bar, shape (n_bars,).
        out: Shape (n_bars,), overwritten.
    """
    n_bars = len(x)
    kept = 1.0 - alpha
    t = 0
    while t < n_bars:
        before = x[t]
        lead = x[t] - x[t]
        out[t] = quotient(lead, unit[t])
        t += 1
        values, units, to = x[t:], unit[t:], out[t:]
        for i in range(len(values)):
            if np.isnan(lead):
                break
            lead = kept * lead + kept * (values[i] - before)
            before = values[i]
            to[i] = quotient(lead * size, units[i])
            t += 1


@kernel("void(float64[::1], float64, float64[::1], float64[::1])")
def bodies_in(bodies: FloatArray, size: float, unit: FloatArray, out: FloatArray) -> None:
    """Lengths in ticks of some size, in units of each bar; the quotient is that of `divide`."""
    for t in range(len(out)):
        out[t] = quotient(bodies[t] * size, unit[t])


def candle_stats(series: Series) -> FloatArray:
    """Body of the bar as a fraction 0 … 1 of its range; NaN where the range is 0."""
    out = series.shared(_bodies).copy()
    divide(out, series.ticks("high").counts - series.ticks("low").counts, out)
    return out


def candle_stats_atr_norm(series: Series, *, atr_window: int) -> FloatArray:
    """Body of the bar in units of the average true range; NaN before the first movement."""
    out = np.empty_like(series["close"])
    size = series.ticks("close").size
    bodies_in(series.shared(_bodies), size, atr(series, atr_window), out)
    return out


def distance_to_ma_norm(series: Series, *, source: str, window: int) -> FloatArray:
    """Signed distance from the exponential average in units of the average true range.

    One window for both; defined from bar 0, NaN before the first movement.
    """
    x = series.ticks(source)
    out = np.empty_like(x.counts)
    distance_from_average(x.counts, x.size, ema_alpha(window), series.shared(atr, window), out)
    return out


def percent_rank(series: Series, *, source: str, window: int) -> FloatArray:
    """Percentage of the last `window` values that are at most the current one, itself included.

    Defined from bar `window - 1`. Equals pandas `rolling(window).rank(method="max", pct=True)`
    times 100.
    """
    return rolled(rolling_rank, series[source], window)


def zscore(series: Series, *, source: str, window: int) -> FloatArray:
    """Distance from the simple average in population standard deviations; NaN where those are 0.

    Defined from bar `window - 1`, within ±sqrt(window - 1).
    """
    out = offset(series, source, window)
    divide(out, deviation(series, source, window), out)
    return out


def pivots(series: Series, *, left: int, right: int) -> FloatArray:
    """The pivot highs; the rule of this indicator reads the pivot lows as well."""
    return pivot_high(series, left=left, right=right)


def pivot_high(series: Series, *, left: int, right: int) -> FloatArray:
    """Highs strictly above all their neighbours, on the bar that confirms them.

    A bar needs `left` earlier and `right` later neighbours; its high appears `right` bars later,
    so nothing looks ahead. NaN on all other bars.
    """
    before = series.shared(highest, "high", left)
    after = series.shared(highest, "high", right)
    out = np.empty_like(before)
    confirmed_extremes(series["high"], before, after, 1.0, left, right, out)
    return out


def pivot_low(series: Series, *, left: int, right: int) -> FloatArray:
    """Lows strictly below all their neighbours, on the bar that confirms them."""
    before = series.shared(lowest, "low", left)
    after = series.shared(lowest, "low", right)
    out = np.empty_like(before)
    confirmed_extremes(series["low"], before, after, -1.0, left, right, out)
    return out


def _bodies(series: Series) -> FloatArray:
    """In ticks."""
    out = series.ticks("close").counts - series.ticks("open").counts
    return np.abs(out, out=out)
