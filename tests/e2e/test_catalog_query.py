from typing import Any

import pytest

from backtest.axes import axis_values
from backtest.indicators.catalog import public_indicators
from backtest.indicators.definition import Param, SignalParam
from bff.config.settings import load_settings
from tests.e2e.grids import candles
from tests.e2e.world import opened_over

QUERY = """{ indicators { id group title formula inputs outputs primaryOutput sources axes rising
  params { ...all } rule { family params { ...all } }
  defaultAxes { name values } defaultSignalAxes { name values } } }
fragment all on Parameter { name isInteger minimum maximum step default affectsSignals }"""
DEFAULTS = load_settings({"ROEHUB_ENV": "test"}).grid_defaults


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    with opened_over(candles()) as (_, graphql):
        answer = graphql.ask(QUERY).json()
    assert "errors" not in answer, answer
    return {entry["id"]: entry for entry in answer["data"]["indicators"]}


def told(param: Param | SignalParam) -> dict[str, Any]:
    is_threshold = isinstance(param, SignalParam) and not param.nonzero
    return {
        "name": param.name,
        "isInteger": param.kind == "int" and not is_threshold,
        "minimum": param.hard_min,
        "maximum": param.hard_max,
        "step": param.step,
        "default": param.default,
        "affectsSignals": param.affects_primary if isinstance(param, Param) else True,
    }


def test_the_query_lists_all_54_indicators(listed: dict[str, Any]) -> None:
    assert sorted(listed) == [row.id for row in public_indicators()]
    assert len(listed) == 54


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in public_indicators()])
def test_an_entry_says_all_that_a_client_needs(row: Any, listed: dict[str, Any]) -> None:
    entry = listed[row.id]

    assert (entry["group"], entry["title"], entry["formula"]) == (row.group, row.title, row.formula)
    assert entry["outputs"] == list(row.outputs)
    assert (entry["inputs"], entry["primaryOutput"]) == (list(row.inputs), row.primary)
    assert (entry["sources"], entry["axes"]) == (list(row.sources), list(row.axes))
    assert entry["rising"] == list(row.rising or ())
    assert entry["params"] == [told(param) for param in row.params]
    assert entry["rule"]["family"] == row.rule.family.name
    assert entry["rule"]["params"] == [told(param) for param in row.rule.params]
    axes = {axis["name"]: tuple(axis["values"]) for axis in entry["defaultAxes"]}
    known = DEFAULTS.indicator_axes(row.id)
    assert axes == {name: axis_values(axis) for name, axis in known.items()}
    signal_axes = {axis["name"]: tuple(axis["values"]) for axis in entry["defaultSignalAxes"]}
    known = DEFAULTS.signal_axes(row.id)
    assert signal_axes == {name: axis_values(axis) for name, axis in known.items()}
