"""Saved strategies over the real use-case: who may run them, what overrides do, what is hashed."""

import copy
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from backtest.identity import canonical_json, sha256_hex
from schema.graphql.answer import SELECTION
from schema.strategy_from_variant import NoSuchVariant, spec_of_variant
from tests.e2e.answers import whole_answer
from tests.e2e.grids import GRID, TEMPLATE, candles, explicit, spanned
from tests.e2e.world import Faces, Shelf, opened_over
from tests.faces import to_graphql
from tests.saved_spec import SPEC

SETTINGS = {name: GRID[name] for name in ("time_range", "warmup_bars", "top_k", "preselect")}
RSI = {"long_threshold": 52, "short_threshold": 48}
SCALARS: dict[str, Any] = {
    **SPEC,
    "timeframe": "1m",
    "signal_template": "all",
    "indicators": [
        {"id": "ma.sma", "inputs": {"source": "hlc3"}, "params": {"window": 7}},
        {"kind": "momentum.rsi", "inputs": {"source": "close"}, "params": {"window": 4}},
    ],
    "tags": ["mine"],
    "direction_mode": "long-only",
    "sizing_mode": "fixed_quote",
    "execution": {"fee_pct": 0.02, "fixed_quote": 250},
    "risk": {"sl_enabled": True, "sl_pct": 0.6, "tp_enabled": False, "tp_pct": None},
    "signal_grids": {"momentum.rsi": RSI},
}
AXES: dict[str, Any] = {
    **{name: SCALARS[name] for name in ("spec_kind", "schema_version", "instrument_id")},
    "timeframe": "1m",
    "indicators": [
        {"name": "ma.sma", "inputs": {"source": explicit("close", "hlc3")},
         "params": {"window": spanned(3, 11, 4)}},
        {"id": "momentum.rsi", "inputs": {"source": "close"}, "params": {"window": explicit(4, 7)}},
    ],
    "sizing_mode": "strategy_compound_profit_lock",
    "execution": {"fee_pct": 0.02},
    "risk_grid": TEMPLATE["risk_grid"],
    "signal_grids": TEMPLATE["signal_grids"],
}  # fmt: skip
BROKEN = {**SCALARS, "indicators": [{"id": "ma.sma", "params": {"window": {"mode": "range"}}}]}
UNKNOWN = {**SCALARS, "indicators": [{"id": "ma.none"}], "signal_grids": None}
OTHER_USER = UUID(int=99)

SHELF = Shelf()
MINE = SHELF.add(1, SCALARS)
MY_AXES = SHELF.add(2, AXES)
FOREIGN = SHELF.add(3, SCALARS, user_id=OTHER_USER)
DELETED = SHELF.add(4, SCALARS, is_deleted=True)
DELETED_FOREIGN = SHELF.add(5, SCALARS, user_id=OTHER_USER, is_deleted=True)
MY_BROKEN = SHELF.add(6, BROKEN)
MY_UNKNOWN = SHELF.add(7, UNKNOWN)
MISSING = str(UUID(int=8))


@pytest.fixture(scope="module")
def both() -> Iterator[Faces]:
    with opened_over(candles(), SHELF) as faces:
        yield faces


def saved(strategy_id: str, **overrides: Any) -> dict[str, Any]:
    request = {**SETTINGS, "strategy_id": strategy_id}
    return {**request, "overrides": overrides} if overrides else request


def ad_hoc(**changes: Any) -> dict[str, Any]:
    """The template that the saved strategy of single values stands for."""
    template: dict[str, Any] = {
        "instrument_id": SCALARS["instrument_id"],
        "timeframe": "1m",
        "indicator_grids": [
            {"indicator_id": "ma.sma", "params": {"window": explicit(7)},
             "source": explicit("hlc3")},
            {"indicator_id": "momentum.rsi", "params": {"window": explicit(4)},
             "source": explicit("close")},
        ],
        "direction_mode": "long-only",
        "sizing_mode": "fixed_quote",
        "execution": {"fee_pct": 0.02, "fixed_quote": 250},
        "risk_grid": {"sl_enabled": True, "sl_pct": 0.6},
        "signal_grids": {"momentum.rsi": {name: explicit(RSI[name]) for name in RSI}},
    }  # fmt: skip
    return {**SETTINGS, "template": {**template, **changes}}


def run(both: Faces, request: dict[str, Any]) -> dict[str, Any]:
    over_rest = both[0].run(request)
    assert whole_answer(both[1], request) == over_rest
    return over_rest


@pytest.mark.parametrize(
    ("overrides", "changes"),
    [
        ({}, {}),
        ({"direction_mode": "short-only"}, {"direction_mode": "short-only"}),
        ({"sizing_mode": "all_in"}, {"sizing_mode": "all_in"}),
        (
            {"execution": {"fee_pct": 0, "slippage_pct": 0.5}},
            {"execution": {"fee_pct": 0, "slippage_pct": 0.5, "fixed_quote": 250}},
        ),
        ({"execution": {"fixed_quote": None}}, {}),
        (
            {"risk_grid": {"tp_enabled": True, "tp": explicit(0.25, 0.5)}},
            {"risk_grid": {"tp_enabled": True, "tp": explicit(0.25, 0.5)}},
        ),
        ({"risk_grid": {}}, {"risk_grid": {}}),
        (
            {"signal_grids": {"momentum.rsi": {"long_threshold": spanned(50, 60, 2)}}},
            {
                "signal_grids": {
                    "momentum.rsi": {
                        "long_threshold": spanned(50, 60, 2),
                        "short_threshold": explicit(48),
                    }
                }
            },
        ),
    ],
    ids=[
        "nothing", "direction", "sizing", "execution is merged", "null keeps", "risk is replaced",
        "risk is replaced by nothing", "signals are merged by parameter",
    ],
)  # fmt: skip
def test_an_override_makes_the_run_of_the_merged_template(
    both: Faces, overrides: dict[str, Any], changes: dict[str, Any]
) -> None:
    told = run(both, saved(MINE, **overrides))
    wanted = run(both, ad_hoc(**changes))

    assert told["variants"] == wanted["variants"]
    assert told["engine_params_hash"] == wanted["engine_params_hash"]
    assert (told["mode"], told["strategy_id"]) == ("saved", MINE)
    assert told["grid_request_hash"] is None
    assert told["spec_hash"] == sha256_hex(canonical_json(SCALARS))
    assert wanted["spec_hash"] is None


def test_a_saved_strategy_may_hold_axes(both: Faces) -> None:
    told = run(both, saved(MY_AXES))
    wanted = run(both, {**SETTINGS, "template": TEMPLATE})

    assert told["variants"] == wanted["variants"]
    assert told["spec_hash"] == sha256_hex(canonical_json(AXES))


@pytest.mark.parametrize(
    ("strategy_id", "status", "code"),
    [
        (FOREIGN, 403, "forbidden"),
        (DELETED, 404, "not_found"),
        (DELETED_FOREIGN, 404, "not_found"),
        (MISSING, 404, "not_found"),
    ],
    ids=["foreign", "deleted", "deleted and foreign", "missing"],
)
def test_who_may_not_run_a_strategy_is_told_so(
    both: Faces, strategy_id: str, status: int, code: str
) -> None:
    rest, graphql = both
    request = saved(strategy_id)

    response = rest.client.post("/backtests", json=request, headers=rest.headers)

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["details"] == {"strategy_id": strategy_id}
    for field, selection in (("runBacktest", "mode"), ("estimateBacktest", "isAllowed")):
        kind = "mutation" if field == "runBacktest" else "query"
        document = f"{kind} ($i: RunBacktestInput!) {{ {field}(input: $i) {{ {selection} }} }}"
        (told,) = graphql.ask(document, {"i": to_graphql(request)}).json()["errors"]
        assert told["extensions"] == {"code": code, "status": status, "details": error["details"]}
        assert told["message"] == error["message"]


def test_missing_and_deleted_look_the_same(both: Faces) -> None:
    rest, _ = both

    answers = [
        rest.client.post("/backtests", json=saved(strategy_id), headers=rest.headers).text.replace(
            strategy_id, "…"
        )
        for strategy_id in (DELETED, DELETED_FOREIGN, MISSING)
    ]

    assert len(set(answers)) == 1


@pytest.mark.parametrize(
    ("strategy_id", "spots"),
    [
        (
            MY_BROKEN,
            {
                ("spec.indicators.0.params.window.start", "required"),
                ("spec.indicators.0.params.window.step", "required"),
                ("spec.indicators.0.params.window.stop_incl", "required"),
            },
        ),
        (MY_UNKNOWN, {("spec.indicators.0.id", "unknown_indicator")}),
    ],
    ids=["malformed", "unknown indicator"],
)
def test_a_place_in_a_stored_strategy_is_spelled_alike_over_both_faces(
    both: Faces, strategy_id: str, spots: set[tuple[str, str]]
) -> None:
    rest, graphql = both

    response = rest.client.post("/backtests", json=saved(strategy_id), headers=rest.headers)
    sent = {"saved": {"timeRange": GRID["time_range"], "strategyId": strategy_id}}
    answer = graphql.ask(
        "mutation ($i: RunBacktestInput!) { runBacktest(input: $i) { mode } }", {"i": sent}
    ).json()

    items = response.json()["error"]["details"]["errors"]
    assert {(item["path"], item["code"]) for item in items} == spots
    assert answer["errors"][0]["extensions"]["details"]["errors"] == items


def test_signals_of_an_indicator_that_was_not_saved_are_refused_alike(both: Faces) -> None:
    request = saved(MINE, signal_grids={"momentum.cci": {"long_threshold": explicit(1)}})

    told = both[0].problems(request)

    assert told == (
        "validation_error", {("overrides.signal_grids.momentum.cci", "unknown_indicator")},
    )  # fmt: skip
    assert both[1].problems(request) == told


def test_what_is_run_is_what_is_stored(both: Faces) -> None:
    before = copy.deepcopy(SHELF.rows)

    run(both, saved(MINE, execution={"fee_pct": 0.3}))

    assert before == SHELF.rows


def test_a_variant_is_saved_alike_from_either_face_and_runs_again_to_the_bit(both: Faces) -> None:
    rest, graphql = both
    over_rest = rest.run(GRID)
    document = f"mutation($i: RunBacktestInput!) {{ r: runBacktest(input: $i) {{ {SELECTION} }} }}"
    over_graphql = graphql.ask(document, {"i": to_graphql(GRID)}).json()

    specs = [spec_of_variant(over_rest, n) for n in range(3)]

    assert specs == [spec_of_variant(over_graphql, n) for n in range(3)]
    assert len({canonical_json(spec) for spec in specs}) == 3
    again = rest.run(saved(SHELF.add(20, specs[0])))
    assert [v["total_return_pct"] for v in again["variants"]] == [
        over_rest["variants"][0]["total_return_pct"]
    ]


@pytest.mark.parametrize(
    ("selected", "missing"),
    [
        ("mode", "variants"),
        ("timeframe variants { totalReturnPct }", "instrumentId, variants.payload"),
        (
            SELECTION.replace("slPct ", "").replace("directionMode ", ""),
            "variants.payload.risk.slPct, variants.payload.directionMode",
        ),
        (
            SELECTION.replace("params { name value }", "params { value }"),
            "variants.payload.indicatorSelections.params, variants.payload.signals.momentum.rsi",
        ),
    ],
    ids=["no variants", "no payload", "two members", "values without names"],
)
def test_a_graphql_answer_with_too_little_says_what_to_select(
    both: Faces, selected: str, missing: str
) -> None:
    document = f"mutation($i: RunBacktestInput!) {{ runBacktest(input: $i) {{ {selected} }} }}"
    answer = both[1].ask(document, {"i": to_graphql(GRID)}).json()

    with pytest.raises(NoSuchVariant) as caught:
        spec_of_variant(answer, 0)

    told = str(caught.value)
    assert told == f"the GraphQL response lacks {missing}; select at least\n{SELECTION}"
