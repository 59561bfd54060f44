"""The error that a page shows, had from the service, or from the class that owns it."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from backtest.errors import (
    BacktestError,
    BrokenInvariant,
    CandlesUnavailable,
    DeadlineExceeded,
    Overloaded,
    RateLimited,
    StrategyNotFound,
)
from bff.http.errors import masked, payload, to_roehub
from schema.examples import SAVED, STRATEGY
from tests.docs.site import Site

STRANGER = UUID(int=2)
STEPLESS: dict[str, Any] = {
    "time_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-02-01T00:00:00Z"},
    "template": {
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": "15m",
        "indicator_grids": [
            {
                "indicator_id": "ma.sma",
                "params": {"window": {"mode": "range", "start": 5, "stop_incl": 20}},
            }
        ],
    },
}


def answered_with(shown: Mapping[str, Any], site: Site) -> object:
    """The body of the answer with that code.

    Args:
        shown: What the page shows of it, of which `code` is taken, and numbers that are examples.
        site: Where it is asked for.
    """
    code, details = shown["code"], shown["details"]
    if code in ASKED:
        _, answer = ASKED[code](site)
        return json.loads(answer)
    retry_s = details.get("retry_after_s", 0)
    raised: dict[str, BacktestError] = {
        "not_found": StrategyNotFound(STRATEGY),
        "conflict": BrokenInvariant(),
        "rate_limited": RateLimited(retry_s),
        "overloaded": Overloaded(retry_s),
        "unavailable": CandlesUnavailable(),
        "deadline_exceeded": DeadlineExceeded(details.get("deadline_seconds", 0)),
    }
    if code == "unexpected_error":
        bug = payload(masked(RuntimeError("a bug")))
        bug["error"]["details"]["error_id"] = details["error_id"]
        return bug
    return payload(to_roehub(raised[code]))


def _post(site: Site, body: bytes, *, user_id: UUID | None = None, **headers: str) -> Any:
    token = site.token() if user_id is None else site.token(user_id)
    heads = {"Authorization": f"Bearer {token}", "Content_Type": "application/json"}
    return site.ask("/backtests", body, **(heads | headers))


ASKED: dict[str, Callable[[Site], tuple[int, str]]] = {
    "validation_error": lambda site: _post(site, json.dumps(STEPLESS).encode()),
    "unauthorized": lambda site: site.ask("/backtests", b"{}", Content_Type="application/json"),
    "forbidden": lambda site: _post(
        site, json.dumps({**SAVED, "strategy_id": str(STRATEGY)}).encode(), user_id=STRANGER
    ),
    "malformed_request": lambda site: _post(site, b"{"),
    "method_not_allowed": lambda site: site.ask(
        "/backtests", method="PUT", Authorization=f"Bearer {site.token()}"
    ),
    "payload_too_large": lambda site: _post(site, b" " * 300_000),
    "unsupported_media_type": lambda site: _post(site, b"{}", Content_Type="text/plain"),
}
