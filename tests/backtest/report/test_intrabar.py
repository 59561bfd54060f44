"""What closes hide: known answers of a few bars, and whole runs against a slow twin."""

import numpy as np
import pytest

from backtest.control import Control
from backtest.engine.money.account import LONG, SHORT, account_terms
from backtest.engine.money.trades import FORCED_CLOSE, SIGNAL_EXIT, STOP_LOSS, TAKE_PROFIT
from backtest.policy import Want
from backtest.report.intrabar import Extent, what_closes_hide
from backtest.result import Intrabar, RankedVariant, Risk, RunResult
from backtest.types import AnswerPart, Execution, SizingMode
from tests.backtest.test_run_oracle import bars_for
from tests.backtesters import USER, backtester_over, minute_candles
from tests.memory_feed import MemoryFeed
from tests.oracle.engine import Setup
from tests.oracle.intrabar import intrabar
from tests.oracle.requests import random_request

FREE = Execution(
    init_cash_quote=1_000.0,
    fixed_quote=100.0,
    safe_profit_percent=30.0,
    fee_pct=0.0,
    slippage_pct=0.0,
)
N_MINUTES = 700
ENTRY_LOW_AND_HIGH = (90.0, 120.0)


def risk(stop: float | None, target: float | None) -> Risk:
    return Risk(
        sl_enabled=stop is not None, sl_pct=stop, tp_enabled=target is not None, tp_pct=target
    )


def hidden(
    bars: list[tuple[float, float, float]],
    *legs: tuple[int, int, int, int],
    stop: float | None = 5.0,
    target: float | None = 10.0,
    execution: Execution = FREE,
) -> Intrabar | None:
    """What closes hide of bars that are (low, high, close), and trades (side, entry, exit, why)."""
    low, high, close = (np.array(series, np.float64) for series in zip(*bars, strict=True))
    terms = account_terms(execution, SizingMode.ALL_IN)
    return what_closes_hide(
        Extent(close, high, low), terms, np.array(legs, np.int32).reshape(-1, 4), risk(stop, target)
    )


def known(stops: int, targets: int, total_return_pct: float) -> Intrabar:
    return Intrabar(
        trades_touched_stop=stops,
        trades_touched_target=targets,
        total_return_pct=pytest.approx(total_return_pct, abs=1e-9),  # pyright: ignore[reportArgumentType]
    )


ENTRY_BAR = (*ENTRY_LOW_AND_HIGH, 100.0)
CALM = (99.0, 101.0, 100.0)


@pytest.mark.parametrize(
    ("side", "bar", "wanted"),
    [
        pytest.param(LONG, (94.0, 101.0, 100.0), (1, 0, -5.0), id="long stop"),
        pytest.param(LONG, (95.0, 101.0, 100.0), (1, 0, -5.0), id="long stop, just"),
        pytest.param(LONG, (95.1, 109.9, 100.0), (0, 0, 2.0), id="long, neither"),
        pytest.param(LONG, (99.0, 110.5, 100.0), (0, 1, 10.0), id="long target"),
        pytest.param(LONG, (94.0, 111.0, 100.0), (1, 0, -5.0), id="long, both: stop first"),
        pytest.param(SHORT, (99.0, 105.5, 100.0), (1, 0, -5.0), id="short stop"),
        pytest.param(SHORT, (89.0, 101.0, 100.0), (0, 1, 10.0), id="short target"),
        pytest.param(SHORT, (89.0, 106.0, 100.0), (1, 0, -5.0), id="short, both: stop first"),
    ],
)
def test_one_bar_inside_of_a_trade_that_a_signal_ends(
    side: int, bar: tuple[float, float, float], wanted: tuple[int, int, float]
) -> None:
    last = (99.0, 103.0, 102.0)

    found = hidden([ENTRY_BAR, CALM, bar, last], (side, 0, 3, SIGNAL_EXIT))

    assert found == known(*wanted)


@pytest.mark.parametrize(
    ("bar", "why", "wanted"),
    [
        # the close is 6 % down, and stays what ended the trade
        pytest.param((93.0, 101.0, 94.0), STOP_LOSS, (0, 0, -6.0), id="stop by close"),
        pytest.param((93.0, 111.0, 94.0), STOP_LOSS, (0, 0, -6.0), id="stop by close, both"),
        pytest.param((99.0, 113.0, 112.0), TAKE_PROFIT, (0, 0, 12.0), id="target by close"),
        pytest.param((94.0, 113.0, 112.0), TAKE_PROFIT, (1, 0, -5.0), id="stop before that"),
        pytest.param((94.0, 101.0, 99.0), SIGNAL_EXIT, (1, 0, -5.0), id="before a signal"),
        pytest.param((99.0, 110.5, 101.0), FORCED_CLOSE, (0, 1, 10.0), id="before the end"),
    ],
)
def test_the_bar_of_the_exit(
    bar: tuple[float, float, float], why: int, wanted: tuple[int, int, float]
) -> None:
    assert hidden([ENTRY_BAR, bar], (LONG, 0, 1, why)) == known(*wanted)


def test_only_the_level_that_is_touched_first_counts_and_what_is_disabled_does_not() -> None:
    bars = [ENTRY_BAR, (99.0, 111.0, 100.0), (94.0, 101.0, 100.0), CALM]
    leg = (LONG, 0, 3, SIGNAL_EXIT)

    assert hidden(bars, leg) == known(0, 1, 10.0)
    assert hidden(bars, leg, target=None) == known(1, 0, -5.0)
    assert hidden(bars, leg, stop=None) == known(0, 1, 10.0)
    assert hidden(bars, leg, stop=None, target=None) is None
    assert hidden(bars) == known(0, 0, 0.0)


def test_later_trades_take_what_is_left_and_fills_cost_what_they_always_cost() -> None:
    bars = [ENTRY_BAR, (94.0, 101.0, 100.0), CALM, (99.0, 111.0, 102.0)]
    legs = ((LONG, 0, 1, SIGNAL_EXIT), (LONG, 2, 3, SIGNAL_EXIT))
    costly = Execution(
        init_cash_quote=1_000.0,
        fixed_quote=100.0,
        safe_profit_percent=0.0,
        fee_pct=0.1,
        slippage_pct=1.0,
    )

    assert hidden(bars, *legs) == known(1, 1, (0.95 * 1.1 - 1) * 100)
    # in at 101, a stop at 95.95 that fills one percent lower, both fees
    kept = 0.95 * 0.99 - 0.001 - 0.95 * 0.99 * 0.001
    assert hidden(bars, legs[0], execution=costly) == known(1, 0, (kept - 1) * 100)


def run(number: int) -> tuple[RunResult, list[RankedVariant], list[tuple[int, int, float]]]:
    """A random run, its variants with a stop or a target, and what the slow twin says of them."""
    random = np.random.default_rng((77, number))
    request = random_request(random, N_MINUTES)
    feed = MemoryFeed(minute_candles(N_MINUTES, seed=number, tick=1 / 64))
    bars = bars_for(request, feed)
    if bars.target_start == bars.target_stop:
        pytest.skip("an empty target slice is refused")
    want = Want(parts=frozenset({AnswerPart.INTRABAR}))
    with backtester_over(feed, top_trades_n=1_000) as backtester:
        result = backtester.run(request, user_id=USER, control=Control(), want=want)
    protected = [v for v in result.variants if v.risk.sl_enabled or v.risk.tp_enabled]
    twins: list[tuple[int, int, float]] = []
    for variant in protected:
        assert variant.report is not None
        assert variant.report.trades is not None
        settings = result.settings
        setup = Setup(
            execution=settings.execution,
            sizing=settings.sizing_mode,
            direction=settings.direction_mode,
            sl_pct=variant.risk.sl_pct,
            tp_pct=variant.risk.tp_pct,
        )
        twins.append(intrabar(variant.report.trades, bars, setup))
    return result, protected, twins


@pytest.mark.parametrize("number", range(24))
def test_a_random_run_hides_what_the_slow_twin_says(number: int) -> None:
    result, protected, twins = run(number)

    found = [v.intrabar for v in protected if v.intrabar is not None]
    assert [
        (f.trades_touched_stop, f.trades_touched_target, f.total_return_pct) for f in found
    ] == twins
    without = [v for v in result.variants if v not in protected]
    assert all(v.intrabar is None for v in without)
    for variant, hides in zip(protected, found, strict=True):
        if not hides.trades_touched_stop and not hides.trades_touched_target:
            assert hides.total_return_pct == variant.total_return_pct


def test_the_random_runs_touch_both_levels() -> None:
    twins = [twin for number in range(24) for twin in run(number)[2]]

    assert sum(stops for stops, _, _ in twins) > 20
    assert sum(targets for _, targets, _ in twins) > 20
