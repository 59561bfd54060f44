"""The same request has the same answer, and an answer can be sent back."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from strawberry.utils.str_converters import to_camel_case

from tests.e2e.answers import REPORT_FIELDS, report_as_rest, whole_answer
from tests.e2e.bodies import shuffled
from tests.e2e.grids import GRID, alone, candles, explicit
from tests.e2e.world import Faces, opened_over
from tests.faces import to_graphql


@pytest.fixture(scope="module")
def both() -> Iterator[Faces]:
    with opened_over(candles()) as faces:
        yield faces


@pytest.fixture(scope="module")
def answer(both: Faces) -> dict[str, Any]:
    return both[0].run(GRID)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_neither_the_face_nor_the_number_of_threads_nor_repeating_changes_a_bit(
    answer: dict[str, Any], threads: int
) -> None:
    with opened_over(candles(), threads=threads) as (rest, graphql):
        bodies = {
            rest.client.post("/backtests", json=GRID, headers=rest.headers).content
            for _ in range(3)
        }
        over_graphql = [whole_answer(graphql, GRID) for _ in range(2)]
        over_rest = rest.run(GRID)

    assert len(bodies) == 1
    assert over_rest == answer
    assert over_graphql == [answer, answer]


def test_the_winners_are_worth_comparing(answer: dict[str, Any]) -> None:
    variants = answer["variants"]

    assert len({variant["total_return_pct"] for variant in variants}) > 6
    assert all(variant["report"]["trades"] for variant in variants[:4])
    assert all(variant["report"]["trades"] is None for variant in variants[4:])


@pytest.mark.parametrize("place", [0, 1, 11])
def test_a_payload_sent_back_alone_has_the_return_to_the_last_bit(
    both: Faces, answer: dict[str, Any], place: int
) -> None:
    variant = answer["variants"][place]
    request = alone(variant, GRID)

    for told in (both[0].run(request), whole_answer(both[1], request)):
        (again,) = told["variants"]
        assert again["total_return_pct"] == variant["total_return_pct"]
        assert again["indicator_variant_key"] == variant["indicator_variant_key"]
        assert again["report"]["rows"] == variant["report"]["rows"]


def test_variant_report_tells_the_report_of_the_run(both: Faces, answer: dict[str, Any]) -> None:
    variant = answer["variants"][1]
    document = (
        f"query ($i: VariantReportInput!) {{ variantReport(input: $i) {{ {REPORT_FIELDS} }} }}"
    )

    told = both[1].ask(document, {"i": variant_input(variant)}).json()

    assert report_as_rest(told["data"]["variantReport"]) == variant["report"]


def test_a_report_asked_for_by_name_is_told_where_reports_are_not_sent_unasked(
    answer: dict[str, Any],
) -> None:
    variant = answer["variants"][0]
    document = "query ($i: VariantReportInput!) { variantReport(input: $i) { tableMd } }"
    with opened_over(candles(), eager_reports=False) as (rest, graphql):
        over_rest, over_graphql = rest.run(GRID), whole_answer(graphql, GRID)
        alone_told = graphql.ask(document, {"i": variant_input(variant)}).json()

    assert [told["report"] for told in over_rest["variants"]] == [None] * 12
    assert over_graphql["variants"] == answer["variants"]
    assert over_graphql["engine_params_hash"] == over_rest["engine_params_hash"]
    assert alone_told["data"]["variantReport"]["tableMd"] == variant["report"]["table_md"]


def variant_input(variant: dict[str, Any]) -> dict[str, Any]:
    payload, template = variant["payload"], GRID["template"]
    return {
        "timeRange": GRID["time_range"],
        "warmupBars": GRID["warmup_bars"],
        "instrumentId": {"marketId": 1, "symbol": template["instrument_id"]["symbol"]},
        "timeframe": "M1",
        "indicatorSelections": [
            {
                "indicatorId": selection["indicator_id"],
                "source": selection["inputs"]["source"],
                "params": named(selection["params"]),
            }
            for selection in payload["indicator_selections"]
        ],
        "signals": [
            {"indicatorId": indicator_id, "params": named(params)}
            for indicator_id, params in payload["signals"].items()
        ],
        "risk": camel(payload["risk"]),
        "execution": camel(payload["execution"]),
        "directionMode": "LONG_SHORT",
        "sizingMode": "PROFIT_LOCK",
    }


def named(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def camel(block: dict[str, Any]) -> dict[str, Any]:
    return {to_camel_case(name): value for name, value in block.items()}


def test_estimates_count_what_a_run_then_has(both: Faces, answer: dict[str, Any]) -> None:
    document = """query ($i: RunBacktestInput!) { estimateBacktest(input: $i) {
        stageAVariants stageBVariants targetBars isAllowed refusal { error }
        parts { part bytes processorSeconds } } }"""

    told = both[1].ask(document, {"i": to_graphql(GRID)}).json()["data"]["estimateBacktest"]

    counts = [answer[name] for name in ("stage_a_variants", "stage_b_variants", "target_bars")]
    assert [told[name] for name in ("stageAVariants", "stageBVariants", "targetBars")] == counts
    assert (told["isAllowed"], told["refusal"]) == (True, None)
    added = {part["part"]: (part["bytes"], part["processorSeconds"]) for part in told["parts"]}
    assert list(added) == ["EVIDENCE", "LANDSCAPE", "RECEIPT", "INTRABAR"]
    assert all(n_bytes >= 0 and seconds > 0 for n_bytes, seconds in added.values())


def respelled(number: int) -> dict[str, Any]:
    """The same grid: other key order, other number and time spellings, defaults written out."""
    body = copy.deepcopy(GRID)
    body["time_range"] = {"start": "1970-01-01T02:30:00+01:30", "end": "1970-01-01 14:10:00.0009Z"}
    body["top_k"], body["warmup_bars"], body["ranking"] = 12.0, 3e1, None
    template = body["template"]
    template["instrument_id"] = {"market_id": 1.0, "symbol": " btcusdt "}
    template["execution"] = {"fee_pct": 2e-2, "slippage_pct": 0.01, "init_cash_quote": 10000}
    template["risk_grid"]["sl"] = {"mode": "explicit", "values": [0.3, 0.6, 0.9]}
    template["indicator_grids"][0]["params"]["window"] = explicit(3, 7, 11)
    template["signal_grids"]["momentum.rsi"]["short_threshold"] = explicit(48.0)
    return shuffled(np.random.default_rng(number), body)


@pytest.mark.parametrize("number", range(4))
def test_requests_that_mean_the_same_have_the_same_hashes(
    both: Faces, answer: dict[str, Any], number: int
) -> None:
    body = respelled(number)

    for told in (both[0].run(body), whole_answer(both[1], body)):
        for name in ("grid_request_hash", "engine_params_hash"):
            assert told[name] == answer[name]
        returns = [variant["total_return_pct"] for variant in told["variants"]]
        assert returns == [variant["total_return_pct"] for variant in answer["variants"]]


@pytest.mark.parametrize(
    ("policy", "hashes"),
    [
        ({"slippage_pct": 0.02}, {"grid_request_hash", "engine_params_hash"}),
        ({"init_cash_quote": 9_999.0}, {"grid_request_hash", "engine_params_hash"}),
        ({"safe_profit_percent": 31.0}, {"grid_request_hash", "engine_params_hash"}),
        ({"eager_reports": False}, {"engine_params_hash"}),
        ({"threads": 1}, set()),
        ({"max_variants_per_compute": 1_000}, set()),
        ({"fee_pct_by_market_id": {1: 9.0}}, set()),
    ],
    ids=["slippage", "cash", "locked share", "reports", "threads", "a guard", "an unused fee"],
)
def test_a_changed_default_changes_a_hash_if_it_can_change_the_result(
    answer: dict[str, Any], policy: dict[str, Any], hashes: set[str]
) -> None:
    with opened_over(candles(), **policy) as (rest, _):
        told = rest.run(GRID)

    names = ("grid_request_hash", "engine_params_hash")
    assert {name for name in names if told[name] != answer[name]} == hashes


def test_both_faces_tell_what_a_distinct_variant_stands_for(both: Faces) -> None:
    rest, graphql = both
    body = {**GRID, "distinct": True}

    over_rest = rest.run(body)

    assert whole_answer(graphql, body) == over_rest
    told = [variant["same_as"] for variant in over_rest["variants"]]
    assert sum(same["n_others"] for same in told) > 0
    axes = {axis["name"] for same in told for axis in same["axes"]}
    assert axes <= {"source", "window", "long_threshold", "sl_pct", "tp_pct"}


def test_only_distinct_results_have_other_hashes(both: Faces) -> None:
    rest, _ = both
    plain, distinct = rest.run(GRID), rest.run({**GRID, "distinct": True})

    for name in ("grid_request_hash", "engine_params_hash"):
        assert rest.run({**GRID, "distinct": False})[name] == plain[name] != distinct[name]
