from pathlib import Path

import pytest

from tests.waiting import wait_for
from trials.faults.readiness import BROKEN, STATES, probed, probed_world


@pytest.mark.parametrize("state", STATES)
def test_an_orchestrator_learns_of_a_broken_candle_server(tmp_path: Path, state: str) -> None:
    with probed_world(tmp_path) as (world, port):
        world.candles.wire.state = state
        broken = probed(port)
        world.mend()
        wait_for(lambda: probed(port) == (200, b"ready\n"))

    assert broken == BROKEN
