"""Ratios and curves that used to mislead, through both faces, with numbers from elsewhere."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.e2e.answers import whole_answer
from tests.e2e.world import Faces, opened_over
from tests.faces import GraphqlFace
from tests.memory_feed import MemoryFeed

HOUR_MS = 3_600_000
MARCH_MS = 1_709_251_200_000  # 2024-03-01T00:00Z

# 40 % lost on the first day, 2.4 % a day gained afterwards
FIRST_DAY_LEFT_OUT = (
    *(96, 97, 98, 99, 100),
    *(60, 60, 60, 60, 60.24, 60.481),
    *(60.7229, 60.9658, 61.2097, 61.4545, 61.7003, 61.9471),
    *(62.1949, 62.4437, 62.6935, 62.9443, 63.1961, 63.4489),
    *(63.7027, 63.9575, 64.2133, 64.4702, 64.7281, 64.987),
    *(65.2469, 65.5079),
)
# six days of 1 to 5 %
A_GOOD_WEEK = (97, 98.5, 100, 102.0, 106.08, 109.2624, 114.72552, 115.872775, 119.348958)


def feed_of(closes: Sequence[float], *, first_ms: int, step_ms: int) -> MemoryFeed:
    close = np.array(closes, np.float64)
    return MemoryFeed(
        {
            "ts_open": first_ms + np.arange(len(close)) * step_ms,
            **dict.fromkeys(("open", "high", "low", "close"), close),
            "volume": np.arange(1.0, len(close) + 1.0),
        }
    )


def asked(indicator: dict[str, Any], *, timeframe: str, end: str, **others: Any) -> dict[str, Any]:
    return {
        "time_range": {"start": "2024-03-01T00:00:00Z", "end": end},
        "warmup_bars": 5,
        "top_k": 1,
        "template": {
            "instrument_id": {"market_id": 1, "symbol": "AAA"},
            "timeframe": timeframe,
            "indicator_grids": [indicator],
            "direction_mode": "long-only",
            "execution": {"init_cash_quote": 10_000, "fee_pct": 0, "slippage_pct": 0},
        },
        **others,
    }


def listed(*values: object) -> dict[str, Any]:
    return {"mode": "explicit", "values": list(values)}


ROC = {"indicator_id": "momentum.roc", "params": {"window": listed(2)}, "source": listed("close")}
FIRST_DAY = asked(ROC, timeframe="4h", end="2024-03-05T00:00:00Z")
WEEK = asked(ROC, timeframe="1d", end="2024-03-07T00:00:00.001Z")


def first_variant(faces: Faces, request: dict[str, Any]) -> dict[str, Any]:
    rest, graphql = faces
    (variant,) = rest.run(request)["variants"]
    (over_graphql,) = whole_answer(graphql, request)["variants"]
    assert over_graphql["report"]["standard"] == variant["report"]["standard"]
    assert over_graphql["ranking"] == variant["ranking"]
    return variant


def standard(faces: Faces, request: dict[str, Any]) -> dict[str, Any]:
    return first_variant(faces, request)["report"]["standard"]


def test_the_first_day_counts_from_the_initial_cash() -> None:
    feed = feed_of(FIRST_DAY_LEFT_OUT, first_ms=MARCH_MS - 20 * HOUR_MS, step_ms=4 * HOUR_MS)
    with opened_over(feed) as faces:
        told = standard(faces, FIRST_DAY)

    assert told["sharpe"] == pytest.approx(-7.369086801877116, rel=1e-12)
    assert told["sortino"] == pytest.approx(-7.815692543408293, rel=1e-12)
    assert told["max_drawdown_pct"] == pytest.approx(40.0, rel=1e-12)
    assert told["calmar"] is told["cagr_pct"] is None
    assert told["reasons"]["calmar"] == "needs 30 days, the run has 4"


def test_a_good_week_has_the_sharpe_of_other_tools() -> None:
    day = 24 * HOUR_MS
    with opened_over(feed_of(A_GOOD_WEEK, first_ms=MARCH_MS - 3 * day, step_ms=day)) as faces:
        told = standard(faces, WEEK)

    assert told["sharpe"] == pytest.approx(40.52776825831888, rel=1e-5)
    assert told["sortino"] is None
    assert told["reasons"]["sortino"] == "infinite: a gain and no losing day"


def test_an_infinite_ranking_value_says_so() -> None:
    day = 24 * HOUR_MS
    by_factor = {**WEEK, "ranking": {"primary_metric": "profit_factor"}}
    with opened_over(feed_of(A_GOOD_WEEK, first_ms=MARCH_MS - 3 * day, step_ms=day)) as faces:
        variant = first_variant(faces, by_factor)

    assert variant["ranking"] == {
        "primary": {"metric": "profit_factor", "value": None, "infinite": True},
        "secondary": None,
    }
    assert variant["report"]["standard"]["reasons"]["profit_factor"].startswith("infinite: ")


SPAN = """query ($input: VariantReportInput!) {
  variantReport(input: $input) { rows { metric value } equityCurve(maxPoints: 20) {
    ts equity drawdownPct } } }"""


def curve_of(graphql: GraphqlFace, *, execution: dict[str, Any]) -> dict[str, Any]:
    """The report of one variant that holds a long position through 59 minutes."""
    spelled = {
        "timeRange": {"start": "2024-03-01T00:41:00Z", "end": "2024-03-01T01:40:00Z"},
        "warmupBars": 40,
        "instrumentId": {"marketId": 1, "symbol": "AAA"},
        "timeframe": "M1",
        "indicatorSelections": [
            {"indicatorId": "volume.volume_sma", "params": [{"name": "window", "value": 5}]}
        ],
        "directionMode": "LONG_ONLY",
        "execution": execution,
    }
    told = graphql.ask(SPAN, {"input": spelled}).json()
    assert "errors" not in told, told
    return told["data"]["variantReport"]


def minutes(closes: Sequence[float]) -> MemoryFeed:
    return feed_of(closes, first_ms=MARCH_MS, step_ms=60_000)


def test_a_short_curve_shows_the_trough() -> None:
    one_bad_minute = [100.0] * 70 + [50.0] + [100.0] * 29
    with opened_over(minutes(one_bad_minute)) as (_, graphql):
        report = curve_of(graphql, execution={"feePct": 0, "slippagePct": 0})

    points = report["equityCurve"]
    assert len(points) <= 20
    assert max(point["drawdownPct"] for point in points) == 50.0
    assert {"metric": "Max. Drawdown [%]", "value": "50"} in report["rows"]


def test_a_curve_that_starts_below_zero_has_no_drawdown_and_no_error() -> None:
    with opened_over(minutes([100.0] * 100)) as (_, graphql):
        report = curve_of(graphql, execution={"feePct": 99, "slippagePct": 50})

    points = report["equityCurve"]
    assert points[0]["equity"] < 0.0
    assert {point["drawdownPct"] for point in points} == {None}
