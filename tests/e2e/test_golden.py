"""The golden files as a client meets them: bodies in, bytes out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backtest.test_golden_runs import DECIDED_OTHERWISE
from tests.e2e.answers import whole_answer
from tests.e2e.world import Faces, golden_candles, opened_over
from tests.golden_files import GOLDEN, golden_cases

RUNS = sorted((GOLDEN / "runs").glob("*.json"))
CASES = golden_cases("errors/cases.json")
HASHES = {"grid_request_hash", "engine_params_hash"}  # the project defines these otherwise


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_a_golden_run_is_answered_over_rest_and_the_same_over_graphql(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    with opened_over(golden_candles(Path(golden["candles"]).name)) as (rest, graphql):
        answer = rest.run(golden["request"])
        over_graphql = whole_answer(graphql, golden["request"])

    assert over_graphql == answer
    expected, counts = golden["expected"], golden["expected"]["counts"]
    header = {name: value for name, value in expected["header"].items() if name not in HASHES}
    assert {name: answer[name] for name in header} == header
    assert answer["stage_a_variants"] == counts["stage_a_variants_total"]
    assert answer["stage_b_variants"] == counts["stage_b_variants_total"]
    assert len(answer["variants"]) == counts["returned"]
    if golden["id"] in DECIDED_OTHERWISE:
        return
    for variant, wanted in zip(answer["variants"], expected["variants"], strict=True):
        assert_variant(variant, wanted, golden["trade_fields"])


def assert_variant(variant: dict[str, Any], wanted: dict[str, Any], fields: list[str]) -> None:
    for name in ("variant_index", "variant_key", "indicator_variant_key"):
        assert variant[name] == wanted[name]
    assert variant["total_return_pct"] == pytest.approx(wanted["total_return_pct"], rel=1e-6)
    report, payload = variant["report"], variant["payload"]
    assert [row["value"] for row in report["rows"]] == wanted["rows"]
    wanted_payload = wanted["payload"]
    assert payload["indicator_selections"] == wanted_payload["indicator_selections"]
    assert payload["signals"] == wanted_payload["signal_params"]
    assert payload["risk"] == wanted_payload["risk_params"]
    execution = wanted_payload["execution_params"]
    assert payload["execution"] == {name: execution[name] for name in payload["execution"]}
    assert (report["trades"] is None) == (wanted["trades"] is None)
    for trade, values in zip(report["trades"] or (), wanted["trades"] or (), strict=True):
        told = [trade[name] for name in fields if not name.endswith("_ts")]
        known = [
            pytest.approx(value, rel=1e-6, abs=1e-9) if isinstance(value, float) else value
            for name, value in zip(fields, values, strict=True)
            if not name.endswith("_ts")
        ]
        assert told == known


@pytest.fixture(scope="module")
def both() -> Iterator[Faces]:
    with opened_over(golden_candles("run-p-01.npz")) as faces:
        yield faces


# Where the configuration fills every gap, nothing is missing in these.
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["tag"])
def test_a_golden_error_case_is_answered_over_rest(both: Faces, case: dict[str, Any]) -> None:
    rest, _ = both

    response = rest.client.post("/backtests", json=case["request"], headers=rest.headers)

    if case.get("without_defaults") or case["expected"]["status"] == 200:
        assert response.status_code == 200
        return
    error, wanted = response.json()["error"], case["expected"]["body"]["error"]
    assert (response.status_code, error["code"]) == (case["expected"]["status"], wanted["code"])
    if "errors" in wanted["details"]:
        assert error["message"] == wanted["message"]
        assert spots(error) == spots(wanted)
    elif wanted["details"]:
        assert {name: error["details"].get(name) for name in wanted["details"]} == wanted["details"]


def spots(error: dict[str, Any]) -> set[tuple[str, str]]:
    return {(item["path"], item["code"]) for item in error["details"]["errors"]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["tag"])
def test_a_golden_error_case_is_the_same_over_graphql(both: Faces, case: dict[str, Any]) -> None:
    rest, graphql = both
    if case.get("without_defaults") or case["expected"]["status"] == 200:
        assert whole_answer(graphql, case["request"]) == rest.run(case["request"])
        return
    if case["tag"] in {"mode-both", "axis-mode-unknown"}:
        pytest.skip("GraphQL writes this choice as a oneOf input")

    assert graphql.problems(case["request"]) == rest.problems(case["request"])
