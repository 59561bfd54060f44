"""The standard ratios against empyrical-reloaded and quantstats, and why one is missing."""

import math
import warnings
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.engine.money.daily import daily_measures
from backtest.result import EquityCurve, RankedVariant, Report, StandardRatios, Trade
from backtest.types import DAY_MS, FloatArray
from tests.backtest.report.compiled import growth_rate, ratios_of
from tests.backtest.test_daily_rankings import bars_for, hourly_feed, random_days
from tests.backtesters import answer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    empyrical: Any = import_module("empyrical")
    quantstats: Any = import_module("quantstats.stats")

CASH = 10_000.0
N_CURVES = 1_500
TENTHS = range(10)
# sums in another order, and a power of a product instead of a quotient
LAST_DIGITS = 1e-11


def about(value: float) -> object:
    return pytest.approx(value, rel=LAST_DIGITS, abs=LAST_DIGITS)


def generated_curve(number: int) -> FloatArray:
    """Equity at the ends of days: calm, wild, losing, mostly idle."""
    random = np.random.default_rng((31, number))
    n_days = int(random.choice([2, 3, 10, 30, 31, 90, 365, 1_000]))
    spread = float(random.choice([1e-6, 1e-3, 0.02, 0.2]))
    returns = np.clip(random.normal(random.normal(0, 0.2) * spread, spread, n_days), -0.9, 0.95)
    returns[random.random(n_days) < random.choice([0.0, 0.5, 0.95])] = 0.0
    return (CASH * np.cumprod(1.0 + returns)).astype(np.float64)


def returns_of(cash: float, equity: FloatArray) -> pd.Series:
    """Returns as other tools take them, the first one from the cash."""
    before = np.concatenate(([cash], equity[:-1]))
    days = pd.date_range("2024-01-01", periods=len(equity), freq="D")
    return pd.Series(equity / before - 1.0, index=days)


@pytest.mark.parametrize("tenth", TENTHS)
def test_ratios_of_generated_curves_are_those_of_empyrical_and_quantstats(tenth: int) -> None:
    compared = 0
    for number in range(tenth, N_CURVES, len(TENTHS)):
        daily = generated_curve(number)
        returns = returns_of(CASH, daily)
        sharpe, sortino, volatility = ratios_of(CASH, daily.copy())
        if math.isnan(sharpe):
            assert not math.isfinite(empyrical.sharpe_ratio(returns, annualization=365))
            continue
        compared += 1
        assert sharpe == empyrical.sharpe_ratio(returns, annualization=365)
        assert sortino == empyrical.sortino_ratio(returns, annualization=365)
        assert volatility == empyrical.annual_volatility(returns, annualization=365)
        assert sharpe == about(quantstats.sharpe(returns, periods=365))
        assert volatility == about(quantstats.volatility(returns, periods=365))
        if math.isfinite(sortino):
            assert sortino == about(quantstats.sortino(returns, periods=365))
    assert compared > 100


@pytest.mark.parametrize("tenth", TENTHS)
def test_growth_of_generated_curves_is_that_of_empyrical_and_quantstats(tenth: int) -> None:
    for number in range(tenth, N_CURVES, len(TENTHS)):
        daily = generated_curve(number)
        returns = returns_of(CASH, daily)
        growth = growth_rate(CASH, float(daily[-1]), float(len(daily)))
        if len(daily) < 30:
            assert math.isnan(growth)
            continue
        assert growth == about(empyrical.cagr(returns, annualization=365))
        if daily[-1] > CASH / 1_000:  # quantstats takes 1 away and adds it again
            assert growth == about(quantstats.cagr(returns, periods=365))


def real_variants(number: int) -> list[RankedVariant]:
    """The best of a random grid over some weeks of hourly candles, fees and stops among it."""
    random = np.random.default_rng((32, number))
    feed = hourly_feed(number)
    request = replace(random_days(random, number), min_trades=None, top_k=5, top_trades_n=5)
    bars = bars_for(request, feed)
    if bars.target_start == bars.target_stop:
        return []
    return list(answer(feed, request).variants)


@pytest.mark.parametrize("number", range(16))
def test_ratios_of_real_runs_are_those_of_empyrical_and_quantstats(number: int) -> None:
    for variant in real_variants(number):
        report = variant.report
        assert report is not None
        curve = variant.replay.equity_curve(10**9)
        if (curve.equity > 0.0).all():
            assert_like_a_curve(report, curve)
        assert_like_trades(report.standard, list(report.trades or ()))


def assert_like_a_curve(report: Report, curve: EquityCurve) -> None:
    cash = float(report.metrics["Init. Cash"] or 0.0)
    days = curve.ts // DAY_MS
    last = [int(np.flatnonzero(days == day)[-1]) for day in np.unique(days)]
    last = last[1:] if last[0] == 0 else last
    bars = returns_of(cash, curve.equity)
    fall = empyrical.max_drawdown(bars)
    assert_same(report.standard, "max_drawdown_pct", fall * -100.0)
    assert_same(report.standard, "max_drawdown_pct", quantstats.max_drawdown(bars) * -100.0)
    if not last:
        return
    returns = returns_of(cash, curve.equity[last])
    bar_ms = int(curve.ts[1] - curve.ts[0])
    n_days = (len(curve.ts) - (days[0] != days[1])) * bar_ms / DAY_MS
    growth = (curve.equity[-1] / cash) ** (365 / n_days) - 1.0 if n_days >= 30 else math.nan
    wanted = {
        "sharpe": empyrical.sharpe_ratio(returns, annualization=365),
        "sortino": empyrical.sortino_ratio(returns, annualization=365),
        "annual_volatility_pct": empyrical.annual_volatility(returns, annualization=365) * 100.0,
        "cagr_pct": growth * 100.0,
        "calmar": growth / -fall if fall else math.nan,
    }
    for name, value in wanted.items():
        assert_same(report.standard, name, value)
    if n_days == len(returns) >= 30 and fall == empyrical.max_drawdown(returns) != 0.0:
        calmar = empyrical.calmar_ratio(returns, annualization=365)
        assert_same(report.standard, "calmar", calmar)


def assert_like_trades(standard: StandardRatios, trades: list[Trade]) -> None:
    net: Any = pd.Series([trade.net_pnl_quote for trade in trades], dtype=np.float64)
    if len(net) == 0:
        assert standard.reasons["profit_factor"] == standard.reasons["payoff"] == "no trades"
        assert (standard.longest_losing_run, standard.exposure_pct) == (0, 0.0)
        return
    assert standard.longest_losing_run == quantstats.consecutive_losses(net, prepare_returns=False)
    factor = quantstats.profit_factor(net, prepare_returns=False)
    assert_same(standard, "profit_factor", factor)
    has_both = (net > 0).any() and (net < 0).any()
    wins, losses = net[net > 0].mean(), net[net < 0].mean()
    assert_same(standard, "payoff", wins / -losses if has_both else math.nan)


def assert_same(told: StandardRatios, name: str, wanted: float) -> None:
    ours = told.values[name]
    if ours is None:
        assert told.reasons[name]
        assert not math.isfinite(wanted), (name, wanted)
    else:
        assert name not in told.reasons
        assert ours == pytest.approx(wanted, rel=1e-9, abs=1e-9), name


def test_a_first_bar_that_is_a_day_of_its_own_is_where_the_run_starts() -> None:
    six_hours = DAY_MS // 4
    from_midnight = daily_measures(np.arange(4, 13) * six_hours, six_hours)
    before_midnight = daily_measures(np.arange(3, 13) * six_hours, six_hours)
    by_day = daily_measures(np.arange(1, 4) * DAY_MS, DAY_MS)

    assert (from_midnight.last_bars.tolist(), from_midnight.n_days) == ([3, 7, 8], 2.25)
    assert (before_midnight.last_bars.tolist(), before_midnight.n_days) == ([4, 8, 9], 2.25)
    assert (by_day.last_bars.tolist(), by_day.n_days) == ([1, 2], 2.0)


@pytest.mark.parametrize(
    ("daily", "wanted"),
    [
        ([], (math.nan, math.nan, math.nan)),
        ([110.0], (math.nan, math.nan, math.nan)),
        ([100.0, 100.0], (math.nan, math.nan, 0.0)),
        ([100.0, 100.0 + 1e-13], (math.nan, math.nan, 0.0)),
        ([110.0, 121.0], (math.nan, math.inf, 0.0)),
        ([0.0, 50.0], (math.nan, math.nan, math.nan)),
        ([-1.0, 50.0], (math.nan, math.nan, math.nan)),
    ],
    ids=["no day", "one day", "idle", "rounding", "steady gain", "nothing left", "below zero"],
)
def test_what_days_cannot_say_is_undefined(daily: list[float], wanted: tuple[float, ...]) -> None:
    np.testing.assert_array_equal(ratios_of(100.0, np.array(daily, np.float64)), wanted)


@pytest.mark.parametrize(
    ("end", "n_days", "wanted"),
    [
        (200.0, 29.9, math.nan),
        (200.0, 365.0, 1.0),
        (0.0, 40.0, -1.0),
        (-1.0, 40.0, math.nan),
        (1e300, 30.0, math.nan),
    ],
)
def test_growth_needs_a_month_and_an_account_that_is_not_below_zero(
    end: float, n_days: float, wanted: float
) -> None:
    np.testing.assert_array_equal(growth_rate(100.0, end, n_days), wanted)
