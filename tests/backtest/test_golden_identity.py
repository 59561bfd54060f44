"""Canonical JSON and keys against the reference, byte for byte; and who refuses what has none."""

from typing import Any

import pytest
from pydantic import ValidationError

from backtest.axes import explicit
from backtest.catalog_rules import signal_problems
from backtest.errors import InvalidRequest
from backtest.identity import (
    canonical_json,
    execution_json,
    indicator_json,
    indicator_variant_json,
    sha256_hex,
    signals_json,
)
from backtest.plan import make_plan
from backtest.request import IndicatorGrid, RunRequest, Template
from backtest.types import Instrument, Timeframe, TimeRange
from schema.request import InstrumentId
from schema.request import Template as TemplateModel
from tests.backtesters import POLICY, NoDefaults
from tests.golden_files import golden_cases

ALL = golden_cases("identity/cases.json")
CASES = [case for case in ALL if "error" not in case["expected"]]
ERRORS = {case["tag"]: case for case in ALL if "error" in case["expected"]}


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['tag']}" for case in CASES])
def test_keys_equal_the_reference(case: dict[str, Any]) -> None:
    expected = case["expected"]
    indicators = indicators_text(case)
    variant = variant_text(case, sha256_hex(indicators))

    assert indicators == expected["indicator_canonical_json"]
    assert sha256_hex(indicators) == expected["indicator_variant_key"]
    assert variant == expected["variant_canonical_json"]
    assert sha256_hex(variant) == expected["variant_key"]


def test_order_of_what_has_no_order_does_not_matter() -> None:
    by_id = {case["id"]: case for case in CASES}
    permuted = [case for case in CASES if "same_keys_as" in case]

    assert permuted
    for case in permuted:
        other = by_id[case["same_keys_as"]]
        assert case["expected"]["variant_key"] == other["expected"]["variant_key"]
        assert indicators_text(case) == indicators_text(other)


def test_an_indicator_given_twice_is_refused_by_the_plan() -> None:
    case = ERRORS["error:duplicate-indicator"]
    template = Template(
        instrument=Instrument(market_id=1, symbol="BTCUSDT"),
        timeframe=Timeframe(case["timeframe"]),
        indicator_grids=tuple(
            IndicatorGrid(indicator_id=entry["indicator_id"]) for entry in case["indicators"]
        ),
    )
    request = RunRequest(time_range=TimeRange(start_ms=0, end_ms=1), template=template)

    with pytest.raises(InvalidRequest) as caught:
        make_plan(request, template, POLICY, NoDefaults())

    assert "duplicate_indicator" in {problem.code for problem in caught.value.problems}


def test_a_blank_symbol_is_refused_by_the_request_model() -> None:
    with pytest.raises(ValidationError, match="symbol"):
        InstrumentId.model_validate(ERRORS["error:blank-symbol"]["instrument"])


def test_a_blank_direction_is_refused_by_the_request_model() -> None:
    case = ERRORS["error:blank-direction"]
    body = {
        "instrument_id": case["instrument"],
        "timeframe": case["timeframe"],
        "indicator_grids": [{"indicator_id": case["indicators"][0]["indicator_id"]}],
    }
    TemplateModel.model_validate(body)

    with pytest.raises(ValidationError, match="direction_mode"):
        TemplateModel.model_validate({**body, "direction_mode": case["direction_mode"]})


def test_signal_blocks_that_collide_are_refused_by_the_catalog_rules() -> None:
    case = ERRORS["error:signals-collide"]
    axis = explicit(-1)
    signals = {name: {"long_delta_periods": axis} for name in case["signals"]}

    problems = list(signal_problems({"volatility.bbands"}, signals, ("signal_grids",)))

    assert len(problems) == len(signals)


def indicators_text(case: dict[str, Any]) -> str:
    instrument = Instrument(**case["instrument"])
    ordered = sorted(case["indicators"], key=lambda entry: entry["indicator_id"].strip().lower())
    parts = [indicator_json(e["indicator_id"], e["inputs"], e["params"]) for e in ordered]
    return indicator_variant_json(instrument, case["timeframe"], parts)


def variant_text(case: dict[str, Any], indicator_variant_key: str) -> str:
    """What `VariantKeys.variant_key` hashes, with blocks that no run can have."""
    risk = {name.strip(): value for name, value in (case["risk_params"] or {}).items()}
    return (
        f'{{"direction_mode":{canonical_json(case["direction_mode"].strip().lower())},'
        f'"execution":{execution_json(case["execution_params"] or {})},'
        f'"indicator_variant_key":"{indicator_variant_key}","risk":{canonical_json(risk)},'
        f'"schema_version":1,"signals":{signals_json(case["signals"] or {})},'
        f'"sizing_mode":{canonical_json(case["sizing_mode"].strip().lower())}}}'
    )
