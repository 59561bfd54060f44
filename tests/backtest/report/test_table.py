"""How numbers, durations and times are printed."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.report.table import (
    markdown_table,
    print_count,
    print_duration,
    print_number,
    print_rows,
    print_time,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(value=FINITE, decimals=st.sampled_from([2, 4, 5]))
def test_numbers_are_rounded_half_to_even_on_their_exact_value(value: float, decimals: int) -> None:
    exact = Decimal(value)
    if abs(exact) > 10**20:
        return
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)

    printed = print_number(value, decimals)

    assert Decimal(printed) == rounded
    assert "e" not in printed
    assert printed != "-0"
    assert "." not in printed or printed[-1] not in "0."


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_undefined_prints_as_such(value: float | None) -> None:
    assert print_number(value, 2) == "N/A"


def test_undefined_counts_durations_and_times() -> None:
    assert [show(None) for show in (print_count, print_duration, print_time)] == ["N/A"] * 3


@pytest.mark.parametrize(
    ("ms", "printed"),
    [
        (0, "0:00:00"),
        (60_000, "0:01:00"),
        (86_400_000, "1 day, 0:00:00"),
        (2 * 86_400_000 + 1, "2 days, 0:00:00.001000"),
    ],
)
def test_durations_print_like_a_timedelta(ms: int, printed: str) -> None:
    assert print_duration(ms) == printed


def test_times_have_milliseconds_and_a_zone_also_before_the_epoch() -> None:
    assert print_time(1_700_000_000_007) == "2023-11-14 22:13:20.007+00:00"
    assert print_time(-1) == "1969-12-31 23:59:59.999+00:00"


def test_the_table_has_a_head_a_rule_and_a_line_per_row() -> None:
    rows = print_rows({"Init. Cash": 1_000.5, "SQN": None, "Num. Trades": 3})

    assert markdown_table(rows).splitlines() == [
        "|Metric|Value|",
        "|---|---|",
        "|Init. Cash|1000.5|",
        "|SQN|N/A|",
        "|Num. Trades|3|",
    ]
