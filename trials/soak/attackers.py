"""`python -m trials.soak.attackers PORT TOKEN CLIENTS SEED`: clients that mean harm.

They attack from an address of their own until standard input closes, then print as JSON how often
each attack ended in which way. In a process of their own, so that their work is not on the clock of
the clients that are measured.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from trials.hostile.heads import FLOODS
from trials.hostile.upgrades import WEBSOCKET
from trials.hostile.wire import HOSTILE, connected, question, request
from trials.load.scenes import grid
from trials.soak.traffic import RANGE, graphql_run

HELD_S = 60.0
FLOOD_S = 5.0
SIP_S = 1.0
WINDOW_BYTES = 4_096
PAUSE_S = 1.0
N_OFFERS = 12
# a trade every third minute, just below what an answer may be
LARGEST = json.dumps(grid(8, "ma.sma", timeframe="1m", time_range=RANGE, top_trades_n=8)).encode()
RUNS = (("/backtests", LARGEST), ("/graphql", graphql_run(LARGEST)))


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to, and who the attacker says it is."""

    port: int
    token: str


Lines = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Attack = Callable[[Target, random.Random], Awaitable[str]]


async def flood(target: Target, dice: random.Random) -> str:
    """A head, a trailer or an extension without an end."""
    opening, endless = FLOODS[dice.choice(list(FLOODS))]
    _, writer = await _connected(target)
    try:
        async with asyncio.timeout(FLOOD_S):
            writer.write(opening)
            while True:
                writer.write(endless)
                await writer.drain()
    except TimeoutError:
        return "still open"
    except OSError:
        return "closed"
    finally:
        writer.transport.abort()


async def offer(target: Target, dice: random.Random) -> str:
    """A dozen offers of a WebSocket, held as long as they are let."""
    del dice
    lines = [await _connected(target) for _ in range(N_OFFERS)]
    for _, writer in lines:
        writer.write(question(headers=WEBSOCKET))
    ends = [await _first_byte(reader) for reader, _ in lines]
    for _, writer in lines:
        writer.transport.abort()
    return "answered" if all(ends) else "closed"


async def sip(target: Target, dice: random.Random) -> str:
    """The largest answer, a byte a second."""
    path, body = dice.choice(RUNS)
    reader, writer = await _connected(target, window=WINDOW_BYTES)
    try:
        writer.write(request(path, body, target.token))
        async with asyncio.timeout(HELD_S):
            while await reader.read(1):  # noqa: ASYNC110 - the slowness is the attack
                await asyncio.sleep(SIP_S)
    except TimeoutError:
        return "still open"
    except OSError:
        return "closed"
    finally:
        writer.transport.abort()
    return "closed"


async def swallow(target: Target, dice: random.Random) -> str:
    """The largest answer, as fast as it comes."""
    path, body = dice.choice(RUNS)
    reader, writer = await _connected(target)
    try:
        writer.write(request(path, body, target.token, {"Connection": "close"}))
        status = (await reader.readline()).split(b" ", 2)[1:2]
        while await reader.read(1 << 16):
            pass
    except OSError:
        return "closed"
    finally:
        writer.transport.abort()
    return status[0].decode() if status else "closed"


async def begin(target: Target, dice: random.Random) -> str:
    """Half a head, and then nothing."""
    reader, writer = await _connected(target)
    try:
        whole = question(target.token)
        writer.write(whole[: dice.randrange(1, whole.index(b"\r\n\r\n"))])
        async with asyncio.timeout(HELD_S):
            told = await reader.read()
    except TimeoutError:
        return "still open"
    except OSError:
        return "closed"
    finally:
        writer.transport.abort()
    return "answered" if told else "closed"


ATTACKS: dict[str, Attack] = {
    "endless heads and trailers": flood,
    "offers of a WebSocket": offer,
    "largest answers, a byte a second": sip,
    "largest answers": swallow,
    "half a head": begin,
}


async def attack(
    target: Target, *, n_clients: int, seed: int, ended: asyncio.Event
) -> Counter[str]:
    """Attack until it has ended; how often each attack ended in which way."""
    seen: Counter[str] = Counter()

    async def attacker(dice: random.Random) -> None:
        while not ended.is_set():
            name = dice.choice(list(ATTACKS))
            try:
                end = await ATTACKS[name](target, dice)
            except OSError:
                end = "not connected"
            seen[f"{name}: {end}"] += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), dice.uniform(0, PAUSE_S))

    await asyncio.gather(*(attacker(random.Random(f"{seed} {n}")) for n in range(n_clients)))
    return seen


async def _connected(target: Target, *, window: int | None = None) -> Lines:
    line = connected(target.port, HOSTILE, window=window)
    return await asyncio.open_connection(sock=line, limit=window or 1 << 16)


async def _first_byte(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(HELD_S):
            return bool(await reader.read(1))
    except OSError:
        return False


async def main(port: str, token: str, n_clients: str, seed: str) -> None:
    ended = asyncio.Event()
    work = asyncio.ensure_future(
        attack(
            Target(port=int(port), token=token),
            n_clients=int(n_clients),
            seed=int(seed),
            ended=ended,
        )
    )
    await asyncio.to_thread(sys.stdin.read)
    ended.set()
    print(json.dumps(await work))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
