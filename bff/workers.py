"""Several processes behind one listening socket, for a candle store that is a server.

See: docs/reliability.md
"""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

import structlog

log = structlog.stdlib.get_logger(__name__)

POLL_S = 0.1
SETTLED_S = 10.0

Command = Callable[[int], list[str]]


class Workers:
    """Starts processes, replaces those that die, and hands signals on.

    A worker that dies within ten seconds of its start would die again; it ends the whole.

    Args:
        n_workers: How many.
        listener: Inherited by all of them; the kernel shares connections out.
        command: The command line of worker number n.
    """

    def __init__(self, n_workers: int, listener: socket.socket, command: Command) -> None:
        self._listener = listener
        self._command = command
        self._running: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self._n_workers = n_workers
        self._is_stopping = False
        self._has_failed = False

    def run(self) -> int:
        """Supervise until stopped; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hand_on)
        for n in range(self._n_workers):
            self._start(n)
        while self._running:
            time.sleep(POLL_S)
            for n in tuple(self._running):
                self._look_after(n)
        return int(self._has_failed)

    def _start(self, n: int) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "bff", *self._command(n)],
            pass_fds=[self._listener.fileno()],
        )
        self._running[n] = process, time.monotonic()

    def _look_after(self, n: int) -> None:
        process, started_at = self._running[n]
        code = process.poll()
        if code is None:
            return
        del self._running[n]
        if self._is_stopping:
            self._has_failed |= code != 0
            return
        log.error("worker_died", worker=n, code=code)
        if time.monotonic() - started_at < SETTLED_S:
            self._has_failed = True
            self._hand_on(signal.SIGTERM, None)
            return
        self._start(n)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._is_stopping = True
        for process, _ in self._running.values():
            process.send_signal(number)
