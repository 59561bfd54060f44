"""The kernels against the bar-by-bar loop, to the last bit. `make oracle` runs many more cases."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from backtest.engine.money.daily import Measures
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.ranking import Criteria, measures_of, ranking_bound, ranking_columns
from backtest.policy import RunSettings
from backtest.types import DirectionMode, Execution, Ranking, RankingMetric, SizingMode
from tests.oracle.cases import Case, random_case
from tests.oracle.engine import Setup, play
from tests.oracle.kernels import disagreement, measured, played
from tests.oracle.scoring import settings_for

SEED = 1
BLOCKS, CASES_PER_BLOCK = 20, 80
FREE = Execution(
    init_cash_quote=1_000.0,
    fixed_quote=100.0,
    safe_profit_percent=30.0,
    fee_pct=0.0,
    slippage_pct=0.0,
)


def case(close: list[float], signal: list[int], **setup: object) -> Case:
    return Case(
        close=np.array(close),
        signal=np.array(signal, np.int8),
        setup=Setup(**{"execution": FREE, **setup}),  # pyright: ignore[reportArgumentType]
    )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_cases_agree_to_the_last_bit(block: int) -> None:
    for number in range(block * CASES_PER_BLOCK, (block + 1) * CASES_PER_BLOCK):
        assert disagreement(random_case(SEED, number)) is None, number


def test_the_generator_makes_the_cases_that_matter() -> None:
    seen: set[str] = set()
    for number in range(300):
        made = random_case(SEED, number)
        story = play(made.close.tolist(), made.signal.tolist(), made.setup)
        seen |= {f"leaves by {trade.reason}" for trade in story.trades}
        seen.add(f"{made.setup.sizing} {made.setup.direction}")
        last = len(made.close) - 1
        if sum(trade.exit == last for trade in story.trades) == 2:
            seen.add("two exits on the last bar")
        if any(trade.entry == last for trade in story.trades):
            seen.add("entry on the last bar")
        if story.available + story.safe <= 0:
            seen.add("broke")
        if story.max_drawdown > 1:
            seen.add("below zero")

    assert {f"{sizing} {direction}" for sizing in SizingMode for direction in DirectionMode} <= seen
    assert {f"leaves by {name}" for name in ("sl", "tp", "signal_exit", "forced_close")} <= seen
    assert {"two exits on the last bar", "entry on the last bar", "broke", "below zero"} <= seen


def test_stop_comes_before_profit_when_both_are_at_zero() -> None:
    made = case([100.0, 100.0, 100.0], [1, 1, 1], sl_pct=0.0, tp_pct=0.0)

    assert [leg.tolist() for leg in played(made).log.legs] == [[1, 0, 1, 1]]
    assert disagreement(made) is None


def test_a_reversal_on_the_last_bar_makes_two_trades_there() -> None:
    made = case([100.0, 110.0, 120.0], [1, 1, -1])

    assert [leg.tolist() for leg in played(made).log.legs] == [[1, 0, 2, 0], [2, 2, 2, 3]]
    assert disagreement(made) is None


def test_a_signal_that_persists_after_a_stop_does_not_enter_again() -> None:
    made = case([100.0, 80.0, 100.0, 100.0], [1, 1, 1, 1], sl_pct=10.0)

    assert [leg.tolist() for leg in played(made).log.legs] == [[1, 0, 1, 1]]


def test_the_opposite_signal_on_the_bar_of_a_stop_enters() -> None:
    made = case([100.0, 80.0, 60.0], [1, -1, -1], sl_pct=10.0)

    assert [leg.tolist() for leg in played(made).log.legs] == [[1, 0, 1, 1], [2, 1, 2, 3]]


def test_the_forbidden_side_only_closes() -> None:
    made = case([100.0, 110.0, 90.0, 90.0], [1, -1, -1, 1], direction=DirectionMode.LONG_ONLY)

    assert [leg.tolist() for leg in played(made).log.legs] == [[1, 0, 1, 0], [1, 3, 3, 3]]


def test_nobody_enters_without_money() -> None:
    made = case([100.0, 300.0, 100.0, 50.0], [-1, 0, 1, 1])

    assert len(played(made).log.legs) == 1
    assert played(made).total_return_pct == pytest.approx(-200.0)


def test_a_fall_below_zero_is_measured_from_the_peak_of_its_time() -> None:
    """A peak that the same position reaches later must not make the fall look smaller."""
    close = [100.0, 350.0, 100.0, 100.0, 100.0, 400.0, 10.0, 10.0]
    made = case(close, [-1, -1, -1, 0, -1, -1, -1, -1])

    assert play(close, made.signal.tolist(), made.setup).max_drawdown == 3.0
    assert disagreement(made) is None


def test_a_signal_already_on_before_the_slice_opens_on_its_first_bar() -> None:
    assert [leg.tolist() for leg in played(case([1.0, 2.0], [1, 1])).log.legs] == [[1, 0, 1, 3]]


@pytest.mark.parametrize(
    "ranking",
    [
        Ranking(primary=RankingMetric.MAX_DRAWDOWN_PCT),
        Ranking(primary=RankingMetric.MAX_DRAWDOWN_PCT, secondary=RankingMetric.CALMAR),
        Ranking(primary=RankingMetric.PROFIT_FACTOR, secondary=RankingMetric.CALMAR),
        Ranking(primary=RankingMetric.CAGR_PCT, secondary=RankingMetric.MAX_DRAWDOWN_PCT),
    ],
)
def test_a_rough_look_never_puts_a_variant_too_far_back(ranking: Ranking) -> None:
    n_close = 0
    for number in range(400):
        made = random_case(SEED, number)
        settings = replace(settings_for(made.setup, len(made.close)), ranking=ranking)

        def rough(target: TargetSlice, settings: RunSettings = settings) -> Sequence[Measures]:
            return Criteria.of(settings, target).rough

        (bound,) = ranking_bound(measured(made, rough), ranking)
        column, *_ = ranking_columns(measured(made, partial(measures_of, ranking)), ranking)
        assert bound <= column[0], number
        n_close += bool(bound == column[0] or column[0] - bound < 0.1 * abs(column[0]))
    assert n_close > 150
