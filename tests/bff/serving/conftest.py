import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.bff.serving.connection.served import Play


def _loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    loops = {"asyncio": asyncio.new_event_loop}
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return loops
    return loops | {"uvloop": uvloop.new_event_loop}


LOOPS = _loops()


@pytest.fixture(params=LOOPS)
def play(request: pytest.FixtureRequest) -> Play:
    """Runs a coroutine on each loop that the service may run on."""

    def play_there(visit: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            return runner.run(visit)

    return play_there
