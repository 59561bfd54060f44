import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_introspection_query

from backtest.policy import Want
from tests.bff.doubles import GOOD
from tests.faces import GraphqlFace, opened, to_graphql
from tests.fakes import FakeBacktester
from trials.fuzz.attacks import chained_fragments

STRICT = "application/graphql-response+json"
INPUT = {"i": to_graphql(GOOD)}
RANGE = '{start: "2024-01-01T00:00:00Z", end: "2024-01-02T00:00:00Z"}'
MARKET = '{marketId: 1.0, symbol: "btcusdt"}'


@pytest.fixture(scope="module")
def use_case() -> FakeBacktester:
    return FakeBacktester()


@pytest.fixture(scope="module")
def face(use_case: FakeBacktester) -> Iterator[GraphqlFace]:
    with opened(use_case) as (_, graphql):
        yield graphql


def run(selection: str) -> str:
    return f"mutation($i: RunBacktestInput!) {{ runBacktest(input: $i) {{ {selection} }} }}"


def told(answer: Any) -> tuple[int, str, set[tuple[str, str]]]:
    error = answer.json()["errors"][0]["extensions"]
    items = error["details"].get("errors", ())
    return answer.status_code, error["code"], {(item["path"], item["code"]) for item in items}


@pytest.mark.parametrize(
    ("selection", "parts"),
    [
        ("mode", (False, False)),
        ("variants { variantKey }", (False, False)),
        ("variants { report { __typename } }", (False, False)),
        ("variants { report { tableMd } }", (True, False)),
        ("variants { report { equityCurve { ts } } }", (True, False)),
        ("variants { ... on Variant { r: report { trades { tradeId } } } }", (True, True)),
    ],
    ids=["no variants", "no report", "only a type name", "rows", "curve", "fragment and alias"],
)
def test_reports_and_trades_are_computed_only_when_selected(
    face: GraphqlFace, use_case: FakeBacktester, selection: str, parts: tuple[bool, bool]
) -> None:
    reports, trades = parts

    assert "errors" not in face.ask(run(selection), INPUT).json()
    want = use_case.wants[-1]
    assert (want.reports, want.trades, want.is_explicit) == (reports, trades, True)


def test_the_text_of_an_answer_is_known_from_its_selections(
    face: GraphqlFace, use_case: FakeBacktester
) -> None:
    def wanted(selection: str) -> Want:
        assert "errors" not in face.ask(run(selection), INPUT).json()
        return use_case.wants[-1]

    key = wanted("variants { variantKey }")
    trades = wanted("variants { report { trades { tradeId entryTs } } }")
    twice = wanted(
        "variants { report { trades { tradeId entryTs } again: trades { tradeId entryTs } } }"
    )
    curve = wanted("variants { report { equityCurve(maxPoints: 1000) { ts } } }")
    signal = wanted("variants { report { signal(maxPoints: 1000) { fromTs toTs } } }")
    own = wanted(
        "variants { report { indicatorSignals(maxPoints: 1000) { stretches { fromTs toTs } } } }"
    )

    assert 64 < key.variant_bytes < 150
    assert key.trade_bytes == 0
    assert trades.variant_bytes < key.variant_bytes
    assert 1.9 * trades.trade_bytes < twice.trade_bytes < 2.1 * trades.trade_bytes
    assert 15_000 < curve.variant_bytes < 50_000
    # how often a signal changes is not known, so nothing is refused for what it may come to
    assert signal.variant_bytes < key.variant_bytes
    assert 60_000 < signal.signal_bytes < 80_000
    assert 120_000 < own.signal_bytes < 240_000
    assert (signal.reports, signal.trades, curve.signal_bytes) == (True, False, 0)


def test_a_report_tells_rows_numbers_trades_and_curve(face: GraphqlFace) -> None:
    selection = """variants { report {
        rows { metric value } metrics { metric value } trades { exitTs direction exitReason }
        equityCurve(maxPoints: 2) { ts equity drawdownPct }
        signal(maxPoints: 2) { fromTs toTs nBars nLong nShort }
        indicatorSignals { indicatorId stretches { nShort } } } }"""

    answer = face.ask(run(selection), INPUT).json()

    report = answer["data"]["runBacktest"]["variants"][0]["report"]
    assert report["rows"][0] == {"metric": "Total Return [%]", "value": "0.8"}
    assert report["metrics"][2] == {"metric": "SQN", "value": None}
    assert report["trades"] == [
        {"exitTs": "2024-01-01T00:45:00.123Z", "direction": "LONG", "exitReason": "SIGNAL_EXIT"}
    ]
    assert report["equityCurve"] == [
        {"ts": "2024-01-01T00:00:00.000Z", "equity": 10_000.0, "drawdownPct": 0.0},
        {"ts": "2024-01-01T00:01:00.000Z", "equity": 10_001.0, "drawdownPct": 0.0},
    ]
    first, second = (
        ("2024-01-01T00:00:00.000Z", "2024-01-01T00:01:00.000Z"),
        ("2024-01-01T00:02:00.000Z", "2024-01-01T00:03:00.000Z"),
    )
    assert report["signal"] == [
        {"fromTs": first[0], "toTs": first[1], "nBars": 2, "nLong": 2, "nShort": 0},
        {"fromTs": second[0], "toTs": second[1], "nBars": 2, "nLong": 0, "nShort": 0},
    ]
    assert report["indicatorSignals"] == [
        {"indicatorId": name, "stretches": [{"nShort": 0}, {"nShort": 0}, {"nShort": 2}]}
        for name in ("ma.sma", "momentum.rsi")
    ]


@pytest.mark.parametrize(
    ("n_points", "code"), [(1, "out_of_bounds"), (5_001, "out_of_bounds")], ids=["few", "many"]
)
@pytest.mark.parametrize(
    "drawn",
    [
        "equityCurve(maxPoints: N) { ts }",
        "signal(maxPoints: N) { nBars }",
        "indicatorSignals(maxPoints: N) { indicatorId }",
    ],
    ids=["equity", "signal", "indicators"],
)
def test_a_curve_has_bounds(face: GraphqlFace, n_points: int, code: str, drawn: str) -> None:
    selection = f"variants {{ report {{ {drawn.replace('N', str(n_points))} }} }}"

    assert told(face.ask(run(selection), INPUT))[2] == {("maxPoints", code)}


def test_a_literal_input_means_what_a_variable_means(
    face: GraphqlFace, use_case: FakeBacktester
) -> None:
    template = f"""{{timeRange: {RANGE}, instrumentId: {MARKET}, timeframe: M15, topK: 2.0,
        indicatorGrids: [{{indicatorId: "ma.sma", params: [
            {{name: "window", axis: {{explicit: {{values: [$w, 6]}}}}}}]}}]}}"""
    document = f"mutation($w: AxisValue = 5.5) {{ runBacktest(input: {{template: {template}}})"

    answer = face.ask(document + "{ topK } }")

    assert answer.json() == {"data": {"runBacktest": {"topK": 2}}}
    grid = use_case.requests[-1].template
    assert grid is not None
    assert repr(grid.indicator_grids[0].params["window"]) == "ExplicitAxis(values=(5.5, 6))"


def test_variant_report_runs_one_variant(face: GraphqlFace, use_case: FakeBacktester) -> None:
    variant = f"""{{timeRange: {RANGE}, instrumentId: {MARKET}, timeframe: M15,
        indicatorSelections: [{{indicatorId: "ma.sma", source: "close",
            params: [{{name: "window", value: 20}}]}}],
        risk: {{slEnabled: true, slPct: 3}}, directionMode: LONG_ONLY}}"""

    answer = face.ask(f"{{ variantReport(input: {variant}) {{ trades {{ tradeId }} }} }}")

    assert answer.json() == {"data": {"variantReport": {"trades": [{"tradeId": 1}]}}}
    request = use_case.requests[-1]
    assert (request.top_k, request.preselect, request.top_trades_n) == (1, 1, 1)


def test_problems_of_a_variant_are_at_the_clients_places(face: GraphqlFace) -> None:
    variant = f"""{{timeRange: {RANGE}, instrumentId: {MARKET}, timeframe: M15, riks: {{}},
        indicatorSelections: [{{params: [{{name: "window", value: true}}]}}]}}"""

    answer = face.ask(f"{{ variantReport(input: {variant}) {{ tableMd }} }}")

    assert told(answer) == (
        422,
        "validation_error",
        {
            ("input.riks", "extra_forbidden"),
            ("input.indicatorSelections.0.indicatorId", "required"),
            ("input.indicatorSelections.0.params.0.value", "axis_value_type"),
        },
    )


def test_estimate_tells_numbers_beyond_32_bits_and_the_verdict(face: GraphqlFace) -> None:
    document = """query($i: RunBacktestInput!) { estimateBacktest(input: $i) {
        stageAVariants estimatedBytes isAllowed refusal { error stage } } }"""

    answer = face.ask(document, INPUT).json()

    assert answer["data"]["estimateBacktest"] == {
        "stageAVariants": 10**12,
        "estimatedBytes": 6 << 30,
        "isAllowed": False,
        "refusal": {"error": "max_variants_per_compute_exceeded", "stage": "stage_a"},
    }


def test_the_catalog_and_the_defaults_can_be_asked_for(face: GraphqlFace) -> None:
    document = """{ indicators { id rule { family params { name } } defaultAxes { name values } }
        runtimeDefaults { topK maxComputeBytesTotal fees { marketId feePct } } }"""

    data = face.ask(document).json()["data"]

    assert {"ma.sma", "momentum.rsi"} <= {row["id"] for row in data["indicators"]}
    assert data["indicators"][0]["defaultAxes"] == [{"name": "window", "values": [14]}]
    assert data["runtimeDefaults"]["topK"] == 300
    assert data["runtimeDefaults"]["fees"][0] == {"marketId": 1, "feePct": 0.075}


FRAGMENTS = " ".join(f"fragment F{i} on Query {{ ...F{i - 1} ...F{i - 1} }}" for i in range(1, 30))
REFUSED = {
    "characters": ("{ __typename }" + " " * 48_000, "too_many_characters"),
    "comments": ("#\n" * 2_001 + "{ __typename }", "too_many_tokens"),
    "tokens": ("{" + " __typename" * 2_000 + "}", "too_many_tokens"),
    "aliases": ("{" + " ".join(f"a{i}: __typename" for i in range(31)) + "}", "too_many_aliases"),
    "depth": ("{" + "a {" * 13 + "b" + "}" * 14, "too_deep"),
    "brackets": ("{" * 5_000, "too_deep"),
    "brackets in a value": ("{ a(b: " + "[" * 5_000 + ") }", "too_deep"),
    "a cycle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "fragment_cycle",
    ),
    "an explosion": (
        "{ ...F29 } fragment F0 on Query { __typename __typename } " + FRAGMENTS,
        "too_complex",
    ),
    "an explosion into nothing": (
        "{ ...F29 } fragment F0 on Query { ...Nowhere ...Nowhere } " + FRAGMENTS,
        "too_complex",
    ),
    "fields through fragments": (chained_fragments(6, "{ a "), "too_deep"),
    "inline fragments through fragments": (chained_fragments(6, "{ ... "), "too_deep"),
    "a fragment known before it is deep": (
        chained_fragments(2, "{ ... ", is_backwards=True),
        "too_deep",
    ),
    "a cycle with fields": (
        "{ ...A } fragment A on Query { a { ...B } } fragment B on Query { b { ...A } }",
        "fragment_cycle",
    ),
    "a long number": ("{ a(b: " + "9" * 5_000 + ") }", "number_too_long"),
    "two runs": (
        "mutation { a: runBacktest { mode } b: runBacktest { mode } }",
        "one_run_per_document",
    ),
    "two runs in two operations": (
        "mutation A { runBacktest { mode } } mutation B { runBacktest { mode } }",
        "one_run_per_document",
    ),
    "a run in a fragment, twice": (
        "mutation { ...R ...R } fragment R on Mutation { runBacktest { mode } }",
        "one_run_per_document",
    ),
    "many lists": ("{ a {" + " trades { id }" * 13 + "} }", "too_many_lists"),
    "many signals": (
        "{ a {" + " signal { nBars } indicatorSignals { indicatorId }" * 7 + "} }",
        "too_many_lists",
    ),
    "many questions": ("{" + " estimateBacktest { id }" * 11 + "}", "too_many_questions"),
    "many strategies": ("mutation {" + " saveStrategy { id }" * 11 + "}", "too_many_questions"),
}


@pytest.mark.parametrize(("document", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_document_that_costs_too_much_is_refused_before_it_runs(
    face: GraphqlFace, document: str, code: str
) -> None:
    assert told(face.ask(document)) == (422, "validation_error", {("query", code)})


@pytest.mark.parametrize(
    ("body", "status", "code", "path"),
    [
        (b"", 400, "malformed_request", None),
        (b"\xff", 400, "malformed_request", None),
        (b'{"query": "{ a"}', 400, "malformed_request", None),
        (b'"text"', 422, "validation_error", "body"),
        (b'[{"query": "{ __typename }"}]', 422, "validation_error", "body"),
        (b"{}", 422, "validation_error", "query"),
        (b'{"query": 5}', 422, "validation_error", "query"),
        (b'{"query": "{ __typename }", "variables": []}', 422, "validation_error", "variables"),
        (b'{"query": "{ a }", "operationName": 1}', 422, "validation_error", "operationName"),
        (b'{"query": "query A {a} query B {a}"}', 422, "validation_error", "operationName"),
        (b'{"query": "{ indicatorz { id } }"}', 422, "validation_error", "query"),
        (b'{"query": "subscription { a }"}', 422, "validation_error", "query"),
    ],
    ids=[
        "empty", "not utf-8", "syntax", "a text", "a batch", "no query", "query not a text",
        "variables not an object", "name not a text", "no name", "unknown field", "subscription",
    ],
)  # fmt: skip
def test_bodies_that_are_refused(
    face: GraphqlFace, body: bytes, status: int, code: str, path: str | None
) -> None:
    headers = {**face.headers, "content-type": "application/json"}

    answer = face.client.post("/graphql", content=body, headers=headers)

    found = told(answer)
    assert found[:2] == (status, code)
    assert {place for place, _ in found[2]} == ({path} if path else set())


def test_input_is_not_echoed_at_length(face: GraphqlFace) -> None:
    answer = face.ask("{ " + "x" * 5_000 + " }")

    assert "x" * 50 not in answer.text


def test_the_media_type_of_the_answer_follows_the_accept_header(face: GraphqlFace) -> None:
    plain = face.ask("{ __typename }")
    strict = face.ask("{ __typename }", accept=f"{STRICT}, application/json;q=0.9")

    assert plain.headers["content-type"] == "application/json; charset=utf-8"
    assert strict.headers["content-type"] == f"{STRICT}; charset=utf-8"
    assert plain.content == strict.content


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_not_allowed(face: GraphqlFace, method: str) -> None:
    answer = face.client.request(method, "/graphql?query=mutation{runBacktest{mode}}")

    assert told(answer)[:2] == (405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]


def test_other_media_types_are_refused(face: GraphqlFace) -> None:
    answer = face.client.post("/graphql", content="{}", headers={"content-type": "text/plain"})

    assert told(answer)[:2] == (415, "unsupported_media_type")


def test_questions_need_authentication(face: GraphqlFace) -> None:
    answer = face.client.post("/graphql", json={"query": "{ indicators { id } }"})

    assert told(answer)[:2] == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_standard_introspection_query_passes_where_it_is_allowed(face: GraphqlFace) -> None:
    answer = face.client.post("/graphql", json={"query": get_introspection_query()})

    assert answer.json()["data"]["__schema"]["mutationType"] == {
        "name": "Mutation", "kind": "OBJECT",
    }  # fmt: skip


def test_production_shows_neither_schema_nor_graphiql() -> None:
    embedded = {"ROEHUB_CANDLES": "embedded", "ROEHUB_STRATEGIES": "embedded"}
    environ = {"ROEHUB_ENV": "prod", "IDENTITY_JWT_SECRET": "s" * 32, **embedded}
    with opened(FakeBacktester(), environ) as (_, graphql):
        asked = graphql.ask("{ __schema { queryType { name } } }")
        page = graphql.client.get("/graphql")

    assert told(asked)[2] == {("query", "introspection_disabled")}
    assert page.status_code == 405
    assert page.headers["allow"] == "POST"


def test_graphiql_is_a_page_where_it_is_allowed() -> None:
    with opened(FakeBacktester(), {"ROEHUB_ENV": "dev", "IDENTITY_JWT_SECRET": "s" * 32}) as (
        _,
        face,
    ):
        page = face.client.get("/graphql")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in page.text.replace("http://www.w3.org", "")


def test_the_same_mistake_gives_the_same_bytes(face: GraphqlFace) -> None:
    body = json.dumps(
        {"query": run("nope mode2"), "variables": {"i": {"template": {"a": 1, "b": 2}}}}
    )
    headers = {**face.headers, "content-type": "application/json"}

    answers = {
        face.client.post("/graphql", content=body, headers=headers).content for _ in range(5)
    }

    assert len(answers) == 1
