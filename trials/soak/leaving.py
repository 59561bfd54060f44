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

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from tests.backtest.adapters.clickhouse_server import FakeServer, running_server
from tests.backtest.adapters.postgres_server import free_port
from trials.soak.exchange import exchange
from trials.soak.service import Service, running_service
from trials.soak.store import fill
from trials.soak.traffic import HEAVY, graphql_run, run_body

# Several seconds of work on two processors, of which no test waits for the end.
LONG_RUN = run_body(700, timeframe="1m", **HEAVY)
BODIES = {"/backtests": LONG_RUN, "/graphql": graphql_run(LONG_RUN)}
POLL_S = 0.005
PATIENCE_S = 10.0
_RUNNING = re.compile(rb'roehub_places\{pool="runs",state="running"\} (\d+)')


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A service, the page with its metrics, and the candle server behind it."""

    service: Service
    metrics_port: int
    candles: FakeServer

    def n_running(self) -> int:
        """Runs that have a thread."""
        address = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as page:
            found = _RUNNING.search(page.read())
        assert found is not None
        return int(found[1])


@contextmanager
def opened_scene(folder: Path, *, seed: int) -> Generator[Scene]:
    """Everything that is needed, on free ports."""
    engine = ClickHousePool(EmbeddedEngine(directory=folder / "store"))
    fill(engine, seed=seed)
    metrics_port = free_port()
    with running_server(engine) as candles:
        options = ("--metrics-port", str(metrics_port))
        with running_service(folder, candles.server_address[1], *options) as service:
            yield Scene(service=service, metrics_port=metrics_port, candles=candles)
    engine.close()


def until_idle(scene: Scene, path: str, dice: random.Random) -> float:
    """Leave a run that computes; seconds until its thread is free."""
    _leave(scene, path, after_s=dice.uniform(0.1, 0.5))
    return _seconds_until(lambda: scene.n_running() == 0)


def until_killed(scene: Scene, path: str, dice: random.Random) -> float:
    """Leave a run whose query hangs; seconds until the server is told to kill the query."""
    candles = scene.candles
    candles.killed.clear()
    candles.released.clear()
    candles.fault = "slow"
    _leave(scene, path, after_s=dice.uniform(0.3, 0.6))
    took = _seconds_until(lambda: bool(candles.killed))
    candles.fault = None
    candles.released.set()
    _seconds_until(lambda: scene.n_running() == 0)
    return took


def _leave(scene: Scene, path: str, *, after_s: float) -> None:
    token = scene.service.tokens[0]
    answer = asyncio.run(
        exchange(scene.service.port, path, BODIES[path], token, leave_after_s=after_s)
    )
    assert answer.status is None, "the run ended before its client could leave"


def _seconds_until(is_so: Callable[[], bool]) -> float:
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() < started + PATIENCE_S
        time.sleep(POLL_S)
    return time.monotonic() - started


LEAVES = {"computes, thread free": until_idle, "waits for candles, query killed": until_killed}
