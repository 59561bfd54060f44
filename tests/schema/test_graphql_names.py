"""A mistake in the name of an entry is told at the name, one in its axis at the axis."""

from typing import Any

import pytest

from backtest.errors import InvalidRequest
from backtest.plan import make_draft
from schema.graphql.run import read_run, read_variant
from tests.backtesters import POLICY
from tests.fakes import FakeDefaults

TIMES = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z"}
PLACE = {"instrumentId": {"marketId": 1, "symbol": "BTCUSDT"}, "timeframe": "H1"}
AT = ("input", "template", "indicatorGrids", 0, "params", 0)
SIGNAL = ("input", "template", "signalGrids", 0)


def axis(*values: object) -> dict[str, Any]:
    return {"explicit": {"values": list(values)}}


def places(**members: Any) -> set[tuple[tuple[Any, ...], str]]:
    grid = {"indicatorId": "momentum.rsi", **members.pop("grid", {})}
    sent = {"template": {"timeRange": TIMES, **PLACE, "indicatorGrids": [grid], **members}}
    return told(sent, read_run)


def told(sent: Any, read: Any) -> set[tuple[tuple[Any, ...], str]]:
    """Problems of the spelling, or of the catalog, as a client is told them."""
    try:
        request, spelling = read(sent)
    except InvalidRequest as error:
        return {(problem.loc, problem.code) for problem in error.problems}
    with pytest.raises(InvalidRequest) as caught:
        make_draft(request, request.template, POLICY, FakeDefaults())
    found = map(spelling.translate, caught.value.problems)
    return {(problem.loc, problem.code) for problem in found}


def test_a_misspelt_parameter_is_told_at_its_name() -> None:
    params = [{"name": "windw", "axis": axis(14)}]

    assert places(grid={"params": params}) == {((*AT, "name"), "unknown_parameter")}


def test_a_bad_axis_is_told_at_the_axis() -> None:
    params = [{"name": "window", "axis": {"range": {"start": 5, "stopIncl": 10**9, "step": 1}}}]

    assert ((*AT, "axis"), "too_long") in places(grid={"params": params})


def test_a_parameter_given_twice_in_two_spellings_is_told_at_both_names() -> None:
    params = [{"name": "window", "axis": axis(14)}, {"name": "Window", "axis": axis(15)}]

    assert places(grid={"params": params}) == {
        ((*AT[:-1], i, "name"), "duplicate_parameter") for i in (0, 1)
    }


def test_a_name_of_odd_letters_is_told_at_the_name() -> None:
    params = [{"name": "x" * 65, "axis": axis(14)}, {"name": "a\tb", "axis": axis(14)}]

    assert places(grid={"params": params}) >= {
        ((*AT[:-1], 0, "name"), "string_too_long"),
        ((*AT[:-1], 1, "name"), "unprintable_text"),
    }


def test_a_misspelt_signal_parameter_is_told_at_its_name() -> None:
    grids = [{"indicatorId": "momentum.rsi", "params": [{"name": "long", "axis": axis(30)}]}]

    assert places(signalGrids=grids) == {((*SIGNAL, "params", 0, "name"), "unknown_parameter")}


def test_an_indicator_that_is_not_of_the_run_is_told_at_its_id() -> None:
    params = [{"name": "long_threshold", "axis": axis(30)}]
    grids = [{"indicatorId": "momentum.cci", "params": params}]

    assert places(signalGrids=grids) == {((*SIGNAL, "indicatorId"), "unknown_indicator")}


def test_a_misspelt_name_beside_a_malformed_value_is_told_at_the_name_too() -> None:
    params = [{"name": "windw", "axis": axis(14)}]

    assert places(grid={"params": params}, execution={"feePct": "x"}) == {
        ((*AT, "name"), "unknown_parameter"),
        (("input", "template", "execution", "feePct"), "float_type"),
    }


def test_names_of_a_variant_are_told_at_the_name() -> None:
    chosen = {"indicatorId": "momentum.rsi", "params": [{"name": "windw", "value": 14}]}
    signals = [{"indicatorId": "momentum.cci", "params": []}]
    sent = {"timeRange": TIMES, **PLACE, "indicatorSelections": [chosen], "signals": signals}

    assert told(sent, read_variant) == {
        (("input", "indicatorSelections", 0, "params", 0, "name"), "unknown_parameter"),
        (("input", "signals", 0, "indicatorId"), "unknown_indicator"),
    }
