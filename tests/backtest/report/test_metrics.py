"""Metrics of trades small enough to reckon by hand, and laws of the equity curve."""

import math

import numpy as np
import pytest

from backtest.engine.money.account import account_terms
from backtest.report.metrics import TradeHistory, all_metrics, day_ends, draw_curve
from backtest.result import MetricValue
from backtest.types import Execution
from tests.oracle.cases import Case, random_case
from tests.oracle.engine import Setup, play
from tests.oracle.kernels import played
from tests.oracle.scoring import settings_for

FREE = Execution(
    init_cash_quote=1_000.0,
    fixed_quote=100.0,
    safe_profit_percent=30.0,
    fee_pct=0.0,
    slippage_pct=0.0,
)
HOUR_MS = 3_600_000


def metrics(
    close: list[float], signal: list[int], *, step_ms: int = 60_000
) -> dict[str, MetricValue]:
    made = Case(
        close=np.array(close), signal=np.array(signal, np.int8), setup=Setup(execution=FREE)
    )
    history = history_of(made, step_ms)
    return all_metrics(history, draw_curve(history))


def history_of(case: Case, step_ms: int = 60_000) -> TradeHistory:
    ours = played(case)
    n_bars = len(case.close)
    ts_close = (np.arange(n_bars) + 1) * step_ms
    return TradeHistory(
        settings=settings_for(case.setup, n_bars),
        terms=account_terms(case.setup.execution, case.setup.sizing),
        close=case.close,
        ts_close=ts_close,
        day_ends=day_ends(ts_close),
        log=ours.log,
    )


def test_metrics_reckoned_by_hand() -> None:
    found = metrics([100.0, 110.0, 99.0, 90.0, 90.0], [1, 1, 0, -1, 0])

    assert found["Total Profit"] == pytest.approx(-10.0)
    assert found["Total Return [%]"] == pytest.approx(-1.0)
    assert found["Benchmark Return [%]"] == pytest.approx(-10.0)
    assert found["Position Coverage [%]"] == 100.0
    assert found["Max. Drawdown [%]"] == pytest.approx(10.0)
    assert found["Avg. Drawdown [%]"] == pytest.approx(6.0)
    assert found["Max. Drawdown Duration"] == 2 * 60_000
    assert found["Num. Trades"] == 2
    assert found["Win Rate [%]"] == 0.0
    assert found["Best Trade [%]"] == 0.0
    assert found["Worst Trade [%]"] == pytest.approx(-1.0)
    assert found["Max. Trade Duration"] == 2 * 60_000
    assert found["Avg. Trade Duration"] == 90_000


def test_without_trades_only_the_market_has_numbers() -> None:
    found = metrics([100.0, 120.0, 90.0], [0, 0, 0])

    assert found["Num. Trades"] == 0
    assert found["Total Profit"] == found["Gross Exposure"] == found["Max. Drawdown [%]"] == 0.0
    undefined = {"Win Rate [%]", "Expectancy", "SQN", "Max. Drawdown Duration", "Sharpe Ratio"}
    assert all(found[title] is None for title in undefined)


def test_equal_profits_have_no_sqn_however_rounding_scatters_them() -> None:
    found = metrics([1.0, 1.1, 1.0, 1.1, 1.0, 1.1], [0] * 6)
    assert found["SQN"] is None
    flat = metrics([0.1] * 6, [1, 0, 1, 0, 1, 0])
    assert flat["SQN"] is None


def test_ratios_need_two_daily_returns() -> None:
    close = [100.0 + hour for hour in range(72)]
    long = [1] * 72

    assert metrics(close[:40], long[:40], step_ms=HOUR_MS)["Sharpe Ratio"] is None
    assert metrics(close, long, step_ms=HOUR_MS)["Sharpe Ratio"] is not None
    assert metrics(close, long, step_ms=HOUR_MS)["Sortino Ratio"] is None


def test_growth_beyond_the_range_of_floats_is_undefined_and_not_an_error() -> None:
    close = [99.0 ** (hour // 24) for hour in range(120)]

    assert metrics(close, [1] * 120, step_ms=HOUR_MS)["Sharpe Ratio"] is None


@pytest.mark.parametrize("number", range(60))
def test_total_return_of_the_rows_is_the_return_that_ranks(number: int) -> None:
    made = random_case(9, number)
    history = history_of(made)
    found = all_metrics(history, draw_curve(history))

    total = found["Total Return [%]"]
    assert total is not None
    assert math.isclose(total, played(made).total_return_pct, rel_tol=1e-9, abs_tol=1e-9)
    assert list(found)[:3] == ["Start", "End", "Duration"]
    assert len(found) == 25


@pytest.mark.parametrize("number", range(60))
def test_coverage_exposure_and_episodes_equal_a_walk_over_the_bars(number: int) -> None:
    made = random_case(10, number)
    slow = play(made.close.tolist(), made.signal.tolist(), made.setup)
    history = history_of(made)
    found = all_metrics(history, draw_curve(history))
    quotes: dict[int, float] = {}
    for trade in slow.trades:
        for bar in range(trade.entry, trade.exit + 1):
            quotes[bar] = trade.money["entry_quote_amount"]
    n_bars = len(made.close)

    assert found["Position Coverage [%]"] == pytest.approx(len(quotes) / n_bars * 100)
    if all(slow.equity[bar] != 0 for bar in quotes):
        wanted = sum(quote / slow.equity[bar] for bar, quote in quotes.items()) / n_bars
        assert found["Gross Exposure"] == pytest.approx(wanted)
    spans = episodes(slow.equity)
    assert found["Max. Drawdown Duration"] == (max(spans) * 60_000 if spans else None)
    mean = sum(spans) * 60_000 // len(spans) if spans else None
    assert found["Avg. Drawdown Duration"] == mean


def episodes(equity: list[float]) -> list[int]:
    """Lengths in bars of the stretches below the peak; the first bar after one belongs to it."""
    peak, start, spans = -math.inf, None, []
    for bar, value in enumerate(equity):
        peak = max(peak, value)
        is_under = peak > 0 and 1 - value / peak > 1e-12
        if is_under and start is None:
            start = bar
        if start is not None and (not is_under or bar == len(equity) - 1):
            spans.append(bar - start)
            start = None
    return spans
