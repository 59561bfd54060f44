"""Structure indicators as docs/indicators.md defines them."""

from decimal import Decimal

from tests.oracle import decimals
from tests.oracle.decimals import (
    NAN,
    Numbers,
    Rows,
    atr,
    is_above,
    quotients,
    rolling_deviation,
    rolling_offset,
    windows,
)


def _bodies(rows: Rows) -> Numbers:
    return [abs(c - o) for c, o in zip(rows["close"], rows["open"], strict=True)]


def candle_stats(rows: Rows) -> Numbers:
    ranges = [h - low for h, low in zip(rows["high"], rows["low"], strict=True)]
    return quotients(_bodies(rows), ranges)


def candle_stats_atr_norm(rows: Rows, *, atr_window: int) -> Numbers:
    return quotients(_bodies(rows), atr(rows, atr_window))


def distance_to_ma_norm(rows: Rows, *, source: str, window: int) -> Numbers:
    x = rows[source]
    apart = [
        value - average if is_above(value, average) or is_above(average, value) else value * 0
        for value, average in zip(x, decimals.ema(x, window), strict=True)
    ]
    return quotients(apart, atr(rows, window))


def percent_rank(rows: Rows, *, source: str, window: int) -> Numbers:
    return [
        Decimal(100 * sum(not is_above(value, part[-1]) for value in part)) / window
        if part
        else NAN
        for part in windows(rows[source], window)
    ]


def zscore(rows: Rows, *, source: str, window: int) -> Numbers:
    x = rows[source]
    return quotients(rolling_offset(x, window), rolling_deviation(x, window))


def pivot_high(rows: Rows, *, left: int, right: int) -> Numbers:
    return _confirmed(rows["high"], left, right)


def pivot_low(rows: Rows, *, left: int, right: int) -> Numbers:
    return [-value for value in _confirmed([-value for value in rows["low"]], left, right)]


def pivots(rows: Rows, *, left: int, right: int) -> Numbers:
    return pivot_high(rows, left=left, right=right)


def _confirmed(x: Numbers, left: int, right: int) -> Numbers:
    out = [NAN] * len(x)
    for t in range(left + right, len(x)):
        candidate = t - right
        others = [x[i] for i in range(candidate - left, t + 1) if i != candidate]
        if all(x[candidate] > other for other in others):
            out[t] = x[candidate]
    return out
