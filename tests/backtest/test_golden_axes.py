"""Axes and indicator grids against the reference: values, number types, order, refusals."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from backtest.axes import MAX_AXIS_VALUES, axis_len, axis_problem, axis_values, explicit
from backtest.errors import InvalidRequest
from backtest.grid import Grid
from backtest.indicators.catalog import INDICATORS
from backtest.plan import make_plan
from backtest.request import RunRequest, Template
from backtest.types import Instrument, Timeframe, TimeRange
from schema.axis import AxisModel
from schema.request import IndicatorGrid as IndicatorGridModel
from schema.translate import to_indicator_grid
from tests.backtesters import POLICY, NoDefaults
from tests.golden_files import golden_cases

CASES = golden_cases("axes/cases.json")
AXES = [case for case in CASES if case["kind"] == "axis"]
GRIDS = [case for case in CASES if case["kind"] == "indicator_grid"]
PARSER: TypeAdapter[Any] = TypeAdapter(AxisModel)


def named(cases: list[dict[str, Any]], *, are_refused: bool) -> list[Any]:
    chosen = [case for case in cases if ("error" in case["expected"]) == are_refused]
    return [pytest.param(case, id=f"{case['id']} {case['tag']}") for case in chosen]


def plan_grid(block: dict[str, Any]) -> Grid:
    """The grid of one indicator, its rule's parameters at their defaults."""
    grid = to_indicator_grid(IndicatorGridModel.model_validate(block))
    row = INDICATORS.get(grid.indicator_id.strip().lower())
    rule_params = () if row is None or row.rule is None else row.rule.params
    template = Template(
        instrument=Instrument(market_id=1, symbol="BTCUSDT"),
        timeframe=Timeframe.M1,
        indicator_grids=(grid,),
        signal_grids={row.id: {p.name: explicit(p.default) for p in rule_params}} if row else {},
    )
    request = RunRequest(time_range=TimeRange(start_ms=0, end_ms=60_000), template=template)
    return make_plan(request, template, POLICY, NoDefaults()).grid


@pytest.mark.parametrize("case", named(AXES, are_refused=False))
def test_axis_has_the_values_and_types_of_the_reference(case: dict[str, Any]) -> None:
    axis = PARSER.validate_python(case["axis"]).to_axis()
    expected = case["expected"]

    assert axis_problem(axis) is None
    assert list(axis_values(axis)) == expected["values"]
    assert "".join(type(value).__name__[0] for value in axis_values(axis)) == expected["types"]
    assert axis_len(axis) == len(expected["values"])


@pytest.mark.parametrize("case", named(AXES, are_refused=True))
def test_malformed_axis_is_refused_by_shape_and_bad_values_by_meaning(case: dict[str, Any]) -> None:
    if case["expected"]["error"]["source"] == "schema":
        with pytest.raises(ValidationError):
            PARSER.validate_python(case["axis"])
        return
    try:
        axis = PARSER.validate_python(case["axis"]).to_axis()
    except ValidationError:
        return  # the shape is stricter than the reference's

    assert axis_problem(axis) is not None or axis_len(axis) > MAX_AXIS_VALUES


@pytest.mark.parametrize(
    "case",
    [c for c in GRIDS if "error" not in c["expected"]],
    ids=lambda c: f"{c['id']} {c['tag']}",
)
def test_indicator_grid_has_the_axes_of_the_reference(case: dict[str, Any]) -> None:
    expected = case["expected"]
    entry = plan_grid(case["indicator_grid"]).indicators[0]

    assert [name for name, _ in entry.axes] == [axis["name"] for axis in expected["axes"]]
    for (_, values), wanted in zip(entry.axes, expected["axes"], strict=True):
        assert list(values) == wanted["values"]
        assert [type(value) for value in values] == [type(value) for value in wanted["values"]]
    assert entry.n_compute == expected["variants"]


@pytest.mark.parametrize("case", named(GRIDS, are_refused=True))
def test_indicator_grid_that_the_reference_refuses_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises((InvalidRequest, ValidationError)):
        plan_grid(case["indicator_grid"])
