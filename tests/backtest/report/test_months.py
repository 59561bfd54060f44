"""Returns by calendar month, and that they make up the return of the report."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from backtest.report.months import returns_by_month
from backtest.result import MonthReturn
from backtest.types import IntArray
from tests.backtesters import answer
from tests.property.scene import CANDLES, request, template


def closes(*times: str) -> IntArray:
    stamps = [datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() for time in times]
    return np.array([round(stamp * 1000) for stamp in stamps], np.int64)


def month(year: int, number: int, return_pct: float | None) -> MonthReturn:
    return MonthReturn(year=year, month=number, return_pct=return_pct)


def test_a_month_goes_from_the_last_close_before_it_to_its_own_last() -> None:
    times = closes("2023-12-31", "2024-01-01T01:00", "2024-02-01", "2024-02-01T01:00")
    equity = np.array([100.0, 150.0, 110.0, 55.0])

    found = returns_by_month(times, equity, 100.0)

    assert [(one.year, one.month) for one in found] == [(2023, 12), (2024, 1), (2024, 2)]
    assert [one.return_pct for one in found] == pytest.approx([0.0, 10.0, -50.0])


def test_a_month_that_began_with_nothing_has_no_return() -> None:
    times = closes("2024-01-10", "2024-02-10")

    assert returns_by_month(times, np.array([0.0, 0.0]), 10.0) == [
        month(2024, 1, -100.0),
        month(2024, 2, None),
    ]
    assert returns_by_month(times[:0], np.array([]), 10.0) == []


def test_the_months_of_a_run_make_up_its_return() -> None:
    for variant in answer(CANDLES, request(template())).variants:
        growth = [
            1.0 + (one.return_pct or 0.0) / 100.0 for one in variant.replay.returns_by_month()
        ]

        assert (math.prod(growth) - 1.0) * 100.0 == pytest.approx(
            variant.total_return_pct, abs=1e-9
        )
