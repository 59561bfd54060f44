"""How soon nothing works any more for a client that has left, over real sockets."""

import asyncio
import random
import re
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backtest.adapters.candles.schema import CANDLE_TABLE
from tests.backtest.adapters.clickhouse_server import FakeServer, running_server, table_engine
from tests.waiting import PATIENCE_S, wait_for
from trials.soak.exchange import exchange
from trials.soak.service import Service, running_service
from trials.soak.store import fill
from trials.soak.traffic import HEAVY, graphql_run, run_body

# Several seconds of work on two processors, of which no test waits for the end.
LONG_RUN = run_body(700, timeframe="1m", **HEAVY)
BODIES = {"/backtests": LONG_RUN, "/graphql": graphql_run(LONG_RUN)}
ATTEMPTS = 5  # a client that stands still for longer than a run lasts has left nothing
POLL_S = 0.005
DEADLINE_S = 600.0  # nothing but its client ends a run here
_RUNNING = re.compile(rb'roehub_places\{pool="runs",state="running"\} (\d+)')
_LEFT = rb'roehub_requests_total\{code="[a-z_]+",path="%s",status="499"\} (\S+)'


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A service, and the candle server behind it."""

    service: Service
    candles: FakeServer

    def n_running(self) -> int:
        """Runs that have a thread."""
        found = _RUNNING.search(self._metrics())
        assert found is not None
        return int(found[1])

    def n_left(self, path: str) -> int:
        """Requests that ended because their client had left."""
        found = re.search(_LEFT % path.encode(), self._metrics())
        return 0 if found is None else int(float(found[1]))

    def _metrics(self) -> bytes:
        address = f"{self.service.monitor}/metrics"
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as page:
            return page.read()


@contextmanager
def opened_scene(folder: Path, *, seed: int, module: str = "bff") -> Generator[Scene]:
    """Everything that is needed, on free ports."""
    with table_engine() as engine, running_server(engine) as candles:
        fill(candles, seed=seed)  # a service does not start over a server without the table
        port = candles.server_address[1]
        with running_service(folder, port, deadline_s=DEADLINE_S, module=module) as service:
            yield Scene(service=service, candles=candles)


def until_idle(scene: Scene, path: str, dice: random.Random) -> float:
    """Leave a run that computes; seconds until its thread is free."""
    asyncio.run(_leave(scene, path, lambda: scene.n_running() == 1, after_s=dice.uniform(0, 0.4)))
    return _seconds_until(lambda: scene.n_running() == 0)


def until_killed(scene: Scene, path: str, dice: random.Random) -> float:
    """Leave a run whose query hangs; seconds until the server is told to kill the query."""
    candles = scene.candles
    candles.killed.clear()
    candles.released.clear()
    candles.fault = "slow"
    asyncio.run(_leave(scene, path, lambda: _is_asked(candles), after_s=dice.uniform(0, 0.3)))
    took = _seconds_until(lambda: bool(candles.killed))
    candles.fault = None
    candles.released.set()
    _seconds_until(lambda: scene.n_running() == 0)
    return took


def _is_asked(candles: FakeServer) -> bool:
    """Whether a run's query has come; what opens a connection or ends an earlier query is none."""
    texts = [asked["sql"] for asked in tuple(candles.requests)]
    return any(CANDLE_TABLE in text and not text.startswith("KILL") for text in texts)


async def _leave(
    scene: Scene, path: str, has_begun: Callable[[], object], *, after_s: float
) -> None:
    service = scene.service
    for _ in range(ATTEMPTS):
        scene.candles.requests.clear()
        asking = asyncio.ensure_future(
            exchange(service.port, path, BODIES[path], service.tokens[0])
        )
        await asyncio.to_thread(wait_for, has_begun)
        await asyncio.sleep(after_s)
        if not asking.done():
            asking.cancel()
            await asyncio.wait({asking})
            return
    raise AssertionError("the run ends before its client can leave")


def _seconds_until(is_so: Callable[[], bool]) -> float:
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() < started + PATIENCE_S
        time.sleep(POLL_S)
    return time.monotonic() - started


LEAVES = {"computes, thread free": until_idle, "waits for candles, query killed": until_killed}
LIMITS_S = {until_idle: 1.0, until_killed: 2.0}
