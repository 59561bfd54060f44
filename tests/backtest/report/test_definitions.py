"""The example of docs/definitions.md: one curve whose numbers other tools give differently.

What is asked of vectorbt and backtesting.py runs where they are installed (`make bench` does it).
"""

import math
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.engine.money.account import account_terms
from backtest.engine.money.daily import daily_measures
from backtest.report.metrics import Curve, TradeHistory, all_metrics, day_ends, draw_curve
from backtest.types import DAY_MS, DirectionMode, Execution, Timeframe
from tests.backtest.report.compiled import ratios_of
from tests.oracle.cases import Case
from tests.oracle.engine import Setup
from tests.oracle.kernels import played
from tests.oracle.scoring import settings_for

PAGE = Path(__file__).parents[3] / "docs" / "definitions.md"
CASH = 100.0
CLOSES = [100.0, 110.0, 105.0, 104.0, 110.0, 111.0, 108.0, 112.0, 112.0, 109.0]
SIGNAL = [0, 1, 1, 1, 0, 0, 1, 1, 0, 0]
BUYS, SELLS = {1, 6}, {4, 8}
YEAR = 365
INSTALLED_BY = "make bench installs it"
# quantities are whole there: with prices this small, rounding no longer matters
SMALL = 1e-8

pytestmark = pytest.mark.filterwarnings("ignore")


def page_example() -> dict[str, dict[str, str]]:
    """Cells of the first table of the page, by tool and by row."""
    text = PAGE.read_text("utf-8")
    header, *rows = re.findall(r"^\|(.*)\|$", text.partition("## Metrics")[0], re.MULTILINE)
    _, *tools = (cell.strip() for cell in header.split("|"))
    told: dict[str, dict[str, str]] = {tool: {} for tool in tools}
    for row in rows[1:]:
        name, *cells = (cell.strip() for cell in row.split("|"))
        told |= {t: {**told[t], name: c} for t, c in zip(tools, cells, strict=True) if c}
    return told


def assert_told(tool: str, found: dict[str, float]) -> None:
    """Every number of a tool stands on the page, to the digits that the page has."""
    told = page_example()[tool]
    assert set(found) == set(told)
    for name, value in found.items():
        match = re.match(r"-?\d+(?:\.(\d+))?", told[name])
        assert match is not None, told[name]
        half_a_digit = 0.5 * 10.0 ** -len(match[1] or "")
        assert value == pytest.approx(float(match[0]), abs=half_a_digit), name


def played_here() -> tuple[TradeHistory, Curve]:
    """Ten days, each of which closes at midnight."""
    free = Execution(
        init_cash_quote=CASH,
        fixed_quote=CASH,
        safe_profit_percent=0.0,
        fee_pct=0.0,
        slippage_pct=0.0,
    )
    setup = Setup(execution=free, direction=DirectionMode.LONG_ONLY)
    case = Case(close=np.array(CLOSES), signal=np.array(SIGNAL, np.int8), setup=setup)
    settings = replace(settings_for(setup, len(CLOSES)), timeframe=Timeframe.D1)
    ts_close = (np.arange(len(CLOSES)) + 1) * DAY_MS
    history = TradeHistory(
        settings=settings,
        terms=account_terms(free, setup.sizing),
        close=case.close,
        ts_close=ts_close,
        day_ends=day_ends(ts_close),
        log=played(case).log,
    )
    return history, draw_curve(history)


def returns_of_closes() -> pd.Series:
    """Of the account at the ten closes, the first from the cash."""
    _, curve = played_here()
    before = np.concatenate(([CASH], curve.equity[:-1]))
    return pd.Series(curve.equity / before - 1.0, index=days())


def days() -> pd.DatetimeIndex:
    return pd.date_range("2024-01-01", periods=len(CLOSES), freq="D")


def longest_days(span: Any) -> float:
    return pd.Timedelta(span) / pd.Timedelta(days=1)


def test_the_page_has_the_closes_of_the_example() -> None:
    text = " ".join(PAGE.read_text("utf-8").split())

    assert " ".join(f"{close:g}" for close in CLOSES) in text


def test_here() -> None:
    history, curve = played_here()

    found = all_metrics(history, curve)

    measures = daily_measures(history.ts_close, DAY_MS)
    sharpe, _, _ = ratios_of(CASH, curve.equity[measures.last_bars])
    assert_told(
        "here",
        {
            "bars covered": found["Position Coverage [%]"] or math.nan,
            "average drawdown": found["Avg. Drawdown [%]"] or math.nan,
            "longest drawdown": (found["Max. Drawdown Duration"] or math.nan) / DAY_MS,
            "win rate": found["Win Rate [%]"] or math.nan,
            "expectancy": found["Expectancy"] or math.nan,
            "Sharpe, the row": found["Sharpe Ratio"] or math.nan,
            "Sharpe, as the others mean it": sharpe,
        },
    )


def test_quantstats_and_empyrical() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        empyrical = pytest.importorskip("empyrical")
        quantstats = pytest.importorskip("quantstats.stats")
        returns = returns_of_closes()
        falls = quantstats.drawdown_details(quantstats.to_drawdown_series(returns))
        found = {
            "bars covered": quantstats.exposure(returns) * 100.0,
            "average drawdown": -falls["max drawdown"].mean(),
            "longest drawdown": falls["days"].max(),
            "win rate": quantstats.win_rate(returns) * 100.0,
            "Sharpe, as the others mean it": quantstats.sharpe(returns),
        }

    assert_told("quantstats", found)
    assert empyrical.sharpe_ratio(returns) == pytest.approx(found["Sharpe, as the others mean it"])


def vectorbt_portfolio(closes: list[float], freq: str) -> Any:
    vectorbt: Any = pytest.importorskip("vectorbt", reason=INSTALLED_BY)
    places = np.arange(len(closes))
    index = pd.date_range("2024-01-01", periods=len(closes), freq=freq)
    buys, sells = (np.isin(places % len(CLOSES), list(turns)) for turns in (BUYS, SELLS))
    return vectorbt.Portfolio.from_signals(
        pd.Series(closes, index=index), buys, sells, init_cash=CASH, freq=freq
    )


def test_vectorbt() -> None:
    portfolio = vectorbt_portfolio(CLOSES, "D")

    np.testing.assert_allclose(portfolio.returns().to_numpy(), returns_of_closes(), atol=1e-12)
    assert portfolio.gross_exposure().max() == pytest.approx(1.0)
    assert_told(
        "vectorbt",
        {
            "bars covered": portfolio.positions.coverage() * 100.0,
            "average drawdown": -portfolio.drawdowns.avg_drawdown() * 100.0,
            "longest drawdown": longest_days(portfolio.drawdowns.max_duration()),
            "win rate": portfolio.trades.win_rate() * 100.0,
            "expectancy": portfolio.trades.expectancy(),
            "Sharpe, as the others mean it": portfolio.sharpe_ratio(),
        },
    )


def hourly_closes() -> list[float]:
    steps = np.random.default_rng(7).normal(0.0, 0.01, 24 * 40)
    return (100.0 * np.exp(np.cumsum(steps))).tolist()


def test_the_sharpe_of_vectorbt_is_of_the_returns_of_bars() -> None:
    portfolio = vectorbt_portfolio(hourly_closes(), "h")
    returns = portfolio.returns().to_numpy()

    found = portfolio.sharpe_ratio()

    assert found == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(YEAR * 24))


def backtesting_statistics(closes: list[float], freq: str) -> Any:
    backtesting: Any = pytest.importorskip("backtesting", reason=INSTALLED_BY)

    class Follow(backtesting.Strategy):
        def init(self) -> None:
            pass

        def next(self) -> None:
            place = (len(self.data) - 1) % len(CLOSES)
            if place in BUYS:
                self.buy(size=1.0 - 1e-9)
            elif place in SELLS:
                self.position.close()

    close = np.array(closes) * SMALL
    index = pd.date_range("2024-01-01", periods=len(closes), freq=freq)
    frame = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), close), index=index)
    test = backtesting.Backtest(frame, Follow, cash=CASH, trade_on_close=True, finalize_trades=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TQDM_DISABLE", "1")
        return test.run()


def test_backtesting_py() -> None:
    found = backtesting_statistics(CLOSES, "D")

    np.testing.assert_allclose(found["_equity_curve"]["Equity"], played_here()[1].equity, rtol=1e-7)
    assert found["Avg. Trade [%]"] == pytest.approx((math.sqrt(112 / 108) - 1) * 100, rel=1e-6)
    assert_told(
        "backtesting.py",
        {
            "bars covered": found["Exposure Time [%]"],
            "average drawdown": -found["Avg. Drawdown [%]"],
            "longest drawdown": longest_days(found["Max. Drawdown Duration"]),
            "win rate": found["Win Rate [%]"],
            "expectancy": found["Expectancy [%]"],
            "Sharpe, as the others mean it": found["Sharpe Ratio"],
        },
    )


@pytest.mark.parametrize(("closes", "freq"), [(CLOSES, "D"), (hourly_closes(), "h")])
def test_the_sharpe_of_backtesting_py_compounds_above_and_below(
    closes: list[float], freq: str
) -> None:
    found = backtesting_statistics(closes, freq)

    daily = found["_equity_curve"]["Equity"].resample("D").last().pct_change().dropna()
    growth = math.exp(np.log1p(daily).mean())
    squares = (daily.var(ddof=1) + growth**2) ** YEAR - growth ** (2 * YEAR)
    assert found["Sharpe Ratio"] == pytest.approx((growth**YEAR - 1.0) / math.sqrt(squares))
