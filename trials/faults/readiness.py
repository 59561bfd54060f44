"""What an orchestrator sees of a broken candle server, and how soon."""

import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

from bff.serving.health import Readiness, monitored
from tests.waiting import PATIENCE_S
from trials.faults.strategy_stores import sqlite_store
from trials.faults.world import World, opened_world

STATES = ("mute", "refused", "cut")
TOLD_WITHIN_S = 1.0
BROKEN = (503, b"down: candles\n")


@contextmanager
def probed_world(folder: Path) -> Generator[tuple[World, int]]:
    """A world, and the port where its health is."""
    with opened_world(folder, sqlite_store) as world:
        pings = {
            "candles": world.services.candles.ping,
            "strategies": world.services.strategies.ping,
        }
        readiness = Readiness(pings, lambda: False)
        with monitored("127.0.0.1", 0, {"/readyz": readiness.page}) as port:
            yield world, port


def probed(port: int) -> tuple[int, bytes]:
    """Status and body of the page."""
    address = f"http://127.0.0.1:{port}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as page:
            return page.status, page.read()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read()


def seconds_until_told() -> dict[str, float]:
    """How long the page takes to say that the candle server is broken, by what is broken."""
    took_s: dict[str, float] = {}
    for state in STATES:
        with tempfile.TemporaryDirectory() as folder, probed_world(Path(folder)) as (world, port):
            world.candles.wire.state = state
            started = time.monotonic()
            assert probed(port) == BROKEN
            took_s[state] = time.monotonic() - started
            world.mend()
    return took_s
