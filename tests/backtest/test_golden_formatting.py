"""Every printed form against the reference, exact ties on purpose."""

from typing import Any

import pytest

from backtest.report.table import (
    print_count,
    print_duration,
    print_percent,
    print_quote,
    print_ratio,
    print_time,
)
from tests.golden_files import golden_cases

PRINTERS = {
    "percent4": print_percent,
    "ratio5": print_ratio,
    "quote2": print_quote,
    "integer": print_count,
    "duration_ms": print_duration,
    "date_ms": print_time,
}
CASES = golden_cases("formatting/cases.json")


@pytest.mark.parametrize("kind", PRINTERS)
def test_numbers_print_like_the_reference(kind: str) -> None:
    own = [case for case in CASES if case["kind"] == kind]
    wrong = [case for case in own if PRINTERS[kind](value_of(case)) != case["expected"]]

    assert own
    assert wrong == []


def test_every_kind_is_known() -> None:
    assert {case["kind"] for case in CASES} == set(PRINTERS)


def value_of(case: dict[str, Any]) -> float | None:
    value = case["value"]
    return float(value) if isinstance(value, str) else value
