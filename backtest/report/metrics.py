"""The 25 metrics of a variant, unrounded, in the order of the report.

See: docs/metrics.md
"""

import math
from dataclasses import dataclass

import numpy as np

from backtest.engine.money.account import Terms
from backtest.engine.money.daily import DAYS_PER_YEAR
from backtest.engine.money.trades import ENTRY, ENTRY_QUOTE, EXIT, NET, TradeLog
from backtest.policy import RunSettings
from backtest.report.equity import (
    LONGEST_BARS,
    MEAN,
    MEAN_MS,
    N_EPISODES,
    WORST,
    draw_equity,
    mean_exposure,
    measure_drawdowns,
)
from backtest.result import MetricValue
from backtest.types import DAY_MS, FloatArray, IntArray

# below this share of the largest value, a spread is rounding noise and counts as none
NOISE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeHistory:
    """The trades of one variant and the bars they happened on.

    `close` and `ts_close` are shape (n_bars,), the target slice; `day_ends` is the last bar of each
    UTC day, by close time; `log` holds exactly the trades.

    See: docs/metrics.md
    """

    settings: RunSettings
    terms: Terms
    close: FloatArray
    ts_close: IntArray
    day_ends: IntArray
    log: TradeLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Equity, drawdown fraction and invested quote at each close, shape (n_bars,).

    See: docs/metrics.md
    """

    equity: FloatArray
    drawdown: FloatArray
    invested: FloatArray
    statistics: FloatArray


def draw_curve(history: TradeHistory) -> Curve:
    """The equity curve of a variant and its drawdown statistics.

    See: docs/metrics.md
    """
    n_bars = len(history.close)
    equity, invested, drawdown = (np.empty(n_bars, np.float64) for _ in range(3))
    draw_equity(history.close, history.terms, history.log, equity, invested)
    statistics = np.empty(5, np.float64)
    measure_drawdowns(equity, history.settings.timeframe.ms, drawdown, statistics)
    return Curve(equity=equity, drawdown=drawdown, invested=invested, statistics=statistics)


def all_metrics(history: TradeHistory, curve: Curve) -> dict[str, MetricValue]:
    """Titles and values in report order; None where undefined, times and durations in ms.

    See: docs/metrics.md
    """
    settings = history.settings
    time_range = settings.time_range
    init_cash = settings.execution.init_cash_quote
    n_bars = len(history.close)
    end = float(curve.equity[-1]) if n_bars else init_cash
    statistics = curve.statistics
    bar_ms = settings.timeframe.ms
    has_episodes = statistics[N_EPISODES] > 0
    worst = _defined(float(statistics[WORST]))
    exposure = _defined(mean_exposure(curve.equity, curve.invested))
    return {
        "Start": time_range.start_ms,
        "End": time_range.end_ms,
        "Duration": time_range.end_ms - time_range.start_ms,
        "Init. Cash": init_cash,
        "Total Profit": end - init_cash,
        "Total Return [%]": (end / init_cash - 1.0) * 100.0,
        "Benchmark Return [%]": benchmark_return_pct(history.close) if n_bars else None,
        "Position Coverage [%]": _covered_bars(history.log.legs) / n_bars * 100.0
        if n_bars
        else None,
        "Max. Drawdown [%]": _percent(worst),
        "Avg. Drawdown [%]": _percent(_defined(float(statistics[MEAN]))),
        "Max. Drawdown Duration": int(statistics[LONGEST_BARS]) * bar_ms if has_episodes else None,
        "Avg. Drawdown Duration": int(statistics[MEAN_MS]) if has_episodes else None,
        **_trade_metrics(history, bar_ms),
        "Gross Exposure": exposure,
        **_daily_ratios(curve.equity[history.day_ends], worst),
    }


def _trade_metrics(history: TradeHistory, bar_ms: int) -> dict[str, MetricValue]:
    n = len(history.log.legs)
    if n == 0:
        names = ("Win Rate [%]", "Best Trade [%]", "Worst Trade [%]", "Avg. Trade [%]")
        names += ("Max. Trade Duration", "Avg. Trade Duration", "Expectancy", "SQN")
        return {"Num. Trades": 0, **dict.fromkeys(names, None)}
    net = history.log.money[:, NET]
    returns = net / history.log.money[:, ENTRY_QUOTE] * 100.0
    bars = history.log.legs[:, EXIT] - history.log.legs[:, ENTRY]
    mean = float(returns.mean())
    return {
        "Num. Trades": n,
        "Win Rate [%]": int((net > 0.0).sum()) / n * 100.0,
        "Best Trade [%]": float(returns.max()),
        "Worst Trade [%]": float(returns.min()),
        "Avg. Trade [%]": mean,
        "Max. Trade Duration": int(bars.max()) * bar_ms,
        "Avg. Trade Duration": int(bars.sum()) * bar_ms // n,
        "Expectancy": mean,
        "SQN": _quotient(math.sqrt(n) * float(net.mean()), _sample_deviation(net)),
    }


def benchmark_return_pct(close: FloatArray) -> float:
    """Buying at the first close and looking at the last, without costs, in percent.

    Args:
        close: Shape (n_bars,), at least one bar.

    See: docs/metrics.md
    """
    return float((close[-1] / close[0] - 1.0) * 100.0)


def _covered_bars(log: IntArray) -> int:
    """Bars from entry to exit inclusive of all trades; a shared bar counts once."""
    if len(log) == 0:
        return 0
    entries, exits = log[:, ENTRY], log[:, EXIT]
    shared = int((entries[1:] == exits[:-1]).sum())
    return int((exits - entries + 1).sum()) - shared


def day_ends(ts_close: IntArray) -> IntArray:
    """The last bar of each UTC day, by close time, shape (n_days,).

    See: docs/metrics.md
    """
    days = ts_close // DAY_MS
    return np.flatnonzero(np.append(days[1:] != days[:-1], True)[: len(days)])


def _daily_ratios(daily: FloatArray, worst_drawdown: float | None) -> dict[str, MetricValue]:
    """Sharpe (1994), Sortino (1994) and Calmar (1991) on the last equity of each UTC day."""
    annual, returns = _annual_return(daily)
    if annual is None:
        return {"Sharpe Ratio": None, "Sortino Ratio": None, "Calmar Ratio": None}
    year = math.sqrt(DAYS_PER_YEAR)
    deviation = _sample_deviation(returns)
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    return {
        "Sharpe Ratio": _quotient(annual, None if deviation is None else deviation * year),
        "Sortino Ratio": _quotient(annual, downside * year),
        "Calmar Ratio": _quotient(annual, worst_drawdown),
    }


def _annual_return(daily: FloatArray) -> tuple[float | None, FloatArray]:
    """Annualised geometric mean of daily returns, None where undefined; and the returns."""
    if len(daily) < 3 or not (daily[:-1] > 0.0).all():
        return None, daily[:0]
    returns = daily[1:] / daily[:-1] - 1.0
    if not (returns > -1.0).all():
        return None, returns
    try:
        annual = math.expm1(DAYS_PER_YEAR * float(np.log1p(returns).mean()))
    except OverflowError:
        return None, returns
    return annual, returns


def _sample_deviation(values: FloatArray) -> float | None:
    """Standard deviation with N - 1; None below two values or where all are numerically equal."""
    if len(values) < 2:
        return None
    spread = float(values.max() - values.min())
    if spread <= NOISE * float(np.abs(values).max()):
        return None
    return float(values.std(ddof=1))


def _quotient(numerator: float, denominator: float | None) -> float | None:
    if denominator is None or denominator == 0.0:
        return None
    return _defined(numerator / denominator)


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else fraction * 100.0
