"""Trend indicators as docs/indicators.md defines them: one bar at a time, window by window."""

from decimal import Decimal

from tests.oracle import decimals
from tests.oracle.decimals import (
    NAN,
    ZERO,
    Numbers,
    Rows,
    atr,
    crosses,
    highest,
    lowest,
    mean,
    number,
    quotient,
    rma,
    true_ranges,
    windows,
)


def adx(rows: Rows, *, window: int, smoothing: int) -> Numbers:
    h, low = rows["high"], rows["low"]
    plus, minus = [ZERO], [ZERO]
    for t in range(1, len(h)):
        up, down = h[t] - h[t - 1], low[t - 1] - low[t]
        plus.append(up if up > down and up > 0 else ZERO)
        minus.append(down if down > up and down > 0 else ZERO)
    ranges, plus, minus = (rma(row, window) for row in (true_ranges(rows), plus, minus))
    index: Numbers = []
    for r, p, m in zip(ranges, plus, minus, strict=True):
        plus_di, minus_di = quotient(100 * p, r), quotient(100 * m, r)
        index.append(quotient(100 * abs(plus_di - minus_di), plus_di + minus_di))
    return rma(index, smoothing)


def aroon(rows: Rows, *, window: int) -> Numbers:
    out: Numbers = []
    pairs = zip(windows(rows["high"], window), windows(rows["low"], window), strict=True)
    for highs, lows in pairs:
        if not highs:
            out.append(NAN)
            continue
        since_high = list(reversed(highs)).index(max(highs))
        since_low = list(reversed(lows)).index(min(lows))
        out.append(Decimal(100 * (since_low - since_high)) / window)
    return out


def chandelier_exit(rows: Rows, *, window: int, mult: float) -> Numbers:
    pairs = zip(highest(rows["high"], window), atr(rows, window), strict=True)
    return [top - number(mult) * r for top, r in pairs]


def donchian(rows: Rows, *, window: int) -> Numbers:
    pairs = zip(highest(rows["high"], window), lowest(rows["low"], window), strict=True)
    return [(top + bottom) / 2 for top, bottom in pairs]


def ichimoku(rows: Rows, *, conversion_window: int, base_window: int, displacement: int) -> Numbers:
    conversion = donchian(rows, window=conversion_window)
    base = donchian(rows, window=base_window)
    return [
        (conversion[t - displacement] + base[t - displacement]) / 2 if t >= displacement else NAN
        for t in range(len(base))
    ]


def keltner(rows: Rows, *, window: int) -> Numbers:
    return decimals.ema(rows["hlc3"], window)


def linreg_slope(rows: Rows, *, source: str, window: int) -> Numbers:
    """Textbook least squares."""
    places = [i - Decimal(window - 1) / 2 for i in range(window)]
    alone = sum(place**2 for place in places)
    out: Numbers = []
    for part in windows(rows[source], window):
        middle = mean(part)
        pairs = zip(places, part, strict=True) if part else ()
        together = sum((place * (v - middle) for place, v in pairs), ZERO)
        out.append(together / alone if part else NAN)
    return out


def psar(rows: Rows, *, accel_start: float, accel_step: float, accel_max: float) -> Numbers:
    h, low = rows["high"], rows["low"]
    start, step, most = number(accel_start), number(accel_step), number(accel_max)
    side, sar, ep, af = "up", low[0], h[0], start
    out = [sar]
    for t in range(1, len(h)):
        sar += af * (ep - sar)
        sar = min(sar, low[t - 1]) if side == "up" else max(sar, h[t - 1])
        if side == "up" and crosses(sar, low[t], rows):
            side, sar, ep, af = "down", ep, low[t], start
        elif side == "down" and crosses(h[t], sar, rows):
            side, sar, ep, af = "up", ep, h[t], start
        elif side == "up" and h[t] > ep:
            ep, af = h[t], min(most, af + step)
        elif side == "down" and low[t] < ep:
            ep, af = low[t], min(most, af + step)
        out.append(sar)
    return out


def supertrend(rows: Rows, *, window: int, mult: float) -> Numbers:
    c, middle = rows["close"], rows["hl2"]
    reach = [number(mult) * r for r in atr(rows, window)]
    upper = [m + r for m, r in zip(middle, reach, strict=True)]
    lower = [m - r for m, r in zip(middle, reach, strict=True)]
    side = "up" if c[0] >= middle[0] else "down"
    out = [lower[0] if side == "up" else upper[0]]
    for t in range(1, len(c)):
        if not (crosses(upper[t - 1], upper[t], rows) or crosses(c[t - 1], upper[t - 1], rows)):
            upper[t] = upper[t - 1]
        if not (crosses(lower[t], lower[t - 1], rows) or crosses(lower[t - 1], c[t - 1], rows)):
            lower[t] = lower[t - 1]
        if side == "up" and crosses(lower[t], c[t], rows):
            side = "down"
        elif side == "down" and crosses(c[t], upper[t], rows):
            side = "up"
        out.append(lower[t] if side == "up" else upper[t])
    return out


def vortex(rows: Rows, *, window: int) -> Numbers:
    h, low = rows["high"], rows["low"]
    moved = [NAN, *(abs(h[t] - low[t - 1]) for t in range(1, len(h)))]
    pairs = zip(windows(moved, window), windows(true_ranges(rows), window), strict=True)
    return [quotient(sum(part, ZERO), sum(ranges, ZERO)) if part else NAN for part, ranges in pairs]
