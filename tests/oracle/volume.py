"""Volume indicators as docs/indicators.md defines them: one bar at a time, window by window."""

from decimal import Decimal

from tests.oracle.decimals import (
    NAN,
    ZERO,
    Numbers,
    Rows,
    number,
    rolling_deviation,
    rolling_mean,
)
from tests.oracle.ma import per_volume


def _flows(rows: Rows) -> Numbers:
    columns = (rows[name] for name in ("high", "low", "close", "volume"))
    return [
        ((c - low) - (h - c)) / (h - low) * v if h != low else ZERO
        for h, low, c, v in zip(*columns, strict=True)
    ]


def ad_line(rows: Rows) -> Numbers:
    total, out = ZERO, []
    for flow in _flows(rows):
        total += flow
        out.append(total)
    return out


def cmf(rows: Rows, *, window: int) -> Numbers:
    return per_volume(_flows(rows), rows, window)


def obv(rows: Rows) -> Numbers:
    c, v = rows["close"], rows["volume"]
    total, out = ZERO, [NAN]
    for t in range(1, len(c)):
        total += v[t] * ((c[t] > c[t - 1]) - (c[t] < c[t - 1]))
        out.append(total)
    return out


def mfi(rows: Rows, *, window: int) -> Numbers:
    price, v = rows["hlc3"], rows["volume"]
    total = [
        h + low + c for h, low, c in zip(rows["high"], rows["low"], rows["close"], strict=True)
    ]
    out: Numbers = []
    for t in range(len(price)):
        bars = [i for i in range(t - window + 1, t + 1) if t >= window]
        up = sum((price[i] * v[i] for i in bars if total[i] > total[i - 1]), ZERO)
        down = sum((price[i] * v[i] for i in bars if total[i] < total[i - 1]), ZERO)
        if down == 0:
            out.append(NAN if up == 0 else Decimal(100))
        else:
            out.append(100 - 100 / (1 + up / down))
    return out


def volume_sma(rows: Rows, *, window: int) -> Numbers:
    return rolling_mean(rows["volume"], window)


def vwap(rows: Rows, *, window: int) -> Numbers:
    pairs = zip(rows["hlc3"], rows["volume"], strict=True)
    return per_volume([price * volume for price, volume in pairs], rows, window)


def vwap_deviation(rows: Rows, *, mult: float, window: int) -> Numbers:
    middle = vwap(rows, window=window)
    apart = [price - m for price, m in zip(rows["hlc3"], middle, strict=True)]
    spread = rolling_deviation(apart, window)
    return [m + number(mult) * s for m, s in zip(middle, spread, strict=True)]
