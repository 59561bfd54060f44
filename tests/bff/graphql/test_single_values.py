"""A single value where a list is expected is that list, in literals and in variables."""

from collections.abc import Iterator
from typing import Any

import pytest

from backtest.errors import InvalidRequest
from schema.graphql.run import read_run, read_variant
from tests.faces import GraphqlFace, opened
from tests.fakes import FakeBacktester

TIMES = '{start: "2023-03-05T00:00:00Z", end: "2023-03-10T00:00:00Z"}'
PLACE = 'instrumentId: {marketId: 1, symbol: "BTCUSDT"} timeframe: H1'
RANGE = {"start": "2023-03-05T00:00:00Z", "end": "2023-03-10T00:00:00Z"}
AT = {"instrumentId": {"marketId": 1, "symbol": "BTCUSDT"}, "timeframe": "H1"}

ALONE = f"""mutation {{ runBacktest(input: {{template: {{
  timeRange: {TIMES} {PLACE}
  indicatorGrids: {{
    indicatorId: "momentum.rsi"
    source: {{explicit: {{values: "close"}}}}
    params: {{name: "window", axis: {{explicit: {{values: 5}}}}}}
  }}
  signalGrids: {{indicatorId: "momentum.rsi"
    params: {{name: "long_threshold", axis: {{explicit: {{values: 30.5}}}}}}}}
}}}}) {{ mode }} }}"""
LISTED = f"""mutation {{ runBacktest(input: {{template: {{
  timeRange: {TIMES} {PLACE}
  indicatorGrids: [{{
    indicatorId: "momentum.rsi"
    source: {{explicit: {{values: ["close"]}}}}
    params: [{{name: "window", axis: {{explicit: {{values: [5]}}}}}}]
  }}]
  signalGrids: [{{indicatorId: "momentum.rsi"
    params: [{{name: "long_threshold", axis: {{explicit: {{values: [30.5]}}}}}}]}}]
}}}}) {{ mode }} }}"""


@pytest.fixture(scope="module")
def use_case() -> FakeBacktester:
    return FakeBacktester()


@pytest.fixture(scope="module")
def graphql(use_case: FakeBacktester) -> Iterator[GraphqlFace]:
    with opened(use_case) as (_, face):
        yield face


def test_literals_alone_are_lists_of_one(graphql: GraphqlFace, use_case: FakeBacktester) -> None:
    answers = [graphql.ask(document).json() for document in (ALONE, LISTED)]

    assert all("errors" not in answer for answer in answers)
    assert use_case.requests[-2] == use_case.requests[-1]


def single() -> dict[str, Any]:
    window = {"name": "window", "axis": {"explicit": {"values": 5}}}
    grid = {"indicatorId": "ma.sma", "source": {"explicit": {"values": "close"}}, "params": window}
    return {"template": {"timeRange": RANGE, **AT, "indicatorGrids": grid}}


def listed() -> dict[str, Any]:
    window = {"name": "window", "axis": {"explicit": {"values": [5]}}}
    source = {"explicit": {"values": ["close"]}}
    grid = {"indicatorId": "ma.sma", "source": source, "params": [window]}
    return {"template": {"timeRange": RANGE, **AT, "indicatorGrids": [grid]}}


def test_variables_alone_are_lists_of_one(graphql: GraphqlFace, use_case: FakeBacktester) -> None:
    document = "mutation($i: RunBacktestInput!) { runBacktest(input: $i) { mode } }"
    answers = [graphql.ask(document, {"i": sent}).json() for sent in (single(), listed())]

    assert all("errors" not in answer for answer in answers)
    assert use_case.requests[-2] == use_case.requests[-1]


def test_a_variable_may_stand_for_one_entry(graphql: GraphqlFace, use_case: FakeBacktester) -> None:
    document = f"""mutation($grid: [IndicatorGridInput!]!, $w: [AxisValue!]!) {{
      runBacktest(input: {{template: {{timeRange: {TIMES} {PLACE} indicatorGrids: $grid,
        signalGrids: {{indicatorId: "momentum.rsi", params: {{name: "long_threshold",
          axis: {{explicit: {{values: $w}}}}}}}}}}}}) {{ mode }} }}"""
    grid = {**single()["template"]["indicatorGrids"], "indicatorId": "momentum.rsi"}

    for one in ({"grid": grid, "w": 5}, {"grid": [grid], "w": [5]}):
        assert "errors" not in graphql.ask(document, one).json()

    assert use_case.requests[-2] == use_case.requests[-1]


def test_a_variant_is_read_alike() -> None:
    selection = {
        "indicatorId": "ma.sma",
        "source": "close",
        "params": {"name": "window", "value": 5},
    }
    alone = {"timeRange": RANGE, **AT, "indicatorSelections": selection}
    rows = [{**selection, "params": [selection["params"]]}]

    assert read_variant(alone)[0] == read_variant({**alone, "indicatorSelections": rows})[0]


def test_null_is_not_a_list_of_null() -> None:
    sent = listed()
    sent["template"]["indicatorGrids"][0]["params"] = None

    request, _ = read_run(sent)

    assert request.template is not None
    assert request.template.indicator_grids[0].params == {}
    with pytest.raises(InvalidRequest) as caught:
        read_run({"template": {**sent["template"], "indicatorGrids": None}})
    (problem,) = caught.value.problems
    assert problem.loc == ("input", "template", "indicatorGrids")


def test_a_problem_of_one_value_is_told_where_it_was_written() -> None:
    sent = single()
    sent["template"]["indicatorGrids"]["params"]["axis"]["explicit"]["values"] = True

    with pytest.raises(InvalidRequest) as caught:
        read_run(sent)

    (problem,) = caught.value.problems
    steps = "input.template.indicatorGrids.params.axis.explicit.values"
    assert (".".join(map(str, problem.loc)), problem.code) == (steps, "axis_value_type")
