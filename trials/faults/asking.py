"""Small runs, asked for over either face."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from httpx2 import Client

from tests.e2e.answers import WHOLE
from tests.faces import to_graphql

FACES = ("REST", "GraphQL")
STATUS_TOLD = "application/graphql-response+json"
STRATEGY = UUID(int=7)
WINDOWS = {"mode": "range", "start": 3, "stop_incl": 12, "step": 1}
RUN = {
    "time_range": {"start": "2024-01-01T06:00:00Z", "end": "2024-01-02T00:00:00Z"},
    "warmup_bars": 20,
    "top_k": 3,
}
SAVED: Mapping[str, Any] = RUN | {"strategy_id": str(STRATEGY)}
TEMPLATE: Mapping[str, Any] = RUN | {
    "template": {
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": "15m",
        "indicator_grids": [
            {
                "indicator_id": "ma.sma",
                "source": {"mode": "explicit", "values": ["close"]},
                "params": {"window": WINDOWS},
            }
        ],
    }
}


def asked(client: Client, token: str, face: str, body: Mapping[str, Any]) -> tuple[int, bytes]:
    """Status and content of a run that is spelled as REST spells it, over one of `FACES`.

    Over GraphQL everything is asked for that REST tells, and a failure has its status as there.
    """
    headers = {"Authorization": f"Bearer {token}", "Accept": STATUS_TOLD}
    path, content = "/backtests", body
    if face == "GraphQL":
        path, content = "/graphql", {"query": WHOLE, "variables": {"input": to_graphql(body)}}
    answer = client.post(path, json=content, headers=headers)
    return answer.status_code, answer.content
