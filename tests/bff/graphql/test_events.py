"""A run as events: how far it is, then its answer, and refusals as they are told elsewhere."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args
from uuid import UUID

import pytest

from backtest.control import Control, Stage
from backtest.errors import (
    BacktestError,
    CandlesUnavailable,
    DeadlineExceeded,
    InvalidRequest,
    NoMarketData,
    Problem,
)
from backtest.policy import Want
from backtest.request import RunRequest
from backtest.result import RunResult
from schema.graphql.schema import graphql_sdl
from tests.bff.doubles import GOOD
from tests.faces import GraphqlFace, opened, to_graphql
from tests.fakes import FakeBacktester

INPUT = {"i": to_graphql(GOOD)}
EVENTS = {"Accept": "text/event-stream"}
PROGRESS = "progress { stage done total processorSeconds }"


class Telling(FakeBacktester):
    """Says how far it is before it answers or fails."""

    told: tuple[tuple[str, int, int], ...] = (("signals", 1, 2), ("stage_a", 3, 4))
    fails_with: BacktestError | None = None

    def run(
        self, request: RunRequest, *, user_id: UUID, control: Control, want: Want | None = None
    ) -> RunResult:
        for reached in self.told:
            control.spend(0.25)
            control.progress(*reached)
        if self.fails_with is not None:
            raise self.fails_with
        return super().run(request, user_id=user_id, control=control, want=want)


@pytest.fixture
def use_case() -> Telling:
    return Telling()


@pytest.fixture
def face(use_case: Telling) -> Iterator[GraphqlFace]:
    with opened(use_case) as (_, graphql):
        yield graphql


def watch(selection: str) -> str:
    return f"subscription($i: RunBacktestInput!) {{ runBacktest(input: $i) {{ {selection} }} }}"


def events(answer: Any) -> list[tuple[str, Any]]:
    """The events of a stream: their names, and their data as JSON."""
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    found: list[tuple[str, Any]] = []
    for block in answer.text.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        text = data.removeprefix("data:").strip()
        found.append((name.removeprefix("event: "), json.loads(text) if text else None))
    return found


def test_a_run_tells_how_far_it_is_and_then_its_answer(
    face: GraphqlFace, use_case: Telling
) -> None:
    answer = face.ask(watch(f"{PROGRESS} result {{ variants {{ variantKey }} }}"), INPUT, **EVENTS)

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    *told, last = events(answer)
    assert last == ("complete", None)
    data = [found["data"]["runBacktest"] for name, found in told if name == "next"]
    assert data[:2] == [
        {
            "progress": {"stage": "signals", "done": 1, "total": 2, "processorSeconds": 0.25},
            "result": None,
        },
        {
            "progress": {"stage": "stage_a", "done": 3, "total": 4, "processorSeconds": 0.5},
            "result": None,
        },
    ]
    assert data[2]["progress"] is None
    assert len(data[2]["result"]["variants"]) == 1
    assert len(data) == 3
    assert not use_case.wants[-1].reports


def test_the_answer_is_that_of_the_mutation(face: GraphqlFace) -> None:
    selection = "mode notes { code } variants { report { rows { value } } }"
    streamed = events(face.ask(watch(f"result {{ {selection} }}"), INPUT, **EVENTS))
    mutation = f"mutation($i: RunBacktestInput!) {{ runBacktest(input: $i) {{ {selection} }} }}"

    asked = face.ask(mutation, INPUT).json()

    assert streamed[-2][1]["data"]["runBacktest"]["result"] == asked["data"]["runBacktest"]


def test_a_run_that_fails_after_it_told_something_ends_with_the_refusal(
    face: GraphqlFace, use_case: Telling
) -> None:
    use_case.fails_with = DeadlineExceeded(5.0)

    *told, failed, complete = events(face.ask(watch("result { mode }"), INPUT, **EVENTS))

    assert complete == ("complete", None)
    assert len(told) == 2
    assert failed[1]["errors"][0]["extensions"]["code"] == "deadline_exceeded"


def test_what_is_refused_before_it_told_anything_has_its_status(
    face: GraphqlFace, use_case: Telling
) -> None:
    use_case.told, use_case.fails_with = (), CandlesUnavailable("down")
    answer = face.ask(watch("result { mode }"), INPUT, **EVENTS)

    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert answer.json()["errors"][0]["extensions"]["code"] == "unavailable"

    mistaken = face.ask(watch("result { mode }"), {"i": {"template": {}}}, **EVENTS)
    unknown = face.ask(watch("progress { speed }"), INPUT, **EVENTS)
    assert (mistaken.status_code, unknown.status_code) == (422, 422)


@pytest.mark.parametrize("told", [(), Telling.told], ids=["at once", "later"])
@pytest.mark.parametrize(
    "refusal",
    [
        NoMarketData(),
        InvalidRequest(
            [
                Problem(("template", "timeframe"), "unsupported", "an hour is too long"),
                Problem(
                    ("template", "indicator_grids", 0, "params", "window", "values", 1),
                    "out_of_bounds",
                    "is too large",
                ),
            ]
        ),
        InvalidRequest([Problem(("template", str(n)), "x", "many") for n in range(1_001)]),
    ],
    ids=["no candles", "the catalog", "a thousand problems"],
)
def test_mistakes_are_told_at_the_places_of_the_mutation(
    face: GraphqlFace,
    use_case: Telling,
    refusal: BacktestError,
    told: tuple[tuple[str, int, int], ...],
) -> None:
    axis = {"window": {"mode": "explicit", "values": [5, 20]}}
    grids = [{"indicator_id": "ma.sma", "params": axis}]
    sent = {"i": to_graphql(GOOD | {"template": {**GOOD["template"], "indicator_grids": grids}})}
    use_case.told, use_case.fails_with = told, refusal
    mutation = "mutation($i: RunBacktestInput!) { runBacktest(input: $i) { mode } }"

    (asked,) = face.ask(mutation, sent).json()["errors"]
    streamed = face.ask(watch("r: result { mode }"), sent, **EVENTS)

    answer = events(streamed)[-2][1] if told else streamed.json()
    assert answer["errors"][0]["extensions"] == asked["extensions"]
    places = [item["path"] for item in asked["extensions"]["details"]["errors"]]
    assert all(place.split(".")[0] == "input" for place in places), places


@pytest.mark.parametrize(
    ("selection", "headers", "code"),
    [
        ("result { mode }", {}, "event_stream_required"),
        ("result { mode } again: result { mode }", EVENTS, "one_run_per_document"),
    ],
    ids=["no event stream", "two runs"],
)
def test_what_a_subscription_may_not(
    face: GraphqlFace, selection: str, headers: dict[str, str], code: str
) -> None:
    answer = face.ask(watch(selection), INPUT, **headers)

    text = answer.text
    assert code in text, text
    assert answer.status_code in {200, 422}


def test_who_selects_no_answer_runs_nothing(face: GraphqlFace, use_case: Telling) -> None:
    told = events(face.ask(watch("progress { stage }"), INPUT, **EVENTS))

    assert told == [("next", {"data": {"runBacktest": {"progress": None}}}), ("complete", None)]
    assert use_case.requests == []


def test_the_schema_lists_every_stage() -> None:
    (told,) = [line for line in graphql_sdl().splitlines() if "What it is at: " in line]

    assert re.findall("`(.+?)`", told) == list(get_args(Stage))
