import copy
import json
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import FastAPI

from backtest import errors as domain
from tests.bff.doubles import GOOD
from tests.faces import GraphqlFace, RestFace, opened, to_graphql
from tests.fakes import FakeBacktester

FULL: dict[str, Any] = {
    "time_range": {"start": "2024-01-01T02:00:00+02:00", "end": "2024-01-02T00:00:00.1239Z"},
    "template": {
        "instrument_id": {"market_id": 1.0, "symbol": " btcusdt "},
        "timeframe": "15m",
        "indicator_grids": [
            {
                "indicator_id": "momentum.rsi",
                "params": {"window": {"mode": "range", "start": 5, "stop_incl": 7.0, "step": 1}},
                "source": {"mode": "explicit", "values": ["hlc3"]},
            }
        ],
        "direction_mode": "short-only",
        "sizing_mode": "strategy_compound",
        "execution": {"fee_pct": 0, "slippage_pct": None},
        "risk_grid": {"sl_enabled": True, "sl_pct": 3},
        "signal_grids": {
            "momentum.rsi": {
                "long_threshold": {"mode": "explicit", "values": [30, 30.5]},
                "short_threshold": {"mode": "explicit", "values": [70.0]},
            }
        },
    },
    "warmup_bars": 50,
    "top_k": 2,
    "top_trades_n": 1,
    "ranking": {"primary_metric": "profit_factor", "secondary_metric": "total_return_pct"},
    "min_trades": 2,
    "distinct": True,
}
SAVED: dict[str, Any] = {
    "time_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z"},
    "strategy_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "overrides": {"direction_mode": "long-only", "execution": {"fee_pct": 0.1}},
}


@pytest.fixture(scope="module")
def use_case() -> FakeBacktester:
    return FakeBacktester()


@pytest.fixture(scope="module")
def both(use_case: FakeBacktester) -> Iterator[tuple[RestFace, GraphqlFace]]:
    with opened(use_case) as pair:
        yield pair


def changed(path: str, value: object) -> dict[str, Any]:
    request = copy.deepcopy(FULL)
    *parents, last = (int(step) if step.isdecimal() else step for step in path.split("/"))
    target: Any = request
    for step in parents:
        target = target[step]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return request


@pytest.mark.parametrize("request_body", [GOOD, FULL, SAVED], ids=["short", "full", "saved"])
def test_both_faces_hand_the_use_case_the_same_request_and_tell_the_same_answer(
    both: tuple[RestFace, GraphqlFace], use_case: FakeBacktester, request_body: dict[str, Any]
) -> None:
    rest, graphql = both

    over_rest = rest.run(request_body)
    over_graphql = graphql.run(request_body)

    assert use_case.requests[-1] == use_case.requests[-2]
    assert {key: over_rest[key] for key in over_graphql if key != "variants"} == {
        key: value for key, value in over_graphql.items() if key != "variants"
    }
    variant = over_rest["variants"][0]
    assert over_graphql["variants"][0]["variant_key"] == variant["variant_key"]
    assert over_graphql["variants"][0]["ranking"] == variant["ranking"]
    assert over_graphql["variants"][0]["payload"]["risk"] == variant["payload"]["risk"]


MISTAKES: dict[str, dict[str, Any]] = {
    "missing timeframe": changed("template/timeframe", ...),
    "unknown timeframe": changed("template/timeframe", "3m"),
    "null timeframe": changed("template/timeframe", None),
    "unknown direction": changed("template/direction_mode", "up"),
    "unknown metric": changed("ranking/primary_metric", "luck"),
    "equal metrics": changed("ranking/secondary_metric", "profit_factor"),
    "extra key": changed("template/foo", 1),
    "extra key in a block": changed("template/execution/tax", 1),
    "text for a count": changed("top_k", "x"),
    "boolean for a count": changed("top_k", True),
    "fraction for a count": changed("top_k", 1.5),
    "zero": changed("top_k", 0),
    "number for distinct": changed("distinct", 1),
    "fewer than no trades": changed("min_trades", -1),
    "more trades than variants": changed("top_trades_n", 3),
    "text for a percent": changed("template/execution/fee_pct", "0.1"),
    "boolean for a percent": changed("template/execution/fee_pct", True),
    "cash too high": changed("template/execution", {"init_cash_quote": 1.1e15}),
    "more problems than anybody reads": changed(
        "template/indicator_grids/0/source/values", [None] * 1_001
    ),
    "a thousand problems": changed("template/indicator_grids/0/source/values", [None] * 1_000),
    "percent too high": changed("template/execution/slippage_pct", 100),
    "number for a flag": changed("template/risk_grid/sl_enabled", 1),
    "no indicators": changed("template/indicator_grids", []),
    "too many indicators": changed("template/indicator_grids", [{"indicator_id": "x"}] * 101),
    "indicators not a list": changed("template/indicator_grids", "x"),
    "indicator without id": changed("template/indicator_grids/0/indicator_id", ...),
    "indicator not an object": changed("template/indicator_grids/0", 5),
    "axis not an object": changed("template/indicator_grids/0/params/window", 5),
    "axis null": changed("template/indicator_grids/0/params/window", None),
    "axis without step": changed("template/indicator_grids/0/params/window/step", ...),
    "axis without values": changed("template/indicator_grids/0/source/values", ...),
    "axis value null": changed("template/indicator_grids/0/source/values", ["close", None]),
    "axis values not a list": changed("template/indicator_grids/0/source/values", {}),
    "axis start a text": changed("template/indicator_grids/0/params/window/start", "5"),
    "axis without a way": changed("template/indicator_grids/0/params/window", {}),
    "params a number": changed("template/indicator_grids/0/params", 5),
    "naive time": changed("time_range/start", "2024-01-01T00:00:00"),
    "time a number": changed("time_range/start", 1704067200),
    "time of digits": changed("time_range/start", "1704067200"),
    "not a time": changed("time_range/start", "soon"),
    "empty range": changed("time_range/end", "2024-01-01T00:00:00Z"),
    "no range": changed("time_range", ...),
    "blank symbol": changed("template/instrument_id/symbol", "  "),
    "symbol a number": changed("template/instrument_id/symbol", 5),
    "market too high": changed("template/instrument_id/market_id", 70_000),
    "overrides without a strategy": {**FULL, "overrides": {}},
    "no mode": {"time_range": FULL["time_range"]},
    "strategy id not a uuid": {**SAVED, "strategy_id": "x"},
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_the_same_mistake_is_the_same_set_of_problems(
    both: tuple[RestFace, GraphqlFace], mistake: dict[str, Any]
) -> None:
    rest, graphql = both

    over_rest = rest.problems(mistake)
    over_graphql = graphql.problems(mistake)

    assert over_rest[0] == "validation_error"
    assert over_rest[1]
    assert over_graphql == over_rest


def test_paths_spell_the_input_as_the_client_wrote_it(
    both: tuple[RestFace, GraphqlFace],
) -> None:
    _, graphql = both
    body = to_graphql(changed("template/indicator_grids/0/params/window/step", True))

    answer = graphql.ask(
        "mutation($i: RunBacktestInput!) { runBacktest(input: $i) { mode } }", {"i": body}
    )

    (problem,) = answer.json()["errors"][0]["extensions"]["details"]["errors"]
    assert answer.status_code == 422
    assert problem["path"] == "input.template.indicatorGrids.0.params.0.axis.range.step"


@pytest.mark.parametrize(
    ("failure", "code", "status", "retry_after"),
    [
        (domain.DeadlineExceeded(1.0), "deadline_exceeded", 504, None),
        (domain.CandlesUnavailable(), "unavailable", 503, "5"),
        (domain.StrategiesUnavailable(), "unavailable", 503, "5"),
        (domain.Overloaded(7), "overloaded", 503, "7"),
        (
            domain.GuardExceeded("too many", error="e", stage="stage_a", n=1),
            "validation_error",
            422,
            None,
        ),
    ],
    ids=["deadline", "candle store", "strategy store", "overload", "guard"],
)
def test_failures_of_the_use_case_have_the_code_and_details_of_rest(
    failure: domain.BacktestError, code: str, status: int, retry_after: str | None
) -> None:
    with opened(FakeBacktester(failure=failure)) as (rest, graphql):
        over_rest = rest.client.post("/backtests", json=GOOD, headers=rest.headers)
        over_graphql = graphql.ask(RUN_MODE, {"i": to_graphql(GOOD)})
        strict = graphql.ask(
            RUN_MODE, {"i": to_graphql(GOOD)}, accept="application/graphql-response+json"
        )

    error = over_graphql.json()["errors"][0]["extensions"]
    assert error == {
        "code": code,
        "status": status,
        "details": over_rest.json()["error"]["details"],
    }
    assert over_rest.status_code == status
    assert (over_graphql.status_code, strict.status_code) == (200, status)
    told = {answer.headers.get("retry-after") for answer in (over_rest, over_graphql, strict)}
    assert told == {retry_after}


@pytest.mark.parametrize(
    ("guard", "numbers"),
    [
        ("max_variants_per_compute_exceeded", ("total_variants", "max_variants_per_compute")),
        ("max_compute_bytes_total_exceeded", ("max_compute_bytes_total", "estimated_bytes")),
        ("memory_bytes_exceeded", ("memory_bytes", "estimated_bytes")),
    ],
)
def test_guards_tell_their_numbers_in_sorted_order(guard: str, numbers: tuple[str, str]) -> None:
    failure = domain.GuardExceeded(
        "too many", error=guard, stage="stage_a", **dict.fromkeys(numbers, 1)
    )

    with opened(FakeBacktester(failure=failure)) as (rest, graphql):
        over_rest = rest.client.post("/backtests", json=GOOD, headers=rest.headers).json()
        over_graphql = graphql.ask(RUN_MODE, {"i": to_graphql(GOOD)}).json()

    names = sorted(["error", "stage", *numbers])
    assert list(over_rest["error"]["details"]) == names
    assert list(over_graphql["errors"][0]["extensions"]["details"]) == names


def test_another_owner_is_told_so_in_the_same_words() -> None:
    strategy_id = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")

    with opened(FakeBacktester(failure=domain.StrategyForbidden(strategy_id))) as (rest, graphql):
        over_rest = rest.client.post("/backtests", json=GOOD, headers=rest.headers)
        over_graphql = graphql.ask(RUN_MODE, {"i": to_graphql(GOOD)})

    message = "Backtest strategy does not belong to current user"
    details = {"strategy_id": str(strategy_id)}
    assert over_rest.status_code == 403
    assert over_rest.json()["error"] == {
        "code": "forbidden", "message": message, "details": details
    }  # fmt: skip
    error = over_graphql.json()["errors"][0]
    assert error["message"] == message
    assert error["extensions"] == {"code": "forbidden", "status": 403, "details": details}


RUN_MODE = "mutation($i: RunBacktestInput!) { runBacktest(input: $i) { mode } }"


def test_what_is_known_early_is_told_in_the_same_bytes_without_a_place_for_a_run() -> None:
    guard = domain.GuardExceeded("too many", error="e", stage="stage_a", limit=1)
    told: list[bytes] = []
    for use_case in (FakeBacktester(failure=guard), FakeBacktester(failure=guard, is_early=True)):
        with opened(use_case) as (_, graphql):
            if use_case.is_early:
                cast("FastAPI", graphql.client.app).state.services.runs.drain()
            told.append(graphql.ask(RUN_MODE, {"i": to_graphql(GOOD)}).content)

    assert told[0] == told[1]
    assert b'"stage":"stage_a"' in told[0]


def test_a_bug_is_masked() -> None:
    with opened(FakeBacktester(failure=RuntimeError("password=hunter2"))) as (_, graphql):
        answer = graphql.ask(RUN_MODE, {"i": to_graphql(GOOD)})

    error = answer.json()["errors"][0]
    assert error["extensions"]["code"] == "unexpected_error"
    assert set(error["extensions"]["details"]) == {"error_id"}
    assert "hunter2" not in answer.text


def test_problems_found_while_running_are_told_at_the_clients_place() -> None:
    problem = domain.Problem(
        ("template", "indicator_grids", 0, "params", "window", "step"), "multiple_of", "no"
    )
    failure = domain.InvalidRequest([problem])
    with opened(FakeBacktester(failure=failure)) as (rest, graphql):
        over_rest = rest.problems(FULL)
        answer = graphql.ask(RUN_MODE, {"i": to_graphql(FULL)}).json()

    (told,) = answer["errors"][0]["extensions"]["details"]["errors"]
    assert over_rest == (
        "validation_error",
        {("indicator_grids.0.params.window.step", "multiple_of")},
    )
    assert told["path"] == "input.template.indicatorGrids.0.params.0.axis.range.step"
    assert json.dumps(answer).count("multiple_of") == 1


@pytest.mark.parametrize("token", ["", "Bearer x", "Bearer a.b.c", "Basic dTpw"])
def test_an_unusable_token_is_refused_alike(both: tuple[RestFace, GraphqlFace], token: str) -> None:
    rest, _ = both
    headers = {"Authorization": token} if token else {}

    over_rest = rest.client.post("/backtests", json=GOOD, headers=headers)
    document = {"query": "{ indicators { id } }"}
    over_graphql = rest.client.post("/graphql", json=document, headers=headers)

    error, (told,) = over_rest.json()["error"], over_graphql.json()["errors"]
    assert over_rest.status_code == over_graphql.status_code == 401
    assert (told["message"], told["extensions"]["code"]) == (error["message"], error["code"])
    assert over_graphql.headers["www-authenticate"] == over_rest.headers["www-authenticate"]
