"""Sends raw bodies to the application without a network, and judges the answers."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.types import ASGIApp, Message, Scope

from backtest.run import Backtester
from bff.http.errors import STATUS_OF, Code
from bff.wiring import Services
from resolvers.service import BacktestService
from schema.strategy_spec import read_spec
from tests.bff.doubles import GOOD, services, serving
from tests.e2e.world import Shelf
from tests.memory_feed import COLUMNS, MemoryFeed

MAX_ANSWER_BYTES = 60_000
MUTATION = "mutation ($input: RunBacktestInput!) { runBacktest(input: $input) { mode targetBars } }"
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


def services_without_candles() -> Services:
    """The real use-case, so that its own checks are fuzzed too; no run gets as far as computing."""
    bare = services()
    policy = bare.settings.policy(cpus=1)
    backtester = Backtester(
        candles=MemoryFeed({name: np.empty(0) for name in COLUMNS}),
        strategies=Shelf(),
        defaults=bare.settings.grid_defaults,
        read_spec=read_spec,
        policy=policy,
    )
    service = BacktestService(
        backtester=backtester, defaults=bare.settings.grid_defaults, policy=policy
    )
    return serving(bare, service, backtester.close)


async def ask(
    app: ASGIApp,
    path: str,
    body: bytes,
    good_token: str,
    *,
    method: str = "POST",
    content_type: bytes | None = b"application/json",
) -> tuple[int, bytes]:
    headers = [(b"authorization", f"Bearer {good_token}".encode())]
    if content_type is not None:
        headers.append((b"content-type", content_type))
    scope: Scope = {
        "type": "http", "method": method, "path": path, "headers": headers, "query_string": b"",
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
    return "the answer was long" if errors and len(answer) > MAX_ANSWER_BYTES else None


@dataclass
class Tally:
    """What came back: how often each status, and what should not have come."""

    statuses: Counter[int]
    found: list[tuple[bytes, str]]

    @property
    def n_requests(self) -> int:
        return sum(self.statuses.values())


async def send_all(app: ASGIApp, path: str, bodies: Iterable[bytes], good_token: str) -> Tally:
    """Send every body once and a fifth of them twice."""
    tally = Tally(Counter(), [])
    for body in bodies:
        status, answer = await ask(app, path, body, good_token)
        tally.statuses[status] += 1
        problem = problem_with(status, answer)
        is_repeated = len(body) % 5 == 0 and problem is None
        if is_repeated and (status, answer) != await ask(app, path, body, good_token):
            problem = "the second answer differed"
        if problem is not None:
            tally.found.append((body, problem))
    return tally
