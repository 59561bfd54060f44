"""Momentum indicators as docs/indicators.md defines them: one bar at a time, window by window."""

import math
from collections.abc import Sequence
from fractions import Fraction

from backtest.indicators.series import Series
from tests.oracle.windows import NAN, highest, lowest, mean_of, smoothed, windows


def roc(series: Series, *, source: str, window: int) -> list[float]:
    x = series[source].tolist()
    return [
        100 * (x[t] / x[t - window] - 1) if t >= window and x[t - window] != 0 else NAN
        for t in range(len(x))
    ]


def rsi(series: Series, *, source: str, window: int) -> list[float]:
    x = series[source].tolist()
    changes = [x[t] - x[t - 1] for t in range(1, len(x))]
    gains = smoothed([max(d, 0.0) for d in changes], 1 / window)
    losses = smoothed([max(-d, 0.0) for d in changes], 1 / window)
    return [NAN, *(_strength(g, q) for g, q in zip(gains, losses, strict=True))]


def _strength(gain: float, loss: float) -> float:
    if loss == 0:
        return NAN if gain == 0 else 100.0
    return 100 - 100 / (1 + gain / loss)


def _place(
    x: Sequence[float], top: Sequence[float], bottom: Sequence[float], least: float
) -> list[float]:
    """Percent of the way from bottom to top; NaN where the range is at most `least`."""
    return [
        100 * (v - low) / (high - low) if high - low > least else NAN
        for v, high, low in zip(x, top, bottom, strict=True)
    ]


def _range(series: Series, window: int) -> tuple[list[float], list[float]]:
    return highest(series["high"].tolist(), window), lowest(series["low"].tolist(), window)


def stoch(series: Series, *, k_window: int, smoothing: int) -> list[float]:
    raw = _place(series["close"].tolist(), *_range(series, k_window), 0.0)
    return [mean_of(part) for part in windows(raw, smoothing)]


def stoch_rsi(
    series: Series, *, source: str, k_window: int, rsi_window: int, smoothing: int
) -> list[float]:
    strength = rsi(series, source=source, window=rsi_window)
    raw = _place(strength, highest(strength, k_window), lowest(strength, k_window), 1e-9)
    return [mean_of(part) for part in windows(raw, smoothing)]


def williams_r(series: Series, *, window: int) -> list[float]:
    return [
        -100 * (high - c) / (high - low) if high > low else NAN
        for c, high, low in zip(series["close"].tolist(), *_range(series, window), strict=True)
    ]


def cci(series: Series, *, window: int) -> list[float]:
    """Rational arithmetic up to the last division: no digit is lost to a large offset."""
    out: list[float] = []
    for part in windows(series["hlc3"].tolist(), window):
        exact = [Fraction(v) for v in part or [0.0]]
        mean = sum(exact) / len(exact)
        deviation = sum(abs(v - mean) for v in exact) / len(exact)
        out.append(float((exact[-1] - mean) / deviation) / 0.015 if deviation else NAN)
    return out


def macd(series: Series, *, source: str, fast_window: int, slow_window: int) -> list[float]:
    x = series[source].tolist()
    fast, slow = smoothed(x, 2 / (fast_window + 1)), smoothed(x, 2 / (slow_window + 1))
    return [f - s for f, s in zip(fast, slow, strict=True)]


def ppo(series: Series, *, source: str, fast_window: int, slow_window: int) -> list[float]:
    x = series[source].tolist()
    fast, slow = smoothed(x, 2 / (fast_window + 1)), smoothed(x, 2 / (slow_window + 1))
    return [100 * (f - s) / s if s != 0 else NAN for f, s in zip(fast, slow, strict=True)]


def trix(series: Series, *, source: str, window: int) -> list[float]:
    e = series[source].tolist()
    for _ in range(3):
        e = smoothed(e, 2 / (window + 1))
    return [100 * (e[t] / e[t - 1] - 1) if t >= 1 and e[t - 1] != 0 else NAN for t in range(len(e))]


def fisher(series: Series, *, window: int) -> list[float]:
    out: list[float] = []
    for middle, high, low in zip(series["hl2"].tolist(), *_range(series, window), strict=True):
        if high > low:
            z = 2 * (middle - low) / (high - low) - 1
            z = min(0.999, max(-0.999, z))
            out.append(0.5 * math.log((1 + z) / (1 - z)))
        else:
            out.append(NAN)
    return out
