"""The daily ratios again, slowly, from docs/ratios.md: whole lists, no shortcuts.

Sums go from the first day to the last, as the definition says, so that results are equal to the
last bit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

DAY_MS = 86_400_000
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """NaN where undefined; growth and drawdown are fractions."""

    sharpe: float
    sortino: float
    calmar: float
    growth: float
    drawdown: float
    volatility: float


def ratios_of(
    equity: Sequence[float], ts_close: Sequence[int], *, cash: float, bar_ms: int
) -> Ratios:
    """The ratios of equity at bar closes."""
    days = [ts // DAY_MS for ts in ts_close]
    last_of_day = dict(zip(days, equity, strict=True))
    n_bars = len(equity)
    if days.count(days[0]) == 1:
        del last_of_day[days[0]]
        n_bars -= 1
    daily = [cash, *last_of_day.values()]
    growth = growth_of(cash, equity[-1], n_bars * bar_ms / DAY_MS)
    drawdown = drawdown_of([cash, *equity])
    without = math.inf if growth > 0 else math.nan
    if len(daily) < 3 or any(not before > 0 for before in daily[:-1]):
        sharpe = sortino = volatility = math.nan
    else:
        returns = [now / before - 1 for before, now in pairwise(daily)]
        sharpe, sortino, volatility = spread_of(returns)
    return Ratios(
        sharpe=sharpe,
        sortino=sortino,
        calmar=growth / drawdown if drawdown > ROUNDING else without,
        growth=growth,
        drawdown=drawdown,
        volatility=volatility,
    )


def growth_of(cash: float, end: float, n_days: float) -> float:
    if n_days < 30 or not end >= 0:
        return math.nan
    years = n_days / 365
    return (end / cash) ** (1 / years) - 1


def drawdown_of(equity: Sequence[float]) -> float:
    worst, peak = 0.0, equity[0]
    for now in equity:
        peak = max(peak, now)
        worst = max(worst, 1 - now / peak)
    return worst


def spread_of(returns: list[float]) -> tuple[float, float, float]:
    """Sharpe, Sortino, annual volatility."""
    n = len(returns)
    mean = total(returns) / n
    rounding = ROUNDING * max(1, *map(abs, returns))
    downside = math.sqrt(total([min(r, 0) * min(r, 0) for r in returns]) / n)
    if downside > rounding:
        sortino = mean * 365 / (downside * math.sqrt(365))
    else:
        sortino = math.inf if mean > rounding else math.nan
    if max(returns) - min(returns) <= rounding:
        return math.nan, sortino, 0.0
    deviation = math.sqrt(total([(r - mean) * (r - mean) for r in returns]) / (n - 1))
    return mean / deviation * math.sqrt(365), sortino, deviation * math.sqrt(365)


def total(numbers: Sequence[float]) -> float:
    """One after the other; the built-in compensates rounding in newer versions of Python."""
    result = 0.0
    for number in numbers:
        result += number
    return result
