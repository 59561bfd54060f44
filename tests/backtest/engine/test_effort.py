"""Which runs are short: by counts, before anything is loaded."""

from typing import Any

import pytest

from backtest.engine.limits.effort import effort_s, saved_effort_s
from backtest.plan import make_draft
from schema.parse import parse_request
from tests.fakes import POLICY, FakeDefaults

SHORT_S = 1.0


def effort(
    windows: int, *, end: str = "2024-02-01", timeframe: str = "15m", listed: int = 3, **more: Any
) -> float:
    axis = {"mode": "range", "start": 3, "stop_incl": 2 + windows, "step": 1}
    grid = {"params": {"window": axis}, "source": {"mode": "explicit", "values": ["close"]}}
    request = parse_request(
        {
            "time_range": {"start": "2024-01-01T00:00:00Z", "end": f"{end}T00:00:00Z"},
            "top_k": 10,
            "top_trades_n": listed,
            "template": {
                "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
                "timeframe": timeframe,
                "indicator_grids": [
                    {"indicator_id": name, **grid} for name in ("ma.sma", "ma.ema")
                ],
                **more,
            },
        }
    )
    assert request.template is not None
    draft = make_draft(request, request.template, POLICY, FakeDefaults())
    return effort_s(request, draft, POLICY)


def test_a_small_grid_over_a_month_is_short() -> None:
    assert effort(10) < SHORT_S


def test_more_variants_bars_and_cells_take_longer() -> None:
    plane = {"mode": "range", "start": 0.5, "stop_incl": 10.0, "step": 0.5}
    risk = {"sl_enabled": True, "tp_enabled": True, "sl": plane, "tp": plane}

    assert effort(10) < effort(100) < effort(100, end="2025-01-01")
    assert effort(10) < effort(10, timeframe="1m") < effort(10, timeframe="1m", risk_grid=risk)


def test_half_a_million_variants_over_a_year_are_long() -> None:
    assert effort(700, end="2025-01-01") > 4 * SHORT_S


@pytest.mark.parametrize(
    ("end", "is_short"), [("2024-02-01", True), ("2024-06-01", True), ("2030-01-01", False)]
)
def test_a_saved_strategy_is_judged_by_its_range(end: str, is_short: bool) -> None:
    request = parse_request(
        {
            "strategy_id": "00000000-0000-4000-8000-000000000001",
            "time_range": {"start": "2024-01-01T00:00:00Z", "end": f"{end}T00:00:00Z"},
        }
    )

    assert (saved_effort_s(request, POLICY) < SHORT_S) is is_short


def test_many_listed_trades_of_a_month_of_minutes_are_not_written_in_a_moment() -> None:
    assert effort(8, timeframe="1m") < SHORT_S < effort(8, timeframe="1m", listed=10)


def test_a_year_of_quarters_of_an_hour_with_its_usual_trades_is_short() -> None:
    assert effort(120, end="2025-01-01") < SHORT_S
