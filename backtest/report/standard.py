"""The standard ratios of a variant, and why one of them is missing.

See: docs/ratios.md
"""

import math

import numpy as np

from backtest.engine.money.daily import (
    MIN_GROWTH_DAYS,
    MIN_SPREAD_DAYS,
    Measures,
)
from backtest.engine.money.trades import ENTRY, EXIT, NET
from backtest.engine.pipeline.ranking import ranking_values
from backtest.engine.scoring.items import FULL_DRAWDOWN, GROWTH, SHARPE, SORTINO, VOLATILITY
from backtest.report.metrics import TradeHistory
from backtest.report.table import print_days
from backtest.result import StandardRatios
from backtest.types import FloatArray, RankingMetric

NOTHING_LEFT = "the account had nothing left when a day began"
OUT_OF_RANGE = "beyond the range of numbers"
INFINITE = "infinite: "


def standard_ratios(history: TradeHistory, scores: FloatArray, days: Measures) -> StandardRatios:
    """The ratios that stand beside the 25 rows.

    Args:
        history: The trades and their bars.
        scores: Shape (1, 10), exact metrics (`backtest.engine.scoring.items`), measured by days
            and with the drawdown from the initial cash.
        days: The days of the bars.

    Returns:
        Values; None with its reason where one is undefined or infinite.

    See: docs/ratios.md
    """
    row = scores[0]
    net = history.log.money[:, NET]
    values: dict[str, float] = {
        "sharpe": row[SHARPE],
        "sortino": row[SORTINO],
        "calmar": ranking_values(scores, RankingMetric.CALMAR)[0],
        "cagr_pct": row[GROWTH] * 100.0,
        "annual_volatility_pct": row[VOLATILITY] * 100.0,
        "profit_factor": ranking_values(scores, RankingMetric.PROFIT_FACTOR)[0],
        "payoff": _payoff(net),
        "max_drawdown_pct": row[FULL_DRAWDOWN] * 100.0,
    }
    known = {name: float(value) for name, value in values.items() if math.isfinite(value)}
    missing = {name: value for name, value in values.items() if name not in known}
    why = _Reasons(history, row, days)
    return StandardRatios(
        values={**dict.fromkeys(values), **known},
        longest_losing_run=_longest_losing_run(net),
        exposure_pct=_held_bars(history) / len(history.close) * 100.0,
        reasons={name: why.of(name, value) for name, value in missing.items()},
    )


def _payoff(net: FloatArray) -> float:
    """Mean win over mean loss, both in quote currency; NaN where there is no win or no loss."""
    wins, losses = net[net > 0.0], net[net < 0.0]
    if len(wins) == 0 or len(losses) == 0:
        return math.nan
    return float(wins.mean() / -losses.mean())


def _longest_losing_run(net: FloatArray) -> int:
    """Most losing trades one after the other."""
    others = np.flatnonzero(~(net < 0.0))
    ends = np.concatenate(([-1], others, [len(net)]))
    return int(np.diff(ends).max()) - 1


def _held_bars(history: TradeHistory) -> int:
    """Bars through which a position was held: from its entry's close to its exit's."""
    legs = history.log.legs
    return int((legs[:, EXIT] - legs[:, ENTRY]).sum())


class _Reasons:
    """Why a ratio has no number."""

    def __init__(self, history: TradeHistory, row: FloatArray, days: Measures) -> None:
        self._history, self._row, self._days = history, row, days

    def of(self, name: str, value: float) -> str:
        """The reason in one sentence; what is infinite says so first."""
        match name:
            case "sharpe" | "annual_volatility_pct":
                return self._daily() or "the daily returns do not differ"
            case "sortino":
                return self._daily() or _without("losing day", value)
            case "cagr_pct":
                return self._growth()
            case "calmar":
                if math.isnan(self._row[GROWTH]):
                    return self._growth()
                return _without("drawdown", value)
            case "profit_factor" | "payoff":
                return self._trades(value)
            case _:
                return OUT_OF_RANGE

    def _daily(self) -> str | None:
        n_days = len(self._days.last_bars)
        if n_days < MIN_SPREAD_DAYS:
            return f"needs {MIN_SPREAD_DAYS} UTC days, the run has {n_days}"
        is_undefined = math.isnan(self._row[VOLATILITY])
        return NOTHING_LEFT if is_undefined else None

    def _growth(self) -> str:
        if self._days.n_days < MIN_GROWTH_DAYS:
            return f"needs {MIN_GROWTH_DAYS} days, the run has {print_days(self._days.n_days)}"
        return "the account ended below zero or beyond the range of numbers"

    def _trades(self, value: float) -> str:
        net = self._history.log.money[:, NET]
        if len(net) == 0:
            return "no trades"
        if math.isinf(value):
            return f"{INFINITE}no losing trade"
        return "no losing trade" if not (net < 0.0).any() else "no winning trade"


def _without(what: str, value: float) -> str:
    return f"{INFINITE}a gain and no {what}" if math.isinf(value) else f"no {what} and no gain"
