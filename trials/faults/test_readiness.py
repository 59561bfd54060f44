import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from bff.serving.health import Readiness, monitored
from trials.faults.strategy_stores import sqlite_store
from trials.faults.world import opened_world

PATIENCE_S = 1.0
RECOVERED_S = 10.0


def probed(port: int) -> tuple[int, bytes]:
    """What an orchestrator sees that waits for a second."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE_S) as page:
            return page.status, page.read()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read()


@pytest.mark.parametrize("state", ["mute", "refused", "cut"])
def test_an_orchestrator_learns_in_time_of_a_broken_candle_server(
    tmp_path: Path, state: str
) -> None:
    with opened_world(tmp_path, sqlite_store) as world:
        pings = {
            "candles": world.services.candles.ping,
            "strategies": world.services.strategies.ping,
        }
        readiness = Readiness(pings, lambda: False)
        with monitored("127.0.0.1", 0, {"/readyz": readiness.page}) as port:
            world.candles.wire.state = state
            broken = probed(port)
            world.mend()
            ends_at = time.monotonic() + RECOVERED_S
            while (mended := probed(port))[0] != 200 and time.monotonic() < ends_at:
                time.sleep(0.1)

    assert broken == (503, b"down: candles\n")
    assert mended == (200, b"ready\n")
