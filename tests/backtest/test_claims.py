"""What runs claim, against what their arrays and objects take, where it grows."""

import tracemalloc
from typing import Any

import pytest

from backtest.control import Control
from backtest.policy import Want
from backtest.request import RunRequest
from resolvers.mapping import to_response
from schema.parse import parse_request
from tests.backtest.test_part_estimates import asked, average
from tests.backtesters import USER, backtester_over, feed

CANDLES = feed(4_000)


def claims_and_peak(request: RunRequest) -> tuple[list[int], int]:
    """All claims of a run, and the most that it held until its answer was made."""
    claims: list[int] = []
    control = Control()
    control.on_claim(claims.append)
    with backtester_over(CANDLES, threads=1) as backtester:
        tracemalloc.start()
        result = backtester.run(request, user_id=USER, control=control, want=Want(trades=False))
        response = to_response(result, control)
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert response.variants
    return claims, taken


def silent(n_windows: int, top_k: int = 5) -> RunRequest:
    """An RSI that never signals, beside an average: all pairs are tied."""
    never = {"mode": "explicit", "values": [0]}
    always = {"mode": "explicit", "values": [100]}
    rsi: dict[str, Any] = average("momentum.rsi", 102)
    template = {
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": "15m",
        "indicator_grids": [rsi, average("ma.sma", n_windows + 2)],
        "signal_grids": {"momentum.rsi": {"long_threshold": never, "short_threshold": always}},
    }
    span = {"start": "1970-01-01T01:00:00Z", "end": "1970-01-02T01:00:00Z"}
    return parse_request({"time_range": span, "template": template, "top_k": top_k})


def test_reports_claim_what_they_take() -> None:
    end = "1970-01-01T06:00:00Z"
    few, many = asked(42, end=end, top_k=20), asked(42, end=end, top_k=520)
    claims_and_peak(few)  # what the first run loads stays
    claims_of_few, taken_by_few = claims_and_peak(few)
    claims_of_many, taken_by_many = claims_and_peak(many)

    assert max(claims_of_many) - max(claims_of_few) > 10_000_000
    assert taken_by_many - taken_by_few == pytest.approx(
        max(claims_of_many) - max(claims_of_few), rel=0.2
    )


def test_ties_claim_what_it_takes_to_order_them() -> None:
    few, many = silent(10), silent(200)
    claims_and_peak(few)
    _, taken_by_few = claims_and_peak(few)
    claims, taken_by_many = claims_and_peak(many)
    at_first, *later = claims

    assert max(later) - at_first > 4_000_000
    assert taken_by_many - taken_by_few == pytest.approx(max(later) - at_first, rel=0.2)


def test_ties_are_in_order_before_the_memory_of_reports_is_needed() -> None:
    few, many = silent(10, top_k=300), silent(200, top_k=300)
    for one in (few, many):
        claims_and_peak(one)  # what the first run loads stays
    _, taken_by_few = claims_and_peak(few)
    claims, taken_by_many = claims_and_peak(many)
    at_first, *later = claims_and_peak(silent(200))[0]

    assert max(claims) == claims[0]
    # were they ordered beside the reports, all that they claim alone would be on top
    assert taken_by_many - taken_by_few < 0.5 * (max(later) - at_first)


def test_exact_rankings_claim_little_more_than_their_metrics_take() -> None:
    by_profits = {"primary_metric": "profit_factor"}
    few, many = (asked(last, end="1970-01-01T02:00:00Z", ranking=by_profits) for last in (66, 514))
    claims_and_peak(few)
    claims_of_few, taken_by_few = claims_and_peak(few)
    claims_of_many, taken_by_many = claims_and_peak(many)
    claimed, taken = max(claims_of_many) - max(claims_of_few), taken_by_many - taken_by_few

    # A part of the claim is for series that averages share only where they are slow to make.
    assert 0.7 * claimed < taken < 1.1 * claimed
