"""Whole requests against the reference: tests/golden/README.md says what is exact."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from backtest.result import RankedVariant, RunResult
from schema.parse import parse_request
from tests.backtesters import answer
from tests.golden_files import GOLDEN
from tests.memory_feed import MemoryFeed

RUNS = sorted(path.stem for path in (GOLDEN / "runs").glob("*.json"))
# The project decided otherwise on what these compute (docs/indicators.md): the enumeration holds.
DECIDED_OTHERWISE = {
    "run-p-15": "Ichimoku must not see the future",
    "run-p-17": "StochRSI on a standing RSI is undefined at bar 576, the reference divides noise",
}
# The defaults of the reference.
REFERENCE = {
    "warmup_bars": 200,
    "top_k": 300,
    "preselect": 20_000,
    "fee_pct_by_market_id": {1: 0.075, 2: 0.1, 3: 0.075, 4: 0.1},
}


@pytest.fixture(params=RUNS)
def golden(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GOLDEN / "runs" / f"{request.param}.json").read_text())
    return loaded


@pytest.fixture
def result(golden: dict[str, Any]) -> RunResult:
    minutes = dict(np.load(GOLDEN / "runs" / golden["candles"]))
    return answer(MemoryFeed(minutes), parse_request(golden["request"]), **REFERENCE)


def test_run_equals_the_reference(golden: dict[str, Any], result: RunResult) -> None:
    expected = golden["expected"]
    if golden["id"] in DECIDED_OTHERWISE:
        pytest.skip(DECIDED_OTHERWISE[golden["id"]])

    assert len(result.variants) == len(expected["variants"])
    for variant, wanted in zip(result.variants, expected["variants"], strict=True):
        assert variant.variant_index == wanted["variant_index"]
        assert variant.variant_key == wanted["variant_key"]
        assert variant.indicator_variant_key == wanted["indicator_variant_key"]
        assert variant.total_return_pct == pytest.approx(wanted["total_return_pct"], rel=1e-6)
        assert variant.report is not None
        assert [text for _, text in variant.report.rows] == wanted["rows"]
        assert_payload(variant, result, wanted["payload"])
        assert_trades(golden["trade_fields"], variant, wanted["trades"])


def test_counts_equal_the_reference(golden: dict[str, Any], result: RunResult) -> None:
    counts = golden["expected"]["counts"]
    start, stop = counts["target_slice"]

    assert result.stage_a_variants == counts["stage_a_variants_total"]
    assert result.stage_b_variants == counts["stage_b_variants_total"]
    assert result.target_bars == stop - start
    assert len(result.variants) == counts["returned"]
    assert [title for title, _ in result.variants[0].report.rows] == golden["metric_order"]  # pyright: ignore[reportOptionalMemberAccess]


def test_same_keys_are_enumerated(golden: dict[str, Any], result: RunResult) -> None:
    """Where all variants are returned, the set of keys holds whatever the indicators compute."""
    expected = {wanted["variant_key"] for wanted in golden["expected"]["variants"]}
    if len(expected) < result.stage_b_variants:
        pytest.skip("only the best are returned")

    assert {variant.variant_key for variant in result.variants} == expected


def assert_payload(variant: RankedVariant, result: RunResult, payload: dict[str, Any]) -> None:
    for selection, wanted in zip(variant.selections, payload["indicator_selections"], strict=True):
        assert selection.indicator_id == wanted["indicator_id"]
        inputs = {} if selection.source is None else {"source": selection.source}
        assert inputs == wanted["inputs"]
        assert selection.params == wanted["params"]
    assert variant.signals == payload["signal_params"]
    assert asdict(variant.risk) == payload["risk_params"]
    effective = asdict(result.settings.execution)
    wanted_execution = payload["execution_params"]
    assert effective == {name: wanted_execution[name] for name in effective}


def assert_trades(
    fields: list[str], variant: RankedVariant, wanted_trades: list[list[Any]] | None
) -> None:
    assert variant.report is not None
    trades = variant.report.trades
    if wanted_trades is None or trades is None:
        assert trades is None
        assert wanted_trades is None
        return
    for trade, values in zip(trades, wanted_trades, strict=True):
        for field, value in zip(fields, values, strict=True):
            assert getattr(trade, field) == (
                pytest.approx(value, rel=1e-6, abs=1e-9) if isinstance(value, float) else value
            ), field
