"""Curves of few points keep what a reader looks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.report.equity import WORST, measure_drawdowns
from backtest.report.sampling import shown_bars
from backtest.types import FloatArray
from tests.backtesters import answer
from tests.property.scene import CANDLES, request, template


def falls(equity: FloatArray) -> tuple[FloatArray, float]:
    drawdown, out = np.empty(len(equity)), np.empty(5)
    measure_drawdowns(equity, 60_000, drawdown, out)
    return drawdown, float(out[WORST])


@st.composite
def curves(draw: st.DrawFn) -> FloatArray:
    """Equity with ties, falls below zero and starts below zero among it."""
    steps = draw(st.lists(st.integers(-30, 30), min_size=1, max_size=200))
    start = draw(st.sampled_from([100, 100, 100, 5, -20]))
    return start + np.cumsum(np.array(steps, np.float64))


@given(curves(), st.integers(2, 40))
def test_no_number_of_points_loses_the_largest_drawdown(equity: FloatArray, n_points: int) -> None:
    drawdown, worst = falls(equity)
    bars = shown_bars(equity, drawdown, n_points)

    assert len(bars) <= n_points
    assert (np.diff(bars) > 0).all()
    assert n_points < 3 or bars[-1] == len(equity) - 1
    assert n_points < 4 or bars[0] == 0
    if not np.isnan(worst):
        shown = drawdown[bars]
        trough = int(bars[np.argmax(shown)])
        kept = bars[bars <= trough]
        assert shown.max() == worst
        assert equity[kept].max() == equity[: trough + 1].max()


@given(curves(), st.integers(6, 40))
def test_the_lowest_and_the_highest_equity_are_shown(equity: FloatArray, n_points: int) -> None:
    drawdown, _ = falls(equity)
    shown = equity[shown_bars(equity, drawdown, n_points)]

    assert (shown.min(), shown.max()) == (equity.min(), equity.max())


def test_two_points_are_the_peak_and_the_trough_and_then_come_the_ends() -> None:
    equity = np.array([10.0, 12.0, 20.0, 18.0, 6.0, 15.0, 19.0])
    drawdown, _ = falls(equity)

    assert shown_bars(equity, drawdown, 2).tolist() == [2, 4]
    assert shown_bars(equity, drawdown, 3).tolist() == [2, 4, 6]
    assert shown_bars(equity, drawdown, 4).tolist() == [0, 2, 4, 6]
    assert shown_bars(equity, drawdown, 7).tolist() == list(range(7))


def test_a_curve_that_never_falls_shows_its_ends() -> None:
    equity = np.arange(1.0, 9.0)

    assert shown_bars(equity, falls(equity)[0], 2).tolist() == [0, 7]


def test_points_are_used_up() -> None:
    equity = np.random.default_rng(1).normal(0, 1, 35_000).cumsum() + 1_000
    drawdown, _ = falls(equity)

    for n_points in (5, 20, 500, 5_000):
        assert 0.6 * n_points <= len(shown_bars(equity, drawdown, n_points)) <= n_points


@pytest.mark.parametrize("n_points", [2, 3, 4, 5, 20, 499])
def test_curves_of_a_run_show_the_drawdown_of_its_report(n_points: int) -> None:
    for variant in answer(CANDLES, request(template())).variants:
        assert variant.report is not None
        curve = variant.replay.equity_curve(n_points)
        assert curve.drawdown_pct.max() == variant.report.metrics["Max. Drawdown [%]"]
