"""Windows and recursions as docs/indicators.md defines them, in exact fractions where it sums."""

import math
from collections.abc import Sequence
from fractions import Fraction

from tests.oracle.windows import NAN, windows


def exact(part: Sequence[float]) -> list[Fraction] | None:
    """The values of a window as fractions; None where it is incomplete or holds a NaN."""
    if not part or any(map(math.isnan, part)):
        return None
    return [Fraction(value) for value in part]


def rolling_sum(x: Sequence[float], window: int) -> list[float]:
    parts = map(exact, windows(x, window))
    return [float(sum(part)) if part else NAN for part in parts]


def rolling_mean(x: Sequence[float], window: int) -> list[float]:
    parts = map(exact, windows(x, window))
    return [float(sum(part) / window) if part else NAN for part in parts]


def weighted_mean(x: Sequence[float], window: int) -> list[float]:
    weights = range(1, window + 1)
    parts = map(exact, windows(x, window))
    return [
        float(sum(n * v for n, v in zip(weights, part, strict=True)) / sum(weights))
        if part
        else NAN
        for part in parts
    ]


def rolling_variance(x: Sequence[float], window: int) -> list[float]:
    out: list[float] = []
    for part in map(exact, windows(x, window)):
        if part is None:
            out.append(NAN)
            continue
        mean = sum(part) / window
        out.append(float(sum((value - mean) ** 2 for value in part) / window))
    return out


def rolling_deviation(x: Sequence[float], window: int) -> list[float]:
    return [math.sqrt(value) for value in rolling_variance(x, window)]


def rolling_offset(x: Sequence[float], window: int) -> list[float]:
    parts = map(exact, windows(x, window))
    return [float(part[-1] - sum(part) / window) if part else NAN for part in parts]


def bars_since_max(x: Sequence[float], window: int) -> list[float]:
    return [
        float(part[::-1].index(max(part))) if exact(part) else NAN for part in windows(x, window)
    ]


def bars_since_min(x: Sequence[float], window: int) -> list[float]:
    return bars_since_max([-value for value in x], window)


def shift(x: Sequence[float], n: int) -> list[float]:
    return [x[t - n] if t >= n else NAN for t in range(len(x))]


def true_range(high: Sequence[float], low: Sequence[float], close: Sequence[float]) -> list[float]:
    return [
        max(high[t] - low[t], abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1]))
        if t > 0
        else high[t] - low[t]
        for t in range(len(high))
    ]


def quotient(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator != 0 else NAN
