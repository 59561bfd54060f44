"""Several processes behind one listening socket.

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

PROGRAM = "bff"
FAILED = 1
POLL_S = 0.1
SETTLED_S = 10.0

# What a worker ends with that has told why it does not serve.
CANNOT_START = 3
ENDED = {0, -signal.SIGTERM, -signal.SIGINT}
# What a second signal ends a worker with, and so the whole.
ENDED_AT_ONCE = {128 + signal.SIGTERM, 128 + signal.SIGINT}

Command = Callable[[int], list[str]]


class ServerWorkers:
    """Starts processes, replaces those that die, and hands signals on.

    A worker that dies within ten seconds of its start would die again; it ends the whole, and so
    does one of the first that says it cannot start, however long it has waited for its stores. One
    that replaces another may wait again: the others serve meanwhile.

    Args:
        n_workers: How many.
        listener: Inherited by all of them; the kernel shares connections out.
        command: The command line of worker number n.
    """

    def __init__(self, n_workers: int, listener: socket.socket, command: Command) -> None:
        self._n_workers = n_workers
        self._listener = listener
        self._command = command
        self._running: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self._signals: list[int] = []
        self._is_stopping = False
        self._code = 0
        self._first = set(range(n_workers))
        self._absent: set[int] = set()

    def run(self) -> int:
        """Supervise until stopped; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._remember)
        for n in range(self._n_workers):
            self._start(n)
        while self._running or self._absent:
            time.sleep(POLL_S)
            while self._signals:
                self._hand_on(self._signals.pop(0))
            for n in tuple(self._absent):
                self._replace(n)
            for n in tuple(self._running):
                self._look_after(n)
        return self._code

    def _remember(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._signals.append(number)

    def _start(self, n: int) -> None:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-m", PROGRAM, *self._command(n)],
            pass_fds=[self._listener.fileno()],
            stdin=subprocess.PIPE,  # never written to; it ends when we do (`lifeline`)
            process_group=0,  # Ctrl-C reaches them once, through us
        )
        self._running[n] = process, time.monotonic()

    def _look_after(self, n: int) -> None:
        process, started_at = self._running[n]
        code = process.poll()
        if code is None:
            return
        del self._running[n]
        if process.stdin is not None:
            process.stdin.close()
        if self._is_stopping:
            if code not in ENDED and self._code != FAILED:
                self._code = code if code in ENDED_AT_ONCE else FAILED
            return
        log.error("worker_died", worker=n, code=code)
        is_first = n in self._first
        self._first.discard(n)
        if time.monotonic() - started_at < SETTLED_S or (is_first and code == CANNOT_START):
            self._code = FAILED
            self._hand_on(signal.SIGTERM)
            return
        self._replace(n)

    def _replace(self, n: int) -> None:
        """Start it again; a machine that has no process left now may have one soon."""
        try:
            self._start(n)
        except OSError as exc:
            if n not in self._absent:
                log.error("worker_not_replaced", worker=n, reason=exc.strerror)
            self._absent.add(n)
        else:
            self._absent.discard(n)

    def _hand_on(self, number: int) -> None:
        self._is_stopping = True
        self._absent.clear()
        self._listener.close()
        for process, _ in self._running.values():
            process.send_signal(number)
