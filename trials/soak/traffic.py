"""What clients ask for: kinds of requests, how often, and which answers each may get."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.answers import WHOLE
from tests.faces import to_graphql

RANGE = {"start": "2024-01-02T00:00:00Z", "end": "2024-01-30T00:00:00Z"}


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A kind of request; a `has_one_answer` kind must give the same bytes whenever it is 200."""

    name: str
    weight: int
    path: str
    body: bytes
    allowed: frozenset[int]
    has_one_answer: bool = False
    has_token: bool = True
    leaves: bool = False
    is_slow: bool = False


def run_body(windows: int, *, timeframe: str = "1h", **more: Any) -> bytes:
    """A grid over one or two windows of so many values."""
    axis = {"mode": "range", "start": 3, "stop_incl": 2 + windows, "step": 1}
    grids = [
        {"indicator_id": name, "params": {"window": axis}, "source": _close()}
        for name in ("ma.sma", "ma.ema")
    ]
    template = {
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": timeframe,
        "indicator_grids": grids,
        **more,
    }
    return json.dumps({"time_range": RANGE, "top_k": 3, "template": template}).encode()


def _close() -> Mapping[str, Any]:
    return {"mode": "explicit", "values": ["close"]}


def _document(query: str, **variables: Any) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


def graphql_run(body: bytes) -> bytes:
    """The same run as a document that asks for everything."""
    return _document(WHOLE, input=to_graphql(json.loads(body)))


RUN = frozenset({200, 429, 503, 504})
REFUSED = frozenset({400, 422})
CHEAP = frozenset({200, 503})
HEAVY = {
    "risk_grid": {
        "sl_enabled": True,
        "tp_enabled": True,
        "sl": {"mode": "range", "start": 1.0, "stop_incl": 6.0, "step": 1.0},
        "tp": {"mode": "range", "start": 1.0, "stop_incl": 4.0, "step": 1.0},
    }
}
ESTIMATE = (
    "query ($input: RunBacktestInput!) {"
    " estimateBacktest(input: $input) { stageAVariants estimatedBytes isAllowed } }"
)
SHORT_RUN = Ask(
    name="short run of a neighbour",
    weight=0,
    path="/backtests",
    body=run_body(5),
    allowed=RUN - {429},
    has_one_answer=True,
)
CHEAP_ASKS = ("cheap query", "estimate")
ASKS = (
    Ask(
        name="run", weight=30, path="/backtests", body=run_body(5), allowed=RUN, has_one_answer=True
    ),
    Ask(
        name="larger run",
        weight=10,
        path="/backtests",
        body=run_body(60, timeframe="5m"),
        allowed=RUN,
        has_one_answer=True,
    ),
    Ask(
        name="run out of time",
        weight=3,
        path="/backtests",
        body=run_body(150, timeframe="1m", **HEAVY),
        allowed=RUN,
        has_one_answer=True,
    ),
    Ask(
        name="beyond the guard",
        weight=5,
        path="/backtests",
        body=run_body(900),
        allowed=frozenset({422, 429, 503, 504}),
    ),
    Ask(name="malformed", weight=10, path="/backtests", body=b'{"a": 1', allowed=REFUSED),
    Ask(name="invalid", weight=10, path="/backtests", body=b'{"top_k": 0}', allowed=REFUSED),
    Ask(
        name="no token",
        weight=4,
        path="/backtests",
        body=b"{}",
        allowed=frozenset({401}),
        has_token=False,
    ),
    Ask(
        name="cheap query",
        weight=15,
        path="/graphql",
        body=_document("{ runtimeDefaults { __typename } indicators { __typename } }"),
        allowed=CHEAP,
        has_one_answer=True,
    ),
    Ask(
        name="estimate",
        weight=5,
        path="/graphql",
        body=_document(ESTIMATE, input=to_graphql(json.loads(run_body(60)))),
        allowed=CHEAP,
        has_one_answer=True,
    ),
    Ask(
        name="run over GraphQL",
        weight=10,
        path="/graphql",
        body=graphql_run(run_body(5)),
        allowed=RUN,
        has_one_answer=True,
    ),
    Ask(
        name="leaves",
        weight=6,
        path="/backtests",
        body=run_body(60, timeframe="5m"),
        allowed=RUN,
        leaves=True,
    ),
    Ask(
        name="slow sender",
        weight=3,
        path="/backtests",
        body=run_body(4),
        allowed=RUN,
        is_slow=True,
        has_one_answer=True,
    ),
)
