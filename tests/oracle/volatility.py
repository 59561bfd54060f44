"""Volatility indicators as docs/indicators.md defines them."""

import math

from backtest.indicators.series import Series
from tests.oracle.primitives import (
    quotient,
    rolling_mean,
    rolling_offset,
    rolling_variance,
    true_range,
)
from tests.oracle.windows import NAN, smoothed


def tr(series: Series) -> list[float]:
    return true_range(*(series[name].tolist() for name in ("high", "low", "close")))


def atr(series: Series, *, window: int) -> list[float]:
    return smoothed(tr(series), 1 / window)


def variance(series: Series, *, source: str, window: int) -> list[float]:
    return rolling_variance(series[source].tolist(), window)


def stddev(series: Series, *, source: str, window: int) -> list[float]:
    return [math.sqrt(value) for value in variance(series, source=source, window=window)]


def hv(series: Series, *, annualization: int, source: str, window: int) -> list[float]:
    x = series[source].tolist()
    returns = [
        math.log(x[t] / x[t - 1]) if t > 0 and x[t] > 0 and x[t - 1] > 0 else NAN
        for t in range(len(x))
    ]
    scale = 100 * math.sqrt(annualization)
    return [scale * math.sqrt(value) for value in rolling_variance(returns, window)]


def bbands(series: Series, *, source: str, window: int) -> list[float]:
    return rolling_mean(series[source].tolist(), window)


def bbands_bandwidth(series: Series, *, mult: float, source: str, window: int) -> list[float]:
    spread = stddev(series, source=source, window=window)
    basis = bbands(series, source=source, window=window)
    return [quotient(2 * mult * s, b) for s, b in zip(spread, basis, strict=True)]


def bbands_percent_b(series: Series, *, mult: float, source: str, window: int) -> list[float]:
    spread = stddev(series, source=source, window=window)
    apart = rolling_offset(series[source].tolist(), window)
    return [quotient(d + mult * s, 2 * mult * s) for d, s in zip(apart, spread, strict=True)]
