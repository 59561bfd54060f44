"""The end of the socket that calls are sent from and at which replies arrive.

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
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue

import structlog

from backtest.control import Control
from backtest.errors import BacktestError, RunnerUnavailable
from bff.config.settings import Settings
from bff.runner.messages import Call, Cancel, Reached, Reply, Task, packed, receive, send

log = structlog.stdlib.get_logger(__name__)

Inbox = SimpleQueue[Reached | Reply | None]
SEND_BYTES = 1 << 20
END_S = 5.0


class RunnerConnection:
    """One life of the process that computes, and the socket to it.

    Args:
        settings: Sent first.
        module: What the process executes.
        on_loss: Called from the thread that reads when the process has ended or is about to.

    Raises:
        OSError: The machine has no room for another process, or no thread to read from it.
    """

    def __init__(
        self, settings: Settings, module: str, on_loss: Callable[["RunnerConnection"], None]
    ) -> None:
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
        self._put([pickle.dumps(settings)])
        self._reader = threading.Thread(target=self._read, name="replies", daemon=True)
        self._start_reader()

    def _start_reader(self) -> None:
        try:
            self._reader.start()
        except RuntimeError as exc:
            self.process.kill()
            self.process.wait()
            self._connection.close()
            raise OSError("the machine has no thread left") from exc

    def send(self, task: Task, control: Control, inbox: Inbox) -> int:
        """Send a call whose reply goes to `inbox`; its number."""
        number = next(self._numbers)
        call = Call(
            number=number,
            task=task,
            limit_s=control.limit_s,
            left_s=control.remaining_s(),
            is_watched=control.is_watched,
            context=structlog.contextvars.get_contextvars(),
        )
        message = packed(call)
        with self._lock:
            self._inboxes[number] = inbox
            if self.is_lost:
                self._fail_pending()
            else:
                self._put(message)
        return number

    def cancel(self, number: int, reason: BacktestError | None = None) -> None:
        """Tell that nobody waits for a call any more, and why."""
        with self._lock:
            self._put(packed(Cancel(number, reason)))

    def wait(self, inbox: Inbox, silence_s: float | None) -> Reached | Reply | None:
        """What comes next for a call; a process that stays silent for longer is ended."""
        try:
            return inbox.get(timeout=silence_s)
        except Empty:
            log.error("runner_silent")
            self.process.kill()
            return inbox.get()

    def close(self) -> None:
        """Close this end, upon which the process ends."""
        if self._lock.acquire(timeout=END_S):
            try:
                self._end_of_sending()
            finally:
                self._lock.release()
        else:  # who has the lock waits for a process that does not read
            self.process.kill()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        self._connection.close()

    def _end_of_sending(self) -> None:
        # The reader still reads: the connection itself may only be closed when that has ended.
        with (
            suppress(OSError),
            socket.socket(fileno=os.dup(self._connection.fileno())) as ours,
        ):
            ours.shutdown(socket.SHUT_WR)

    def _put(self, frames: Sequence[bytes | memoryview]) -> None:
        try:
            send(self._connection, frames)
        except OSError:
            return  # the reader sees it too, and tells who waits

    def _read(self) -> None:
        try:
            while True:
                message: Reached | Reply = receive(self._connection)
                if isinstance(message, Reached):
                    self._inboxes[message.number].put(message)
                else:
                    self._inboxes.pop(message.number).put(message)
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("reply_unreadable")
            self.process.kill()
        with self._lock:
            self.is_lost = True
            self._fail_pending()
        self._on_loss(self)

    def _fail_pending(self) -> None:
        for number, inbox in self._inboxes.items():
            inbox.put(Reply(number=number, failure=RunnerUnavailable(), facts={}))
        self._inboxes.clear()
