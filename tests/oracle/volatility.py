"""Volatility indicators as docs/indicators.md defines them."""

from decimal import Decimal

from tests.oracle import decimals
from tests.oracle.decimals import (
    NAN,
    Numbers,
    Rows,
    number,
    quotient,
    rolling_deviation,
    rolling_mean,
    rolling_offset,
    rolling_variance,
    true_ranges,
)


def tr(rows: Rows) -> Numbers:
    return true_ranges(rows)


def atr(rows: Rows, *, window: int) -> Numbers:
    return decimals.atr(rows, window)


def variance(rows: Rows, *, source: str, window: int) -> Numbers:
    return rolling_variance(rows[source], window)


def stddev(rows: Rows, *, source: str, window: int) -> Numbers:
    return rolling_deviation(rows[source], window)


def hv(rows: Rows, *, annualization: int, source: str, window: int) -> Numbers:
    x = rows[source]
    returns = [
        (x[t] / x[t - 1]).ln() if t > 0 and x[t] > 0 and x[t - 1] > 0 else NAN
        for t in range(len(x))
    ]
    scale = 100 * Decimal(annualization).sqrt()
    return [scale * value for value in rolling_deviation(returns, window)]


def bbands(rows: Rows, *, source: str, window: int) -> Numbers:
    return rolling_mean(rows[source], window)


def bbands_bandwidth(rows: Rows, *, mult: float, source: str, window: int) -> Numbers:
    spread = rolling_deviation(rows[source], window)
    basis = rolling_mean(rows[source], window)
    return [quotient(2 * number(mult) * s, b) for s, b in zip(spread, basis, strict=True)]


def bbands_percent_b(rows: Rows, *, mult: float, source: str, window: int) -> Numbers:
    reach = [number(mult) * s for s in rolling_deviation(rows[source], window)]
    apart = rolling_offset(rows[source], window)
    return [quotient(d + r, 2 * r) for d, r in zip(apart, reach, strict=True)]
