"""Several processes behind one port: when the whole ends instead of starting them again."""

import errno
import signal
import socket
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import structlog

from bff.serving import workers
from bff.serving.workers import ServerWorkers
from tests.bff.served import EVEN_SERVE

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
    monkeypatch.setattr(workers, "PROGRAM", EVEN_SERVE)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)

    def command(_: int) -> list[str]:
        return ["serve", "--listener-fd", str(listener.fileno()), "--wait-for-stores", "0.1"]

    code = ServerWorkers(2, listener, command).run()

    assert code == 1
    assert "The strategy store is not available" in capfd.readouterr().err


class Process:
    """What the supervisor sees of a worker that ends with the last of some signals."""

    stdin = None

    def __init__(self, n_signals: int = 1, code: int | None = None) -> None:
        self._n_signals, self._code = n_signals, code

    def poll(self) -> int | None:
        return self._code

    def send_signal(self, number: int) -> None:
        self._n_signals -= 1
        if self._n_signals == 0:
            self._code = 0


def supervised(
    monkeypatch: pytest.MonkeyPatch, start: Callable[[ServerWorkers], Process]
) -> ServerWorkers:
    """A supervisor of two workers that `start` makes."""
    listener = socket.create_server(("127.0.0.1", 0))
    supervisor = ServerWorkers(2, listener, lambda _: [])
    monkeypatch.setattr(workers, "POLL_S", 0)
    monkeypatch.setattr(workers, "SETTLED_S", 0)
    monkeypatch.setattr(workers.subprocess, "Popen", lambda *_, **__: start(supervisor))
    return supervisor


def test_a_worker_that_cannot_be_replaced_now_is_replaced_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Process | OSError] = [
        Process(),
        Process(code=9),
        BlockingIOError(errno.EAGAIN, "none left"),
        BlockingIOError(errno.EAGAIN, "none left"),
        Process(),
    ]

    def start(supervisor: ServerWorkers) -> Process:
        process = made.pop(0)
        if isinstance(process, OSError):
            raise process
        if not made:
            supervisor._signals.append(signal.SIGTERM)
        return process

    with structlog.testing.capture_logs() as lines:
        code = supervised(monkeypatch, start).run()

    assert (code, made) == (0, [])
    assert [line["event"] for line in lines] == ["worker_died", "worker_not_replaced"]


def test_a_signal_ends_the_wait_for_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [Process(code=9), Process(code=9)]

    def start(supervisor: ServerWorkers) -> Process:
        if made:
            return made.pop()
        supervisor._signals.append(signal.SIGTERM)
        raise BlockingIOError(errno.EAGAIN, "none left")

    assert supervised(monkeypatch, start).run() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_the_whole_with_its_code(
    monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    class Hurried(Process):
        def poll(self) -> int | None:
            return None if super().poll() is None else code

    supervisor = supervised(monkeypatch, lambda _: Hurried(n_signals=2))
    supervisor._signals += [number, number]

    assert supervisor.run() == code
