"""Structure indicators as docs/indicators.md defines them."""

from collections.abc import Sequence

from backtest.indicators.series import Series
from tests.oracle.primitives import quotient, rolling_offset
from tests.oracle.volatility import atr, stddev
from tests.oracle.windows import NAN, smoothed, windows


def _bodies(series: Series) -> list[float]:
    pairs = zip(series["close"].tolist(), series["open"].tolist(), strict=True)
    return [abs(c - o) for c, o in pairs]


def candle_stats(series: Series) -> list[float]:
    ranges = (series["high"] - series["low"]).tolist()
    return [quotient(b, r) for b, r in zip(_bodies(series), ranges, strict=True)]


def candle_stats_atr_norm(series: Series, *, atr_window: int) -> list[float]:
    reach = atr(series, window=atr_window)
    return [quotient(b, r) for b, r in zip(_bodies(series), reach, strict=True)]


def distance_to_ma_norm(series: Series, *, source: str, window: int) -> list[float]:
    x = series[source].tolist()
    rows = zip(x, smoothed(x, 2 / (window + 1)), atr(series, window=window), strict=True)
    return [quotient(value - average, reach) for value, average, reach in rows]


def percent_rank(series: Series, *, source: str, window: int) -> list[float]:
    return [
        100 * sum(value <= part[-1] for value in part) / window if part else NAN
        for part in windows(series[source].tolist(), window)
    ]


def zscore(series: Series, *, source: str, window: int) -> list[float]:
    apart = rolling_offset(series[source].tolist(), window)
    spread = stddev(series, source=source, window=window)
    return [quotient(d, s) for d, s in zip(apart, spread, strict=True)]


def pivot_high(series: Series, *, left: int, right: int) -> list[float]:
    return _confirmed(series["high"].tolist(), left, right)


def pivot_low(series: Series, *, left: int, right: int) -> list[float]:
    return [-value for value in _confirmed((-series["low"]).tolist(), left, right)]


def pivots(series: Series, *, left: int, right: int) -> list[float]:
    return pivot_high(series, left=left, right=right)


def _confirmed(x: Sequence[float], left: int, right: int) -> list[float]:
    out = [NAN] * len(x)
    for t in range(left + right, len(x)):
        candidate = t - right
        others = [x[i] for i in range(candidate - left, t + 1) if i != candidate]
        if all(x[candidate] > other for other in others):
            out[t] = x[candidate]
    return out
