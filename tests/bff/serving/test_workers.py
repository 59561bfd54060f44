"""Several processes behind one port: when the whole ends instead of starting them again."""

import signal
import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from bff.serving import workers
from bff.serving.workers import ServerWorkers

PROD = {
    "ROEHUB_ENV": "prod",
    "IDENTITY_JWT_SECRET": "s" * 32,
    "ROEHUB_CANDLES": "embedded",
    "STRATEGY_PG_DSN": "postgresql://nobody@127.0.0.1:1/none",
}


@pytest.fixture(autouse=True)
def signals() -> Generator[None]:
    """A supervisor takes them for its whole life; this process lives on."""
    taken = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in taken.items():
        signal.signal(number, handler)


def test_workers_that_cannot_start_end_the_whole_however_late_they_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in (PROD | {"ROEHUB_DATA_DIR": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(workers, "SETTLED_S", 0)  # as if each had waited for long
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)

    def command(_: int) -> list[str]:
        return ["serve", "--listener-fd", str(listener.fileno()), "--wait-for-stores", "0.1"]

    code = ServerWorkers(2, listener, command).run()

    assert code == 1
    assert "The strategy store is not available" in capfd.readouterr().err
