from collections.abc import Generator

import pytest

from bff.serving import health
from tests.waiting import PATIENCE_S, wait_for
from trials.faults.readiness import BROKEN, STATES, probed, probed_world
from trials.faults.world import World


@pytest.fixture(scope="module")
def probed_service(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[World, int]]:
    """What is broken and mended again, and the port where its health is."""
    with probed_world(tmp_path_factory.mktemp("probed")) as (world, port):
        world.mend()  # the process that asks the candle server has started, however long it took
        yield world, port


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores are asked each time, and waited for until they answer or have been silent."""
    monkeypatch.setattr(health, "READY_FOR_S", -1.0)
    monkeypatch.setattr(health, "ANSWER_S", PATIENCE_S)


@pytest.mark.usefixtures("_patient")
@pytest.mark.parametrize("state", STATES)
def test_an_orchestrator_learns_of_a_broken_candle_server(
    probed_service: tuple[World, int], state: str
) -> None:
    world, port = probed_service
    world.candles.wire.state = state
    broken = probed(port)
    world.mend()

    wait_for(lambda: probed(port) == (200, b"ready\n"))
    assert broken == BROKEN
