"""What is told about a request: one line, the same facts for metrics and traces."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.datastructures import Headers

from bff.telemetry.observed import ObservedUseCase
from resolvers.service import BacktestService
from tests.bff.doubles import GOOD, USER, ToldService, client, services, serving, token
from tests.fakes import POLICY, FakeBacktester, FakeDefaults

FACTS = {
    "method": "POST",
    "path": "/backtests",
    "status": 200,
    "duration_ms": 30.0,
    "stage_ms": {"load": 10.0, "stage_a": 5.0},
}


def facts_of(outcome: Exception | None = None) -> Mapping[str, Any]:
    seen: list[Mapping[str, Any]] = []
    backtester = ObservedUseCase(FakeBacktester())
    real = BacktestService(backtester=backtester, defaults=FakeDefaults(), policy=POLICY)
    bare = services(ToldService(outcome) if outcome else None)
    built = bare if outcome else serving(bare, real)
    built.watchers.append(lambda facts, _: seen.append(facts))
    with client(built) as test_client:
        headers = {"Authorization": f"Bearer {token(built)}"}
        test_client.post("/backtests", json=GOOD, headers=headers)
    (facts,) = seen
    return facts


def test_a_run_tells_who_what_and_how_much() -> None:
    facts = facts_of()

    assert facts["user_id"] == str(USER)
    assert facts["status"] == 200
    assert len(facts["grid_request_hash"]) == len(facts["engine_params_hash"]) == 64
    assert (facts["stage_a_variants"], facts["target_bars"]) == (1, 96)
    assert facts["answer_bytes"] > 100
    assert json.dumps(facts)


def test_a_bug_tells_its_id() -> None:
    facts = facts_of(RuntimeError("cause"))

    assert (facts["status"], facts["code"]) == (500, "unexpected_error")
    assert len(facts["error_id"]) == 36


def test_what_alerts_ask_for_is_there_before_it_happens() -> None:
    pytest.importorskip("prometheus_client")
    from bff.serving.metrics import Metrics  # noqa: PLC0415 - an optional extra

    page = Metrics({"runs": services().runs}, lambda: None).page().decode()

    first = 'roehub_requests_total{code="unexpected_error",path="/backtests",status="500"} 0.0'
    assert first in page


def test_metrics_count_requests_and_stages_without_inventing_series() -> None:
    pytest.importorskip("prometheus_client")
    from bff.serving.metrics import Metrics  # noqa: PLC0415 - an optional extra

    metrics = Metrics({"runs": services().runs}, lambda: None)
    metrics.watch(FACTS, Headers())
    unknown = {"path": "/made/up", "status": 404, "code": "not_found", "stage_ms": {}}
    metrics.watch(FACTS | unknown, Headers())

    page = metrics.page().decode()
    assert 'roehub_requests_total{code="ok",path="/backtests",status="200"} 1.0' in page
    assert 'path="other",status="404"' in page
    assert "/made/up" not in page
    assert 'roehub_stage_seconds_sum{stage="load"} 0.01' in page
    assert 'roehub_places{pool="runs",state="running"} 0.0' in page


@pytest.mark.parametrize("path", ["/backtests", "/graphql", "/", "/nowhere"])
def test_a_refused_method_has_its_code(path: str) -> None:
    seen: list[Mapping[str, Any]] = []
    built = services()
    built.watchers.append(lambda facts, _: seen.append(facts))
    with client(built) as test_client:
        status = test_client.put(path).status_code

    assert [(facts["status"], facts["code"]) for facts in seen] == [
        (status, "method_not_allowed" if status == 405 else "not_found")
    ]


@pytest.mark.parametrize(
    ("status", "code"), [(200, "ok"), (304, "ok"), (400, "refused"), (499, "client_left")]
)
def test_only_what_was_answered_is_ok(status: int, code: str) -> None:
    pytest.importorskip("prometheus_client")
    from bff.serving.metrics import Metrics  # noqa: PLC0415 - an optional extra

    metrics = Metrics({}, lambda: None)
    metrics.watch(FACTS | {"status": status}, Headers())

    assert f'{{code="{code}",path="/backtests",status="{status}"}}' in metrics.page().decode()


def test_traces_show_the_stages_under_the_callers_span() -> None:
    exporters = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from bff.serving.traces import Traces  # noqa: PLC0415 - an optional extra

    exporter = exporters.InMemorySpanExporter()
    traces = Traces(exporter)
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    traces.watch(FACTS, Headers({"traceparent": parent}))
    traces.close()

    load, stage_a, request = exporter.get_finished_spans()
    assert [span.name for span in (load, stage_a, request)] == [
        "load",
        "stage_a",
        "POST /backtests",
    ]
    assert f"{request.context.trace_id:032x}" == "a" * 32
    assert load.parent.span_id == stage_a.parent.span_id == request.context.span_id
    assert load.end_time == stage_a.start_time
