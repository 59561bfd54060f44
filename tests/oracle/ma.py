"""Moving averages as docs/indicators.md defines them."""

import math

from backtest.indicators.series import Series
from tests.oracle.primitives import quotient, rolling_mean, rolling_sum, weighted_mean
from tests.oracle.windows import NAN, smoothed


def sma(series: Series, *, source: str, window: int) -> list[float]:
    return rolling_mean(series[source].tolist(), window)


def ema(series: Series, *, source: str, window: int) -> list[float]:
    return smoothed(series[source].tolist(), 2 / (window + 1))


def rma(series: Series, *, source: str, window: int) -> list[float]:
    return smoothed(series[source].tolist(), 1 / window)


def wma(series: Series, *, source: str, window: int) -> list[float]:
    return weighted_mean(series[source].tolist(), window)


def lwma(series: Series, *, source: str, window: int) -> list[float]:
    return weighted_mean(series[source].tolist(), window)


def vwma(series: Series, *, window: int) -> list[float]:
    volume = series["volume"].tolist()
    value = [c * v for c, v in zip(series["close"].tolist(), volume, strict=True)]
    sums = zip(rolling_sum(value, window), rolling_sum(volume, window), strict=True)
    return [quotient(a, b) for a, b in sums]


def dema(series: Series, *, source: str, window: int) -> list[float]:
    first = ema(series, source=source, window=window)
    second = smoothed(first, 2 / (window + 1))
    return [2 * a - b for a, b in zip(first, second, strict=True)]


def tema(series: Series, *, source: str, window: int) -> list[float]:
    first = ema(series, source=source, window=window)
    second = smoothed(first, 2 / (window + 1))
    third = smoothed(second, 2 / (window + 1))
    return [3 * a - 3 * b + c for a, b, c in zip(first, second, third, strict=True)]


def hma(series: Series, *, source: str, window: int) -> list[float]:
    x = series[source].tolist()
    half = max(1, math.floor(window / 2))
    root = max(1, math.floor(math.sqrt(window)))
    pairs = zip(weighted_mean(x, half), weighted_mean(x, window), strict=True)
    return weighted_mean([2 * fast - slow for fast, slow in pairs], root)


def zlema(series: Series, *, source: str, window: int) -> list[float]:
    x = series[source].tolist()
    lag = math.floor((window - 1) / 2)
    ahead = [x[t] + (x[t] - x[t - lag]) if t >= lag else NAN for t in range(len(x))]
    return smoothed(ahead, 2 / (window + 1))
