"""Moving averages as docs/indicators.md defines them."""

import math

from tests.oracle import decimals
from tests.oracle.decimals import (
    NAN,
    ZERO,
    Numbers,
    Rows,
    quotients,
    rolling_mean,
    weighted_mean,
    windows,
)


def sma(rows: Rows, *, source: str, window: int) -> Numbers:
    return rolling_mean(rows[source], window)


def ema(rows: Rows, *, source: str, window: int) -> Numbers:
    return decimals.ema(rows[source], window)


def rma(rows: Rows, *, source: str, window: int) -> Numbers:
    return decimals.rma(rows[source], window)


def wma(rows: Rows, *, source: str, window: int) -> Numbers:
    return weighted_mean(rows[source], window)


def lwma(rows: Rows, *, source: str, window: int) -> Numbers:
    return weighted_mean(rows[source], window)


def vwma(rows: Rows, *, window: int) -> Numbers:
    value = [c * v for c, v in zip(rows["close"], rows["volume"], strict=True)]
    return per_volume(value, rows, window)


def per_volume(amounts: Numbers, rows: Rows, window: int) -> Numbers:
    """Sum of the amounts per sum of the volumes."""
    sums = (
        [sum(part, ZERO) if part else NAN for part in windows(x, window)]
        for x in (amounts, rows["volume"])
    )
    return quotients(*sums)


def dema(rows: Rows, *, source: str, window: int) -> Numbers:
    first = decimals.ema(rows[source], window)
    second = decimals.ema(first, window)
    return [2 * a - b for a, b in zip(first, second, strict=True)]


def tema(rows: Rows, *, source: str, window: int) -> Numbers:
    first = decimals.ema(rows[source], window)
    second = decimals.ema(first, window)
    third = decimals.ema(second, window)
    return [3 * a - 3 * b + c for a, b, c in zip(first, second, third, strict=True)]


def hma(rows: Rows, *, source: str, window: int) -> Numbers:
    x = rows[source]
    half = max(1, math.floor(window / 2))
    root = max(1, math.floor(math.sqrt(window)))
    pairs = zip(weighted_mean(x, half), weighted_mean(x, window), strict=True)
    return weighted_mean([2 * fast - slow for fast, slow in pairs], root)


def zlema(rows: Rows, *, source: str, window: int) -> Numbers:
    x = rows[source]
    lag = math.floor((window - 1) / 2)
    ahead = [x[t] + (x[t] - x[t - lag]) if t >= lag else NAN for t in range(len(x))]
    return decimals.ema(ahead, window)
