"""Volume indicators as docs/indicators.md defines them: one bar at a time, window by window."""

import math
from fractions import Fraction

from backtest.indicators.series import Series
from tests.oracle.windows import NAN, mean_of, windows


def _flows(series: Series) -> list[float]:
    rows = (series[name].tolist() for name in ("high", "low", "close", "volume"))
    return [
        ((c - low) - (h - c)) / (h - low) * v if h != low else 0.0
        for h, low, c, v in zip(*rows, strict=True)
    ]


def ad_line(series: Series) -> list[float]:
    total, out = 0.0, []
    for flow in _flows(series):
        total += flow
        out.append(total)
    return out


def cmf(series: Series, *, window: int) -> list[float]:
    return _weighted(_flows(series), series, window)


def _weighted(amounts: list[float], series: Series, window: int) -> list[float]:
    """Sum of the amounts per sum of the volumes."""
    volumes = windows(series["volume"].tolist(), window)
    return [
        math.fsum(part) / math.fsum(volume) if volume and math.fsum(volume) != 0 else NAN
        for part, volume in zip(windows(amounts, window), volumes, strict=True)
    ]


def obv(series: Series) -> list[float]:
    c, v = series["close"].tolist(), series["volume"].tolist()
    total, out = 0.0, [NAN]
    for t in range(1, len(c)):
        total += v[t] * ((c[t] > c[t - 1]) - (c[t] < c[t - 1]))
        out.append(total)
    return out


def mfi(series: Series, *, window: int) -> list[float]:
    price, v = series["hlc3"].tolist(), series["volume"].tolist()
    out: list[float] = []
    for t in range(len(price)):
        bars = [i for i in range(t - window + 1, t + 1) if t >= window]
        up = math.fsum(price[i] * v[i] for i in bars if price[i] > price[i - 1])
        down = math.fsum(price[i] * v[i] for i in bars if price[i] < price[i - 1])
        if down == 0:
            out.append(NAN if up == 0 else 100.0)
        else:
            out.append(100 - 100 / (1 + up / down))
    return out


def volume_sma(series: Series, *, window: int) -> list[float]:
    return [mean_of(part) for part in windows(series["volume"].tolist(), window)]


def vwap(series: Series, *, window: int) -> list[float]:
    rows = zip(series["hlc3"].tolist(), series["volume"].tolist(), strict=True)
    return _weighted([price * volume for price, volume in rows], series, window)


def vwap_deviation(series: Series, *, mult: float, window: int) -> list[float]:
    middle = vwap(series, window=window)
    apart = [price - m for price, m in zip(series["hlc3"].tolist(), middle, strict=True)]
    out: list[float] = []
    for m, part in zip(middle, windows(apart, window), strict=True):
        if not part or any(map(math.isnan, part)):
            out.append(NAN)
            continue
        mean = sum(map(Fraction, part)) / window
        variance = sum((Fraction(v) - mean) ** 2 for v in part) / window
        out.append(m + mult * math.sqrt(variance))
    return out
