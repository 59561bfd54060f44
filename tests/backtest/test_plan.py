"""From request to plan: merging, filling, checking, guarding, in that order."""

import tracemalloc
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from backtest.axes import Axis, RangeAxis, explicit
from backtest.errors import GuardExceeded, InvalidRequest, Loc
from backtest.plan import Plan, make_plan
from backtest.policy import RunPolicy
from backtest.request import IndicatorGrid, Overrides, RiskGrid, RunRequest, Template
from backtest.types import (
    DirectionMode,
    Instrument,
    Ranking,
    RankingMetric,
    SizingMode,
    Timeframe,
    TimeRange,
)
from tests.backtesters import POLICY, NoDefaults

HUGE = RangeAxis(1, 10**12, 1)


def template(**changes: object) -> Template:
    base = Template(
        instrument=Instrument(market_id=1, symbol="BTCUSDT"),
        timeframe=Timeframe.H1,
        indicator_grids=(
            IndicatorGrid(
                indicator_id="momentum.rsi",
                params={"window": explicit(14, 7)},
                source=explicit("close"),
            ),
            IndicatorGrid(
                indicator_id="ma.sma",
                params={"window": explicit(5, 10, 20)},
                source=explicit("close", "open"),
            ),
        ),
        signal_grids={
            "momentum.rsi": {"short_threshold": explicit(70), "long_threshold": explicit(30, 35)}
        },
    )
    return replace(base, **changes)  # pyright: ignore[reportArgumentType]


def plan(made: Template, *, policy: RunPolicy = POLICY, **changes: object) -> Plan:
    asked = RunRequest(time_range=TimeRange(start_ms=0, end_ms=3_600_000), template=made)
    asked = replace(asked, **changes)  # pyright: ignore[reportArgumentType]
    return make_plan(asked, made, policy, NoDefaults())


def problems(made: Template, **changes: Any) -> set[tuple[Loc, str]]:
    with pytest.raises(InvalidRequest) as caught:
        plan(made, **changes)
    return {(problem.loc, problem.code) for problem in caught.value.problems}


def one_indicator(**params: Axis) -> Template:
    grid = IndicatorGrid(indicator_id="ma.sma", params=params, source=explicit("close"))
    return template(indicator_grids=(grid,), signal_grids={})


def test_indicators_are_sorted_by_id_and_axes_by_the_catalog() -> None:
    grid = plan(template()).grid

    assert [entry.indicator.id for entry in grid.indicators] == ["ma.sma", "momentum.rsi"]
    assert grid.indicators[0].axes == (("source", ("close", "open")), ("window", (5, 10, 20)))
    assert [name for name, _ in grid.indicators[1].signal_axes] == [
        "long_threshold",
        "short_threshold",
    ]
    assert (grid.n_compute, grid.n_signals, grid.n_base, grid.n_risk) == (12, 2, 24, 1)


def test_a_float_axis_holds_floats_and_a_signal_axis_what_was_given() -> None:
    grid = IndicatorGrid(
        indicator_id="trend.keltner", params={"window": explicit(10), "mult": explicit(2)}
    )
    made = plan(template(indicator_grids=(grid,), signal_grids={})).grid
    signals = plan(template()).grid.indicators[1].signal_axes

    types = [type(value) for _, values in made.indicators[0].axes for value in values]
    assert types == [int, float]
    assert signals[0] == ("long_threshold", (30, 35))


def test_the_shortlist_is_never_longer_than_the_grid() -> None:
    assert plan(template()).n_shortlist == 24
    assert plan(template(), preselect=5).n_shortlist == 5


def test_effective_settings_come_from_the_request_before_the_policy() -> None:
    made = plan(
        template(execution={"fee_pct": 0.5}),
        top_k=2,
        ranking=Ranking(primary=RankingMetric.PROFIT_FACTOR),
    )
    settings = made.settings

    assert settings.execution.fee_pct == 0.5
    assert settings.execution.slippage_pct == POLICY.slippage_pct
    assert settings.ranking.primary is RankingMetric.PROFIT_FACTOR
    assert settings.top_trades_n == 2
    assert made.execution == {"fee_pct": 0.5}


def test_the_fee_of_the_market_is_used_where_none_is_given() -> None:
    other = template(instrument=Instrument(market_id=2, symbol="BTCUSDT"))

    assert plan(template()).settings.execution.fee_pct == 0.075
    assert plan(other).settings.execution.fee_pct == 0.1


def test_a_market_without_a_fee_needs_one_in_the_request() -> None:
    other = template(instrument=Instrument(market_id=9, symbol="BTCUSDT"))

    assert problems(other) == {(("template", "execution", "fee_pct"), "required")}
    assert plan(replace(other, execution={"fee_pct": 0.0})).settings.execution.fee_pct == 0.0


def test_every_problem_of_a_request_is_told_at_once() -> None:
    made = template(
        indicator_grids=(
            IndicatorGrid(indicator_id="ma.magic"),
            IndicatorGrid(
                indicator_id="ma.sma",
                params={"window": explicit(1), "width": explicit(3)},
                source=explicit("close", " CLOSE "),
            ),
        ),
        signal_grids={"momentum.rsi": {}},
        risk_grid=RiskGrid(sl_enabled=True, tp_enabled=True, tp=explicit(1.0, -2.0)),
    )
    at = ("template", "indicator_grids")

    assert problems(made, top_k=1, top_trades_n=2) == {
        ((*at, 0, "indicator_id"), "unknown_indicator"),
        ((*at, 1, "params", "window", "values", 0), "greater_than_equal"),
        ((*at, 1, "params", "width"), "unknown_parameter"),
        ((*at, 1, "source", "values", 1), "duplicate_values"),
        (("template", "signal_grids", "momentum.rsi"), "unknown_indicator"),
        (("template", "risk_grid", "sl"), "required"),
        (("template", "risk_grid", "tp", "values", 1), "greater_than_equal"),
        (("top_trades_n",), "less_than_equal"),
    }


def test_missing_axes_have_a_place_each() -> None:
    made = template(indicator_grids=(IndicatorGrid(indicator_id="momentum.rsi"),), signal_grids={})
    at = ("template", "indicator_grids", 0)

    assert problems(made) == {
        ((*at, "source"), "required"),
        ((*at, "params", "window"), "required"),
        (("template", "signal_grids", "momentum.rsi", "long_threshold"), "required"),
        (("template", "signal_grids", "momentum.rsi", "short_threshold"), "required"),
    }


class SomeDefaults:
    def indicator_axes(self, indicator_id: str) -> dict[str, Axis]:
        assert indicator_id == "ma.sma"
        return {"window": explicit(14), "source": explicit("hl2")}

    def signal_axes(self, indicator_id: str) -> dict[str, Axis]:
        return {}


def test_defaults_fill_only_what_is_not_given() -> None:
    grid = IndicatorGrid(indicator_id="ma.sma", params={"window": explicit(99)})
    made = template(indicator_grids=(grid,), signal_grids={})
    asked = RunRequest(time_range=TimeRange(start_ms=0, end_ms=1), template=made)

    (entry,) = make_plan(asked, made, POLICY, SomeDefaults()).grid.indicators

    assert entry.axes == (("source", ("hl2",)), ("window", (99,)))


def test_parameters_that_need_an_order_are_checked_over_whole_axes() -> None:
    grid = IndicatorGrid(
        indicator_id="trend.psar",
        params={
            "accel_start": RangeAxis(0.02, 0.08, 0.02),
            "accel_step": explicit(0.02),
            "accel_max": explicit(0.2, 0.05),
        },
    )
    made = template(indicator_grids=(grid,), signal_grids={})
    at = ("template", "indicator_grids", 0, "params", "accel_max")

    assert problems(made) == {(at, "parameter_order")}


@pytest.mark.parametrize(
    ("axis", "code"),
    [
        (explicit(), "too_short"),
        (explicit(3, 3.0), "duplicate_values"),
        (RangeAxis(9, 3, 1), "range_order"),
        (RangeAxis(3, 9, 0), "greater_than"),
        (explicit(2_001), "less_than_equal"),
        (explicit(3.5), "int_type"),
        (explicit("10"), "number_type"),
        (RangeAxis(3, 9, 0.5), "int_type"),
    ],
)
def test_meaningless_axes_are_refused(axis: Axis, code: str) -> None:
    assert code in {found for _, found in problems(one_indicator(window=axis))}


def test_delta_periods_must_not_be_zero_also_inside_a_range() -> None:
    grid = IndicatorGrid(indicator_id="volatility.atr", params={"window": explicit(14)})

    def with_periods(axis: Axis) -> Template:
        signals = {"long_delta_periods": axis, "short_delta_periods": explicit(-1)}
        return template(indicator_grids=(grid,), signal_grids={"volatility.atr": signals})

    for axis in (explicit(-1, 0), RangeAxis(-3, 3, 1)):
        assert "zero_periods" in {code for _, code in problems(with_periods(axis))}
    assert plan(with_periods(RangeAxis(-3, 3, 2))).grid.n_base == 4


@pytest.mark.parametrize(
    "made",
    [
        one_indicator(window=HUGE),
        template(risk_grid=RiskGrid(sl_enabled=True, sl=RangeAxis(0, 10**12, 1))),
        template(
            signal_grids={"momentum.rsi": {"short_threshold": HUGE, "long_threshold": explicit(30)}}
        ),
    ],
    ids=["indicator axis", "risk axis", "signal axis"],
)
def test_a_range_of_a_trillion_values_is_refused_without_being_made(made: Template) -> None:
    tracemalloc.start()
    try:
        with pytest.raises((InvalidRequest, GuardExceeded)):
            plan(made)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 1 << 20


def test_stage_a_is_guarded_with_its_numbers() -> None:
    with pytest.raises(GuardExceeded) as caught:
        plan(template(), policy=replace(POLICY, max_variants_per_compute=23))

    assert caught.value.details == {
        "error": "max_variants_per_compute_exceeded",
        "stage": "stage_a",
        "total_variants": 24,
        "max_variants_per_compute": 23,
    }


def test_stage_b_counts_only_the_shortlist() -> None:
    risk = RiskGrid(sl_enabled=True, sl=RangeAxis(1, 10, 1), tp_enabled=True, tp_pct=2.0)
    policy = replace(POLICY, max_variants_per_compute=100)

    assert plan(template(risk_grid=risk), policy=policy, preselect=10).n_risk_variants == 100
    with pytest.raises(GuardExceeded) as caught:
        plan(template(risk_grid=risk), policy=policy, preselect=11)
    assert caught.value.details["stage"] == "stage_b"
    assert caught.value.details["total_variants"] == 110


def test_axes_of_a_disabled_risk_are_ignored() -> None:
    risk = RiskGrid(sl_enabled=False, sl=explicit(-1.0), tp_enabled=False, tp=HUGE)

    assert plan(template(risk_grid=risk)).grid.n_risk == 1


def test_an_axis_of_risk_comes_before_the_scalar() -> None:
    risk = RiskGrid(sl_enabled=True, sl=explicit(2, 1), sl_pct=9.0, tp_enabled=True, tp_pct=3.0)
    grid = plan(template(risk_grid=risk)).grid

    assert grid.sl_pct == (2.0, 1.0)
    assert grid.tp_pct == (3.0,)


def test_overrides_merge_scalars_and_axes_and_replace_the_risk() -> None:
    saved = template(
        execution={"fee_pct": 0.5, "slippage_pct": 0.2},
        risk_grid=RiskGrid(sl_enabled=True, sl_pct=1.0),
    )
    overrides = Overrides(
        direction_mode=DirectionMode.SHORT_ONLY,
        execution={"fee_pct": 0.1},
        risk_grid=RiskGrid(tp_enabled=True, tp_pct=4.0),
        signal_grids={" Momentum.RSI ": {" Long_Threshold": explicit(20)}},
    )
    made = plan(saved, overrides=overrides)

    assert made.settings.direction_mode is DirectionMode.SHORT_ONLY
    assert made.settings.sizing_mode is SizingMode.ALL_IN
    assert made.execution == {"fee_pct": 0.1, "slippage_pct": 0.2}
    assert (made.grid.sl_pct, made.grid.tp_pct) == (None, (4.0,))
    assert made.grid.indicators[1].signal_axes == (
        ("long_threshold", (20,)),
        ("short_threshold", (70,)),
    )


def test_an_override_keeps_the_other_thresholds_however_the_saved_indicator_is_spelled() -> None:
    grids = {"Momentum.RSI": {"Long_Threshold": explicit(10), "SHORT_threshold": explicit(90)}}
    overrides = Overrides(signal_grids={"momentum.rsi": {"long_threshold": explicit(20)}})

    made = plan(template(signal_grids=grids), overrides=overrides)

    assert made.grid.indicators[1].signal_axes == (
        ("long_threshold", (20,)),
        ("short_threshold", (90,)),
    )


def test_problems_of_a_saved_strategy_are_placed_in_its_spec_and_overrides() -> None:
    saved = template(indicator_grids=(IndicatorGrid(indicator_id="ma.magic"),), signal_grids={})
    asked = RunRequest(
        time_range=TimeRange(start_ms=0, end_ms=1),
        strategy_id=UUID(int=5),
        overrides=Overrides(risk_grid=RiskGrid(sl_enabled=True)),
    )
    with pytest.raises(InvalidRequest) as caught:
        make_plan(asked, saved, POLICY, NoDefaults())

    assert {problem.loc for problem in caught.value.problems} == {
        ("spec", "indicator_grids", 0, "indicator_id"),
        ("overrides", "risk_grid", "sl"),
    }
