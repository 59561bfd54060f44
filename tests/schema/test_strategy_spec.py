from typing import Any
from uuid import UUID

import pytest

from backtest.axes import ExplicitAxis, RangeAxis
from backtest.errors import InvalidRequest
from backtest.plan import make_draft
from backtest.request import RunRequest
from backtest.types import DirectionMode, SizingMode, Timeframe, TimeRange
from schema.strategy_spec import read_spec
from tests.backtesters import POLICY, NoDefaults
from tests.saved_spec import SPEC as SAVED

SPEC: dict[str, Any] = {
    **SAVED,
    "instrument_id": {"market_id": 1, "symbol": "btcusdt"},
    "timeframe": "1h",
    "signal_template": "all",
    "tags": ["trend"],
}


def spots(spec: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        read_spec(spec)
    return {(".".join(map(str, item.loc)), item.code) for item in caught.value.problems}


def test_a_stored_strategy_becomes_a_template_of_one_value_axes() -> None:
    template = read_spec(SPEC)

    (grid,) = template.indicator_grids
    assert template.instrument.symbol == "BTCUSDT"
    assert template.timeframe is Timeframe.H1
    assert template.direction_mode is DirectionMode.LONG_SHORT
    assert template.sizing_mode is SizingMode.ALL_IN
    assert grid.source == ExplicitAxis(("close",))
    assert grid.params == {"window": ExplicitAxis((20,))}


@pytest.mark.parametrize("name", ["indicator_id", "id", "kind", "name"])
def test_an_indicator_is_named_in_one_of_four_ways(name: str) -> None:
    template = read_spec({**SPEC, "indicators": [{name: " MA.SMA ", "params": {"window": 20}}]})

    assert template.indicator_grids[0].indicator_id == "ma.sma"


def test_an_indicator_id_comes_before_the_id_of_a_row() -> None:
    stored = {"id": "3f1c", "indicator_id": "ma.sma", "name": "Slow"}

    assert read_spec({**SPEC, "indicators": [stored]}).indicator_grids[0].indicator_id == "ma.sma"


@pytest.mark.parametrize("name", ["indicator_id", "id", "kind", "name"])
def test_a_mistake_is_told_under_the_name_that_is_stored(name: str) -> None:
    assert spots({**SPEC, "indicators": [{name: 5}]}) == {
        (f"spec.indicators.0.{name}", "string_type")
    }
    assert judged(indicators=[{name: "ma.magic"}]) == {
        (f"spec.indicators.0.{name}", "unknown_indicator"),
    }
    assert judged(indicators=[{"id": "volume.obv"}, {name: "volume.obv"}]) == {
        (f"spec.indicators.1.{name}", "duplicate_indicator"),
    }


def judged(**members: Any) -> set[tuple[str, str]]:
    """What the catalog says of a stored strategy, as a client is told."""
    request = RunRequest(time_range=TimeRange(start_ms=0, end_ms=1), strategy_id=UUID(int=5))
    template = read_spec({**SPEC, **members})
    with pytest.raises(InvalidRequest) as caught:
        make_draft(request, template, POLICY, NoDefaults())
    return {(".".join(map(str, p.loc)), p.code) for p in caught.value.problems}


def test_a_mistake_in_a_plain_value_is_at_the_value() -> None:
    sma = {"id": "ma.sma", "params": {"window": 10**6}}

    assert judged(indicators=[sma]) == {("spec.indicators.0.params.window", "less_than_equal")}
    assert judged(
        indicators=[{**sma, "params": {"window": {"mode": "explicit", "values": [0]}}}]
    ) == {("spec.indicators.0.params.window.values.0", "greater_than_equal")}
    assert judged(indicators=[{"id": "ma.sma", "inputs": {"source": "ask"}}]) == {
        ("spec.indicators.0.inputs.source", "unknown_source"),
    }
    assert judged(
        indicators=[{"id": "momentum.rsi", "params": {"window": 14}}],
        signal_grids={"momentum.rsi": {"long_threshold": 150}},
    ) >= {("spec.signal_grids.momentum.rsi.long_threshold", "less_than_equal")}


@pytest.mark.parametrize("member", ["risk", "risk_grid"])
def test_a_mistake_in_the_risk_is_under_the_name_that_is_stored(member: str) -> None:
    sma = {"id": "ma.sma", "params": {"window": 20}}

    assert judged(indicators=[sma], **{member: {"sl_enabled": True}}) == {
        (f"spec.{member}.sl", "required")
    }


def test_a_mistake_in_a_stop_loss_of_one_value_is_at_the_value() -> None:
    sma = {"id": "ma.sma", "params": {"window": 20}}

    assert judged(indicators=[sma], risk_grid={"sl_enabled": True, "sl": -1}) == {
        ("spec.risk_grid.sl", "greater_than_equal")
    }


def test_saved_risk_is_one_level_and_a_saved_grid_wins_over_it() -> None:
    risk = {"sl_enabled": True, "sl_pct": 3, "tp_enabled": False, "tp_pct": None}
    grid = {"sl_enabled": True, "sl": [1], "tp_enabled": True, "tp": 2}

    alone = read_spec({**SPEC, "risk": risk}).risk_grid
    both = read_spec({**SPEC, "risk": risk, "risk_grid": {**grid, "sl": 1.5}}).risk_grid

    assert (alone.sl_enabled, alone.sl_pct, alone.tp_enabled) == (True, 3.0, False)
    assert (both.sl, both.tp) == (ExplicitAxis((1.5,)), ExplicitAxis((2,)))


def test_saved_signals_are_values_or_axes() -> None:
    axis = {"mode": "range", "start": 60, "stop_incl": 80, "step": 10}
    signals = {"momentum.rsi": {"long_threshold": 30, "short_threshold": axis}}

    grids = read_spec({**SPEC, "signal_grids": signals}).signal_grids

    assert grids == {
        "momentum.rsi": {
            "long_threshold": ExplicitAxis((30,)),
            "short_threshold": RangeAxis(60, 80, 10),
        }
    }


def test_every_problem_of_a_stored_strategy_has_a_place_in_it() -> None:
    broken = {
        "spec_kind": "other",
        "indicators": [{"params": {"window": [1], "x": {"mode": "range", "start": 1}}}],
        "risk_grid": {"tp": [2]},
    }

    assert spots(broken) == {
        ("spec.spec_kind", "literal_error"),
        ("spec.schema_version", "required"),
        ("spec.instrument_id", "required"),
        ("spec.timeframe", "required"),
        ("spec.indicators.0.id", "required"),
        ("spec.indicators.0.params.window", "axis_value_type"),
        ("spec.indicators.0.params.x.stop_incl", "required"),
        ("spec.indicators.0.params.x.step", "required"),
        ("spec.risk_grid.tp", "axis_value_type"),
    }


@pytest.mark.parametrize("indicators", [[], None, 5, [5]])
def test_a_strategy_without_indicators_cannot_run(indicators: object) -> None:
    assert spots({**SPEC, "indicators": indicators})
