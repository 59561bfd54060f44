"""One user who asks faster than the quota, over all processes at once."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from trials.deploy.load import Client, opened
from trials.soak.traffic import ASKS

QUESTION = next(ask.body for ask in ASKS if ask.name == "cheap query")


def spend(
    user: int, n_requests: int, addresses: Sequence[str], trust: ssl.SSLContext
) -> Counter[int]:
    """Statuses of so many questions of one user, spread evenly over the processes."""
    return asyncio.run(_spend(user, n_requests, addresses, trust))


async def _spend(
    user: int, n_requests: int, addresses: Sequence[str], trust: ssl.SSLContext
) -> Counter[int]:
    client = Client(number=user, strategy_id=UUID(int=0))
    statuses: Counter[int] = Counter()

    async def ask_one(address: str, n: int) -> None:
        async with opened(client, address, trust) as connection:
            for _ in range(n):
                answer = await connection.post("/graphql", content=QUESTION)
                statuses[answer.status_code] += 1

    share = n_requests // len(addresses)
    await asyncio.gather(*(ask_one(address, share) for address in addresses))
    return statuses
