"""What each part beside the variants is said to add, against what runs claim and take."""

import tracemalloc
from typing import Any

import pytest

from backtest.control import Control
from backtest.policy import Want
from backtest.request import RunRequest
from backtest.result import PartEstimate
from backtest.run import Backtester
from backtest.types import AnswerPart
from schema.parse import parse_request
from tests.backtesters import USER, backtester_over, feed

CANDLES = feed(4_000)
LEDGER_PARTS = [AnswerPart.EVIDENCE, AnswerPart.LANDSCAPE]


def steps(first: float, last: float, step: float) -> dict[str, Any]:
    return {"mode": "range", "start": first, "stop_incl": last, "step": step}


def average(indicator_id: str, last: int) -> dict[str, Any]:
    source = {"mode": "explicit", "values": ["close"]}
    return {
        "indicator_id": indicator_id,
        "source": source,
        "params": {"window": steps(3, last, 1)},
    }


def asked(last: int, *, end: str = "1970-01-03T18:00:00Z", **members: Any) -> RunRequest:
    """Pairs of averages, `last - 2` windows each."""
    template = {
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": "1m",
        "indicator_grids": [average("ma.ema", last), average("ma.sma", last)],
        "risk_grid": members.pop("risk_grid", {}),
    }
    span = {"start": "1970-01-01T01:00:00Z", "end": end}
    return parse_request(
        {"time_range": span, "template": template, "top_k": 5, "top_trades_n": 1, **members}
    )


PLANE = {"sl_enabled": True, "tp_enabled": True, "sl": steps(1, 20, 1), "tp": steps(1, 10, 1)}
RUNS = {
    "without stops": asked(122),
    "with a risk grid": asked(32, risk_grid=PLANE, preselect=80),
}


def told(backtester: Backtester, request: RunRequest) -> dict[AnswerPart, PartEstimate]:
    parts = backtester.estimate(request, user_id=USER).parts
    return {one.part: one for one in parts}


def claimed_and_taken(
    backtester: Backtester, request: RunRequest, *parts: AnswerPart
) -> tuple[int, int]:
    """The first claim of a run, and the most that its arrays and objects held."""
    claims: list[int] = []
    control = Control()
    control.on_claim(claims.append)
    want = Want(parts=frozenset(parts))
    tracemalloc.start()
    backtester.run(request, user_id=USER, control=control, want=want)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return claims[0], taken


@pytest.mark.parametrize("name", RUNS)
def test_bytes_of_a_part_are_what_a_run_claims_and_takes_for_it(name: str) -> None:
    # one thread: two chunks at once would take their scratch twice, or not
    with backtester_over(CANDLES, threads=1) as backtester:
        claimed_and_taken(backtester, RUNS[name], *AnswerPart)  # what the first run loads stays
        claim_alone, taken_alone = claimed_and_taken(backtester, RUNS[name])
        for part, one in told(backtester, RUNS[name]).items():
            claimed, taken = claimed_and_taken(backtester, RUNS[name], part)

            assert one.n_bytes == claimed - claim_alone
            if part in LEDGER_PARTS:
                assert one.n_bytes > 5_000_000
                assert taken - taken_alone == pytest.approx(one.n_bytes, rel=0.2)
            else:
                assert one.n_bytes == 0
                assert taken - taken_alone < 200_000


def test_evidence_and_landscape_share_their_ledger() -> None:
    request = RUNS["without stops"]
    with backtester_over(CANDLES) as backtester:
        parts = told(backtester, request)
        alone, _ = claimed_and_taken(backtester, request)
        both, _ = claimed_and_taken(backtester, request, *LEDGER_PARTS)

    assert both - alone == max(parts[part].n_bytes for part in LEDGER_PARTS)


def test_seconds_of_a_part_grow_with_what_it_looks_at() -> None:
    short, long = asked(22, end="1970-01-02T01:00:00Z"), asked(22)
    with backtester_over(CANDLES) as backtester:
        few, many = told(backtester, asked(22)), told(backtester, asked(122))
        early, late = told(backtester, short), told(backtester, long)

    for part in LEDGER_PARTS:
        assert few[part].processor_s < many[part].processor_s
    for part in (AnswerPart.RECEIPT, AnswerPart.INTRABAR):
        assert early[part].processor_s < late[part].processor_s
    # a microsecond or so for each of 14 280 variants more, and not a thousand
    more_s = many[AnswerPart.EVIDENCE].processor_s - few[AnswerPart.EVIDENCE].processor_s
    assert 0.05 < more_s < 1.0


def test_a_request_that_includes_a_part_takes_longer_by_as_much() -> None:
    for part in AnswerPart:
        with backtester_over(CANDLES) as backtester:
            alone = backtester.check(RUNS["without stops"])
            added_s = told(backtester, RUNS["without stops"])[part].processor_s
            with_it = backtester.check(asked(122, include=[part.value]))

        assert added_s > 0
        assert with_it - alone == pytest.approx(added_s)


def test_a_range_that_is_too_short_for_a_ledger_adds_nothing_for_it() -> None:
    with backtester_over(CANDLES) as backtester:
        parts = told(backtester, asked(22, end="1970-01-01T02:03:00Z"))

    for part in LEDGER_PARTS:
        assert (parts[part].n_bytes, parts[part].processor_s) == (0, 0.0)
