"""Runs in a process of their own, which is started again when it is lost.

See: docs/reliability.md
"""

import itertools
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import structlog

from backtest.control import Control
from backtest.errors import RunnerUnavailable
from bff.facts import note
from bff.runner.here import Job, RunnerHere
from bff.runner.messages import Cancel, Order, Reply, Task, packed
from bff.settings import Settings

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")
Inbox = SimpleQueue[Reply | None]
PING_S = 20.0
SETTLED_S = 10.0
SILENT_S = 30.0
SEND_BYTES = 1 << 20
END_S = 5.0


class RunnerProcess:
    """Does jobs in a process that is started by `start`, or by the first of them.

    One that is lost is replaced at once, but not one that was lost within ten seconds of its start:
    the next would be lost too, so it is left to the next job. One that does not end a job within
    half a minute after it was cancelled, or after its deadline, is lost too.

    Args:
        settings: What the process is built from.
        module: What the process executes; it takes orders (`bff.runner.desk`).
    """

    def __init__(self, settings: Settings, module: str = "bff.runner") -> None:
        self._settings = settings
        self._module = module
        self._starting = threading.Lock()
        self._line: _Line | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The process, where it runs."""
        line = self._line
        return None if line is None or line.is_lost else line.process.pid

    def start(self) -> None:
        """Begin to start the process, which takes a second or two."""
        self._opened()

    def do(self, job: Job[T], control: Control) -> T:
        """What the job returns or raises over there.

        Raises:
            RunnerUnavailable: The process ended before it had answered.
        """
        return self._order(partial(_do, job), control)

    def ping(self) -> None:
        """Ask the candle store."""
        self._order(RunnerHere.ping, Control(PING_S))

    def warm(self) -> None:
        """Have all kernels ready over there."""
        self._order(RunnerHere.warm, Control())

    def close(self) -> None:
        """End the process for good; what runs there is cancelled."""
        with self._starting:
            self._is_closed = True
            line, self._line = self._line, None
        if line is not None:
            line.close()

    def _order(self, task: Task, control: Control) -> Any:
        inbox: Inbox = SimpleQueue()
        line = self._opened()
        number = line.send(task, control, inbox)
        # The thread that cancels may be the one that answers requests: it must not wait for the
        # line, so the order's own thread passes it on.
        control.on_cancel(partial(inbox.put, None))
        left_s = control.remaining_s()
        patience_s = None if left_s is None else left_s + SILENT_S
        while (reply := line.wait(inbox, patience_s)) is None:
            line.cancel(number)
            patience_s = SILENT_S
        note(**reply.facts)
        if reply.failure is not None:
            raise reply.failure
        return reply.value

    def _opened(self) -> "_Line":
        with self._starting:
            if self._is_closed:
                raise RunnerUnavailable
            if self._line is None or self._line.is_lost:
                try:
                    self._line = _Line(self._settings, self._module, self._replace)
                except OSError as exc:
                    raise RunnerUnavailable from exc
            return self._line

    def _replace(self, lost: "_Line") -> None:
        code = lost.process.wait()
        if self._is_closed:
            return
        log.error("runner_lost", code=code)
        if time.monotonic() - lost.started_at > SETTLED_S:
            with suppress(RunnerUnavailable):
                self._opened().send(RunnerHere.warm, Control(), SimpleQueue())


class _Line:
    """One life of the process: orders go out, replies come in to whoever waits for them."""

    def __init__(self, settings: Settings, module: str, on_loss: Callable[["_Line"], None]) -> None:
        self.started_at = time.monotonic()
        self._on_loss = on_loss
        ours, theirs = socket.socketpair()
        with theirs:
            # Room for the settings, so that nobody waits until the other end can read.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
            self._connection = Connection(ours.detach())
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-P", "-m", module, str(theirs.fileno())],
                # The same program there as here, wherever this one was started.
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for who started it
            )
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._inboxes: dict[int, Inbox] = {}
        self.is_lost = False
        self._put(pickle.dumps(settings))
        self._reader = threading.Thread(target=self._read, name="replies", daemon=True)
        self._reader.start()

    def send(self, task: Task, control: Control, inbox: Inbox) -> int:
        """Send an order whose reply goes to `inbox`; its number."""
        number = next(self._numbers)
        order = Order(
            number=number,
            task=task,
            limit_s=control.limit_s,
            left_s=control.remaining_s(),
            context=structlog.contextvars.get_contextvars(),
        )
        message = packed(order)
        with self._lock:
            self._inboxes[number] = inbox
            if self.is_lost:
                self._tell_lost()
            else:
                self._put(message)
        return number

    def cancel(self, number: int) -> None:
        """Tell that nobody waits for an order any more."""
        with self._lock:
            self._put(packed(Cancel(number)))

    def wait(self, inbox: Inbox, patience_s: float | None) -> Reply | None:
        """What comes next for an order; a process that stays silent for longer is ended."""
        try:
            return inbox.get(timeout=patience_s)
        except Empty:
            log.error("runner_silent")
            self.process.kill()
            return inbox.get()

    def close(self) -> None:
        """Close this end, upon which the process ends."""
        # The reader still reads: the connection itself may only be closed when that has ended.
        with (
            self._lock,
            suppress(OSError),
            socket.socket(fileno=os.dup(self._connection.fileno())) as ours,
        ):
            ours.shutdown(socket.SHUT_WR)
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        self._connection.close()

    def _put(self, message: bytes) -> None:
        try:
            self._connection.send_bytes(message)
        except OSError:
            return  # the reader sees it too, and tells who waits

    def _read(self) -> None:
        try:
            while True:
                reply = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - our own process
                self._inboxes.pop(reply.number).put(reply)
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("reply_unreadable")
            self.process.kill()
        with self._lock:
            self.is_lost = True
            self._tell_lost()
        self._on_loss(self)

    def _tell_lost(self) -> None:
        for number, inbox in self._inboxes.items():
            inbox.put(Reply(number=number, failure=RunnerUnavailable(), facts={}))
        self._inboxes.clear()


def _do(job: Job[T], runner: RunnerHere, control: Control) -> T:
    runner.warm(control)  # where the process is new, it may not have been yet
    return runner.do(job, control)
