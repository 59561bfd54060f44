"""Nothing that one face takes or tells is forgotten on the other, or on the way to the use-case."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    build_schema,
)
from pydantic import BaseModel

from backtest.errors import InvalidRequest
from schema import evidence, landscape, receipt, report, request, response
from schema.graphql.body import spelled
from schema.graphql.run import read_run, read_variant
from schema.graphql.schema import graphql_sdl
from schema.parse import parse_request

SDL = build_schema(graphql_sdl())


def explicit(*values: object) -> dict[str, Any]:
    return {"mode": "explicit", "values": list(values)}


EXECUTION = {
    "init_cash_quote": 1_000,
    "fixed_quote": 50,
    "safe_profit_percent": 10,
    "fee_pct": 0.2,
    "slippage_pct": 0.1,
}
RISK = {
    "sl_enabled": True,
    "tp_enabled": True,
    "sl": explicit(1),
    "tp": explicit(2),
    "sl_pct": 3,
    "tp_pct": 4,
}
CHANGES: dict[str, Any] = {
    "direction_mode": "short-only",
    "sizing_mode": "fixed_quote",
    "execution": EXECUTION,
    "risk_grid": RISK,
    "signal_grids": {"momentum.rsi": {"long_threshold": explicit(20)}},
}
SETTINGS: dict[str, Any] = {
    "time_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z"},
    "warmup_bars": 5,
    "top_k": 6,
    "preselect": 7,
    "top_trades_n": 4,
    "ranking": {"primary_metric": "profit_factor", "secondary_metric": "max_drawdown_pct"},
    "min_trades": 3,
    "distinct": True,
    "prior_trials": 9,
}
TEMPLATE: dict[str, Any] = {
    "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
    "timeframe": "1h",
    "indicator_grids": [
        {
            "indicator_id": "momentum.rsi",
            "params": {"window": explicit(14)},
            "source": explicit("close"),
        }
    ],
    **CHANGES,
}
AD_HOC = {**SETTINGS, "template": TEMPLATE}
SAVED = {**SETTINGS, "strategy_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "overrides": CHANGES}
# The models of the request, each with a part of the two requests that has all its members.
PARTS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (request.TimeRange, SETTINGS["time_range"]),
    (request.Ranking, SETTINGS["ranking"]),
    (request.InstrumentId, TEMPLATE["instrument_id"]),
    (request.IndicatorGrid, TEMPLATE["indicator_grids"][0]),
    (request.Execution, EXECUTION),
    (request.RiskGrid, RISK),
    (request.Overrides, CHANGES),
    (request.Template, TEMPLATE),
    (request.RunOptions, SETTINGS),
    (request.BacktestRequest, {**AD_HOC, **SAVED, "include": ["receipt"]}),
]
OPTIONAL = [
    *((AD_HOC, (name,)) for name in SETTINGS if name != "time_range"),
    *((AD_HOC, ("template", name)) for name in CHANGES),
    *((AD_HOC, ("template", "execution", name)) for name in EXECUTION),
    *((AD_HOC, ("template", "risk_grid", name)) for name in RISK),
    *((AD_HOC, ("template", "indicator_grids", 0, name)) for name in ("params", "source")),
    *((AD_HOC, ("ranking", name)) for name in SETTINGS["ranking"]),
    ({**AD_HOC, "include": ["receipt"]}, ("include",)),
    (SAVED, ("overrides",)),
    *((SAVED, ("overrides", name)) for name in CHANGES),
]


@pytest.mark.parametrize(("model", "sample"), PARTS, ids=[model.__name__ for model, _ in PARTS])
def test_the_requests_of_this_test_have_every_member(
    model: type[BaseModel], sample: dict[str, Any]
) -> None:
    assert sample.keys() == model.model_fields.keys()


@pytest.mark.parametrize(("body", "place"), OPTIONAL)
def test_every_member_reaches_the_use_case(body: dict[str, Any], place: tuple[Any, ...]) -> None:
    assert parse_request(without(body, place)) != parse_request(body)


def without(value: Any, place: tuple[Any, ...]) -> Any:
    """A copy without one member."""
    first, *rest = place
    changed = value.copy()
    if rest:
        changed[first] = without(value[first], tuple(rest))
    else:
        del changed[first]
    return changed


@pytest.mark.parametrize(
    ("name", "read"), [("RunBacktestInput", read_run), ("VariantReportInput", read_variant)]
)
def test_what_the_schema_offers_is_read(name: str, read: Any) -> None:
    for sample in samples(SDL.type_map[name]):
        codes: set[str] = set()
        try:
            read(sample)
        except InvalidRequest as error:
            codes = {problem.code for problem in error.problems}

        assert "extra_forbidden" not in codes


def samples(kind: Any) -> Iterator[Any]:
    """Values with every member that a type offers; one for each choice of a `@oneOf`."""
    if isinstance(kind, GraphQLNonNull):
        yield from samples(kind.of_type)
    elif isinstance(kind, GraphQLList):
        yield from ([item] for item in samples(kind.of_type))
    elif isinstance(kind, GraphQLEnumType):
        yield next(iter(kind.values))
    elif not isinstance(kind, GraphQLInputObjectType):
        yield "x"
    elif kind.is_one_of:
        for member, field in kind.fields.items():
            yield from ({member: value} for value in samples(field.type))
    else:
        yield {member: next(samples(field.type)) for member, field in kind.fields.items()}


@pytest.mark.parametrize(
    ("models", "inputs"),
    [
        (
            [request.BacktestRequest, request.Template],
            ["TemplateRunInput", "SavedRunInput", "RunBacktestInput"],
        ),
        ([request.Overrides], ["OverridesInput"]),
        ([request.IndicatorGrid], ["IndicatorGridInput"]),
        ([request.Execution], ["ExecutionInput"]),
        ([request.RiskGrid], ["RiskGridInput"]),
        ([request.Ranking], ["RankingInput"]),
        ([request.TimeRange], ["TimeRangeInput"]),
        ([request.InstrumentId], ["InstrumentInput"]),
    ],
)
def test_what_rest_takes_the_schema_offers(
    models: list[type[BaseModel]], inputs: list[str]
) -> None:
    taken = {spelled(name) for model in models for name in model.model_fields} - {"include"}
    offered = {name for kind in inputs for name in input_fields(kind)}

    assert taken == offered - {"saved"}


def input_fields(name: str) -> set[str]:
    kind = SDL.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    return set(kind.fields)


BESIDE: tuple[type[BaseModel], ...] = (
    evidence.Evidence, evidence.Trials, evidence.RealityCheck, evidence.Comparison,
    evidence.AdjustedP, evidence.TriedVariant, evidence.Overfitting, evidence.DeflatedSharpe,
    evidence.Deflated, evidence.WalkForward, evidence.Fold, evidence.Conclusion, evidence.Reason,
    evidence.Thresholds, evidence.Missing, receipt.Receipt, landscape.Landscape,
    landscape.LandscapeAxis, landscape.LandscapeValue, landscape.Neighbourhood, landscape.Surface,
)  # fmt: skip
ANSWERS: list[tuple[type[BaseModel], str]] = [
    (response.BacktestResponse, "BacktestResult"),
    (response.Variant, "Variant"),
    (response.VariantRanking, "VariantRanking"),
    (response.RankingValue, "RankingValue"),
    (response.Payload, "Payload"),
    (response.IndicatorSelection, "IndicatorSelection"),
    (response.RiskSelection, "Risk"),
    (response.ExecutionScalars, "Execution"),
    (response.Instrument, "Instrument"),
    (report.Report, "Report"),
    (report.StandardRatios, "StandardRatios"),
    (report.MetricRow, "MetricRow"),
    (report.Trade, "Trade"),
    *((model, model.__name__) for model in BESIDE),
]


@pytest.mark.parametrize(("model", "name"), ANSWERS, ids=[name for _, name in ANSWERS])
def test_what_rest_tells_the_schema_tells(model: type[BaseModel], name: str) -> None:
    kind = SDL.type_map[name]
    assert isinstance(kind, GraphQLObjectType)

    assert {spelled(member) for member in model.model_fields} <= set(kind.fields)


@pytest.mark.parametrize(("model", "name"), ANSWERS, ids=[name for _, name in ANSWERS])
def test_no_member_of_an_answer_can_be_forgotten(model: type[BaseModel], name: str) -> None:
    """A member without a default must be given by whoever builds the answer."""
    silent = {member for member, field in model.model_fields.items() if not field.is_required()}

    assert silent <= {"schema_version"}, name
