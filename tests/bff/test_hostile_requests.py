"""`HOSTILE_REQUESTS=1000000 make test` sends a million; the default is quick."""

import asyncio
import json
import os
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Scope

from bff.app import create_app
from bff.errors import STATUS_OF, Code
from tests.bff.doubles import GOOD, services, token
from tests.bff.hostile import hostile_bodies

COUNT = int(os.environ.get("HOSTILE_REQUESTS", "10000"))

MUTATION = """
mutation ($input: RunBacktestInput!) { runBacktest(input: $input) { mode targetBars } }
"""
REST_BODY: dict[str, Any] = GOOD | {
    "top_k": 5,
    "ranking": {"primary_metric": "profit_factor", "secondary_metric": None},
    "template": GOOD["template"]
    | {
        "indicator_grids": [
            {
                "indicator_id": "ma.sma",
                "params": {"window": {"mode": "range", "start": 5, "stop_incl": 20, "step": 5}},
                "source": {"mode": "explicit", "values": ["close"]},
            },
            {"indicator_id": "momentum.rsi"},
        ],
        "execution": {"fee_pct": 0.1},
        "risk_grid": {"sl_enabled": True, "sl_pct": 3.0},
        "signal_grids": {
            "momentum.rsi": {"long_threshold": {"mode": "explicit", "values": [25, 30.0]}}
        },
    },
}
GRAPHQL_BODY: dict[str, Any] = {
    "query": MUTATION,
    "variables": {
        "input": {
            "template": {
                "timeRange": GOOD["time_range"],
                "instrumentId": {"marketId": 1, "symbol": "BTCUSDT"},
                "timeframe": "M15",
                "topK": 5,
                "indicatorGrids": [
                    {
                        "indicatorId": "ma.sma",
                        "params": [{"name": "window", "axis": {"explicit": {"values": [5, 20]}}}],
                    }
                ],
                "execution": {"feePct": 0.1},
            }
        }
    },
}


async def ask(app: ASGIApp, path: str, body: bytes, good_token: str) -> tuple[int, bytes]:
    headers = [
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {good_token}".encode()),
    ]
    scope: Scope = {
        "type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b"",
        "root_path": "", "scheme": "http", "server": ("testserver", 80), "http_version": "1.1",
    }  # fmt: skip
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def problem_with(status: int, answer: bytes) -> str | None:
    """What is wrong with an answer; None where it is a result or a documented refusal."""
    content = json.loads(answer)
    errors = [content["error"]] if "error" in content else content.get("errors", [])
    for error in errors:
        code = error.get("code") or error.get("extensions", {}).get("code")
        if code not in set(Code) or STATUS_OF[Code(code)] >= 500:
            return f"the code was {code}"
    if status >= 500 or (status != 200 and not errors):
        return f"the status was {status}"
    return "the answer was long" if len(answer) > 60_000 else None


@pytest.mark.timeout(3_600 if COUNT > 10_000 else 300)
@pytest.mark.parametrize(
    ("path", "base"),
    [("/backtests", REST_BODY), ("/graphql", GRAPHQL_BODY)],
    ids=["rest", "graphql"],
)
def test_no_request_is_answered_with_anything_undocumented(path: str, base: dict[str, Any]) -> None:
    built = services()
    app, good_token = create_app(built), token(built)
    bodies = hostile_bodies(base, seed=20_240_101, count=COUNT // 2)

    async def send_all() -> list[tuple[bytes, str]]:
        found: list[tuple[bytes, str]] = []
        for body in bodies:
            status, answer = await ask(app, path, body, good_token)
            problem = problem_with(status, answer)
            is_repeated = len(body) % 5 == 0
            if (
                is_repeated
                and problem is None
                and (status, answer) != await ask(app, path, body, good_token)
            ):
                problem = "the second answer differed"
            if problem is not None:
                found.append((body, problem))
        return found

    assert asyncio.run(send_all()) == []
    built.close()
