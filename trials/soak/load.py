"""Clients that ask for a while, and processes that are stopped under them."""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bff.runner.local import freeze_startup
from tests.waiting import PATIENCE_S
from trials.soak.exchange import Answer, exchange
from trials.soak.record import Record
from trials.soak.service import Service, running_service
from trials.soak.traffic import ASKS, SHORT_RUN, Ask

PAUSE_S = 0.3
N_BUSY_USERS = 2
UNDER_LOAD_S = 0.7


async def soak(
    service: Service, *, is_over: Callable[[Record], bool], n_clients: int, seed: int
) -> Record:
    """Let clients of two users ask, each from dice of its own, until it is over.

    Beside them a neighbour, alone with its token, asks for short runs one after another: how long
    these take says whether a busy service is fair.
    """
    *users, neighbour = service.tokens[: N_BUSY_USERS + 1]
    record = Record()
    freeze_startup()  # the stopwatch must not stop for garbage of its own
    clients = [
        _client(service, random.Random(f"{seed} {n}"), users, is_over, record)
        for n in range(n_clients)
    ]
    clients.append(_neighbour(service, random.Random(f"{seed}"), neighbour, is_over, record))
    watch = asyncio.ensure_future(_watch_memory(service, record))
    await asyncio.gather(*clients)
    watch.cancel()
    return record


async def _client(
    service: Service,
    dice: random.Random,
    tokens: Sequence[str],
    is_over: Callable[[Record], bool],
    record: Record,
) -> None:
    while not is_over(record):
        (ask,) = dice.choices(ASKS, [ask.weight for ask in ASKS])
        record.add(ask, await _send(service, ask, tokens, dice))
        await asyncio.sleep(dice.uniform(0, PAUSE_S))


async def _neighbour(
    service: Service,
    dice: random.Random,
    token: str,
    is_over: Callable[[Record], bool],
    record: Record,
) -> None:
    while not is_over(record):
        record.add(SHORT_RUN, await _send(service, SHORT_RUN, [token], dice))
        await asyncio.sleep(dice.uniform(0, PAUSE_S))


async def _send(service: Service, ask: Ask, tokens: Sequence[str], dice: random.Random) -> Answer:
    return await exchange(
        service.port,
        ask.path,
        ask.body,
        dice.choice(tokens) if ask.has_token else None,
        leave_after_s=dice.uniform(0.01, 1.0) if ask.leaves else None,
        is_slow=ask.is_slow,
    )


async def _watch_memory(service: Service, record: Record) -> None:
    first = service.computing()
    while True:
        record.memory.append((time.monotonic(), service.resident_bytes()))
        if service.computing() != first:
            first = service.computing()
            record.problems["the process of runs was lost"] += 1
        await asyncio.sleep(1)


def drain(
    folder: Path,
    store_port: int,
    *,
    n_clients: int,
    seed: int,
    module: str = "bff",
    n_workers: int = 1,
    server: str = "",
) -> dict[str, int]:
    """Stop a service under load: what became of the requests, and its exit code."""
    with running_service(
        folder, store_port, module=module, n_workers=n_workers, server=server
    ) as service:
        answers, signalled_at = asyncio.run(_stop_under_load(service, n_clients, seed))
        code = service.process.wait(PATIENCE_S)
    before = [a for a in answers if a.sent_at is not None and a.sent_at < signalled_at]
    return {
        "sent before": len(before),
        "200": sum(a.status == 200 for a in before),
        "503": sum(a.status == 503 for a in before),
        "other answers": sum(a.status not in {None, 200, 503} for a in before),
        "lost": sum(a.status is None for a in before),
        "exit codes other than 0": int(code != 0),
    }


async def _stop_under_load(
    service: Service, n_clients: int, seed: int
) -> tuple[list[Answer], float]:
    asks = [ask for ask in ASKS if not ask.leaves and not ask.is_slow]
    answers: list[Answer] = []
    is_over = asyncio.Event()

    async def client(dice: random.Random) -> None:
        while not is_over.is_set():
            (ask,) = dice.choices(asks, [ask.weight for ask in asks])
            answers.append(await _send(service, ask, service.tokens, dice))
            await asyncio.sleep(dice.uniform(0, 0.05))

    clients = [
        asyncio.ensure_future(client(random.Random(f"{seed} {n}"))) for n in range(n_clients)
    ]
    await asyncio.sleep(UNDER_LOAD_S)
    signalled_at = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.1)
    is_over.set()
    await asyncio.gather(*clients)
    return answers, signalled_at
