"""Clients behind a proxy, each from an address and with a user of its own.

A request is lost when it gets no answer, a wrong one or a status that refuses it for good. A 503
with `Retry-After` refuses it for now: the client waits and asks again.
"""

import asyncio
import json
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx2

from bff.http.tokens import issue_token
from tests.waiting import wait_for
from trials.deploy.service import SECRET
from trials.soak.exchange import STATUS_TOLD
from trials.soak.traffic import ASKS, RANGE

N_CLIENTS = 12
PAUSE_S = 0.25
MAX_WAIT_S = 5.0
ANSWER_S = 120.0
KINDS = ("run", "run over GraphQL", "cheap query")


@dataclass(frozen=True, kw_only=True)
class Client:
    """Where it asks from, as whom, and which strategy it has saved."""

    number: int
    strategy_id: UUID

    @property
    def user_id(self) -> UUID:
        return UUID(int=self.number + 1)

    @property
    def address(self) -> str:
        return f"127.0.0.{self.number + 10}"

    def asks(self) -> dict[str, tuple[str, bytes]]:
        """Path and body of each kind of request."""
        known = {ask.name: (ask.path, ask.body) for ask in ASKS if ask.name in KINDS}
        saved = {"time_range": RANGE, "strategy_id": str(self.strategy_id)}
        return known | {"saved strategy": ("/backtests", json.dumps(saved).encode())}


@dataclass(kw_only=True)
class Seen:
    """Grows while clients ask; `kinds` are those answered right, `first` what right is."""

    kinds: Counter[str] = field(default_factory=Counter[str])
    refused: int = 0
    lost: Counter[str] = field(default_factory=Counter[str])
    first: dict[tuple[int, str], bytes] = field(default_factory=dict[tuple[int, str], bytes])

    def judge(self, client: Client, kind: str, answer: httpx2.Response) -> None:
        """Right is what the first answer of this kind was."""
        key = client.number, kind
        if (
            answer.status_code == 200
            and self.first.setdefault(key, answer.content) == answer.content
        ):
            self.kinds[kind] += 1
        else:
            self.lose(kind, f"{answer.status_code} {answer.text[:80]}")

    def lose(self, kind: str, reason: str) -> None:
        """Whatever else came, or nothing."""
        self.lost[f"{kind}: {reason}"] += 1

    def told(self) -> str:
        """In one sentence; fails where a request was lost."""
        sent = self.kinds.total() + self.lost.total()
        assert not self.lost, f"{self.lost.total()} of {sent} lost: {dict(self.lost)}"
        kinds = ", ".join(f"{n} × {kind}" for kind, n in sorted(self.kinds.items()))
        again = f"{self.refused} were told 503 first and asked again"
        return f"{sent} sent ({kinds}), {sent} answered right, 0 lost; {again}"


@contextmanager
def clients_asking(
    clients: Sequence[Client], address: str, trust: ssl.SSLContext
) -> Generator[Seen]:
    """Ask from the first answer on until the block ends; what was sent then is waited for."""
    seen, is_over = Seen(), threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_ask_all(clients, address, trust, seen, is_over))
    )
    thread.start()
    try:
        wait_for(lambda: seen.kinds.total() + seen.lost.total() >= len(clients))
        yield seen
    finally:
        is_over.set()
        thread.join()


async def _ask_all(
    clients: Sequence[Client],
    address: str,
    trust: ssl.SSLContext,
    seen: Seen,
    is_over: threading.Event,
) -> None:
    await asyncio.gather(*(_ask(client, address, trust, seen, is_over) for client in clients))


async def _ask(
    client: Client, address: str, trust: ssl.SSLContext, seen: Seen, is_over: threading.Event
) -> None:
    dice = random.Random(client.number)
    asks = client.asks()
    async with opened(client, address, trust) as connection:
        while not is_over.is_set():
            kind = dice.choice(sorted(asks))
            try:
                answer = await _until_answered(connection, *asks[kind], seen)
            except httpx2.HTTPError as exc:
                seen.lose(kind, type(exc).__name__)
            else:
                seen.judge(client, kind, answer)
            await asyncio.sleep(dice.uniform(0, 2 * PAUSE_S))


async def _until_answered(
    connection: httpx2.AsyncClient, path: str, body: bytes, seen: Seen
) -> httpx2.Response:
    ends_at = time.monotonic() + ANSWER_S
    while True:
        answer = await connection.post(path, content=body)
        wait = answer.headers.get("retry-after")
        if answer.status_code != 503 or wait is None or time.monotonic() > ends_at:
            return answer
        seen.refused += 1
        await asyncio.sleep(min(float(wait), MAX_WAIT_S))


def opened(client: Client, address: str, trust: ssl.SSLContext) -> httpx2.AsyncClient:
    """Connections of a client that keeps them."""
    token = issue_token(SECRET, user_id=client.user_id, paid_level="pro", ttl_s=3_600)
    return httpx2.AsyncClient(
        base_url=address,
        transport=httpx2.AsyncHTTPTransport(local_address=client.address, verify=trust),
        timeout=ANSWER_S,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Accept": STATUS_TOLD,
        },
    )
