"""Trend indicators as docs/indicators.md defines them: one bar at a time, window by window."""

import math
from fractions import Fraction

from backtest.indicators.series import Series
from tests.oracle.windows import NAN, highest, lowest, smoothed, windows


def true_ranges(series: Series) -> list[float]:
    h, low, c = (series[name].tolist() for name in ("high", "low", "close"))
    later = (
        max(h[t] - low[t], abs(h[t] - c[t - 1]), abs(low[t] - c[t - 1])) for t in range(1, len(h))
    )
    return [h[0] - low[0], *later]


def adx(series: Series, *, window: int, smoothing: int) -> list[float]:
    h, low = series["high"].tolist(), series["low"].tolist()
    plus, minus = [0.0], [0.0]
    for t in range(1, len(h)):
        up, down = h[t] - h[t - 1], low[t - 1] - low[t]
        plus.append(up if up > down and up > 0 else 0.0)
        minus.append(down if down > up and down > 0 else 0.0)
    rows = (true_ranges(series), plus, minus)
    ranges, plus, minus = (smoothed(row, 1 / window) for row in rows)
    index: list[float] = []
    for r, p, m in zip(ranges, plus, minus, strict=True):
        plus_di, minus_di = (100 * p / r, 100 * m / r) if r != 0 else (NAN, NAN)
        total = plus_di + minus_di
        index.append(100 * abs(plus_di - minus_di) / total if total > 0 else NAN)
    return smoothed(index, 1 / smoothing)


def aroon(series: Series, *, window: int) -> list[float]:
    high, low = series["high"].tolist(), series["low"].tolist()
    out: list[float] = []
    for highs, lows in zip(windows(high, window), windows(low, window), strict=True):
        if not highs:
            out.append(NAN)
            continue
        since_high = list(reversed(highs)).index(max(highs))
        since_low = list(reversed(lows)).index(min(lows))
        up, down = 100 * (window - since_high) / window, 100 * (window - since_low) / window
        out.append(up - down)
    return out


def chandelier_exit(series: Series, *, window: int, mult: float) -> list[float]:
    tops = highest(series["high"].tolist(), window)
    ranges = smoothed(true_ranges(series), 1 / window)
    return [top - mult * r for top, r in zip(tops, ranges, strict=True)]


def donchian(series: Series, *, window: int) -> list[float]:
    tops = highest(series["high"].tolist(), window)
    bottoms = lowest(series["low"].tolist(), window)
    return [(top + bottom) / 2 for top, bottom in zip(tops, bottoms, strict=True)]


def ichimoku(
    series: Series, *, conversion_window: int, base_window: int, displacement: int
) -> list[float]:
    conversion = donchian(series, window=conversion_window)
    base = donchian(series, window=base_window)
    return [
        (conversion[t - displacement] + base[t - displacement]) / 2 if t >= displacement else NAN
        for t in range(len(base))
    ]


def keltner(series: Series, *, window: int) -> list[float]:
    return smoothed(series["hlc3"].tolist(), 2 / (window + 1))


def linreg_slope(series: Series, *, source: str, window: int) -> list[float]:
    """Textbook least squares in rational arithmetic."""
    out: list[float] = []
    for part in windows(series[source].tolist(), window):
        if not part:
            out.append(NAN)
            continue
        mean_i = Fraction(window - 1, 2)
        mean_x = sum(map(Fraction, part)) / window
        together = sum((i - mean_i) * (Fraction(v) - mean_x) for i, v in enumerate(part))
        alone = sum((i - mean_i) ** 2 for i in range(window))
        out.append(float(together / alone))
    return out


def psar(series: Series, *, accel_start: float, accel_step: float, accel_max: float) -> list[float]:
    h, low = series["high"].tolist(), series["low"].tolist()
    side, sar, ep, af = "up", low[0], h[0], accel_start
    out = [sar]
    for t in range(1, len(h)):
        sar += af * (ep - sar)
        sar = min(sar, low[t - 1]) if side == "up" else max(sar, h[t - 1])
        if side == "up" and low[t] < sar:
            side, sar, ep, af = "down", ep, low[t], accel_start
        elif side == "down" and h[t] > sar:
            side, sar, ep, af = "up", ep, h[t], accel_start
        elif side == "up" and h[t] > ep:
            ep, af = h[t], min(accel_max, af + accel_step)
        elif side == "down" and low[t] < ep:
            ep, af = low[t], min(accel_max, af + accel_step)
        out.append(sar)
    return out


def supertrend(series: Series, *, window: int, mult: float) -> list[float]:
    c, middle = series["close"].tolist(), series["hl2"].tolist()
    ranges = smoothed(true_ranges(series), 1 / window)
    upper = [m + mult * r for m, r in zip(middle, ranges, strict=True)]
    lower = [m - mult * r for m, r in zip(middle, ranges, strict=True)]
    side = "up" if c[0] >= middle[0] else "down"
    out = [lower[0] if side == "up" else upper[0]]
    for t in range(1, len(c)):
        if not (upper[t] < upper[t - 1] or c[t - 1] > upper[t - 1]):
            upper[t] = upper[t - 1]
        if not (lower[t] > lower[t - 1] or c[t - 1] < lower[t - 1]):
            lower[t] = lower[t - 1]
        if side == "up" and c[t] < lower[t]:
            side = "down"
        elif side == "down" and c[t] > upper[t]:
            side = "up"
        out.append(lower[t] if side == "up" else upper[t])
    return out


def vortex(series: Series, *, window: int) -> list[float]:
    h, low = series["high"].tolist(), series["low"].tolist()
    ranges = true_ranges(series)
    out: list[float] = []
    for t in range(len(h)):
        bars = range(t - window + 1, t + 1)
        moved = math.fsum(abs(h[i] - low[i - 1]) for i in bars) if t >= window else NAN
        ranged = math.fsum(ranges[i] for i in bars) if t >= window else NAN
        out.append(moved / ranged if ranged != 0 else NAN)
    return out
