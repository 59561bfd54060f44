"""Runs in a process of their own, which is started again when it is lost.

See: docs/reliability.md
"""

import threading
import time
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

import structlog

from backtest.control import Control
from backtest.errors import RunnerUnavailable
from bff.config.settings import Settings
from bff.http.errors import RoehubError
from bff.runner.connection import Inbox, RunnerConnection
from bff.runner.local import Job, PreparedRunner
from bff.runner.messages import Reply, Task
from bff.telemetry.facts import note

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")
PING_S = 20.0
SETTLED_S = 10.0
SILENT_S = 30.0


class RunnerProcess:
    """Does jobs in a process that is started by `start`, or by the first of them.

    One that is lost is replaced at once, but not one that was lost within ten seconds of its start:
    the next would be lost too, so it is left to the next job. One that does not end a job within
    half a minute after it was cancelled, or after its deadline, is lost too.

    Args:
        settings: What the process is built from.
        module: What the process executes; it serves calls (`bff.runner.server`).
    """

    def __init__(self, settings: Settings, module: str = "bff.run_process") -> None:
        self._settings = settings
        self._module = module
        self._starting = threading.Lock()
        self._connection: RunnerConnection | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The process, where it runs."""
        connection = self._connection
        return None if connection is None or connection.is_lost else connection.process.pid

    def start(self) -> None:
        """Begin to start the process, which takes a second or two."""
        self._opened()

    def wait_until_started(self) -> None:
        """Return when it and a first node can be asked; on a busy machine that may take minutes.

        What has a deadline would take the silence until then for that of a process that hangs.
        """
        self._prepare(_await_start, Control())

    def do(self, job: Job[T], control: Control, *, is_repeatable: bool = False) -> T:
        """What the job returns or raises over there.

        Raises:
            RunnerUnavailable: The process ended before it had answered.
        """
        return self._call(partial(_do, job, is_repeatable), control)

    def ping(self) -> None:
        """Ask the candle store."""
        self._prepare(_ping, Control(PING_S))

    def warm(self) -> None:
        """Have all kernels ready over there."""
        self._prepare(_warm, Control())

    def close(self) -> None:
        """End the process for good; what runs there is cancelled."""
        with self._starting:
            self._is_closed = True
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _prepare(self, task: Task, control: Control) -> None:
        """Do what no client has asked for; a bug over there means that no run could be done."""
        try:
            self._call(task, control)
        except RoehubError as bug:
            unavailable = RunnerUnavailable()
            unavailable.add_note(
                "The process that runs backtests is not ready. Look up error id"
                f" {bug.details.get('error_id')} in the log."
            )
            raise unavailable from bug

    def _call(self, task: Task, control: Control) -> Any:
        inbox: Inbox = SimpleQueue()
        connection = self._opened()
        number = connection.send(task, control, inbox)
        # The thread that cancels may be the one that answers requests: it must not wait for the
        # connection, so the call's own thread passes it on.
        control.on_cancel(partial(inbox.put, None))
        silence_s = _longest_silence_s(control)
        while not isinstance(reply := connection.wait(inbox, silence_s), Reply):
            if reply is None:
                connection.cancel(number, control.reason)
                silence_s = SILENT_S
            else:
                control.used_s = reply.used_s
                control.progress(reply.stage, reply.done, reply.total)
                silence_s = silence_s if control.is_cancelled else _longest_silence_s(control)
        note(**reply.facts)
        if reply.failure is not None:
            raise reply.failure
        return reply.value

    def _opened(self) -> RunnerConnection:
        with self._starting:
            if self._is_closed:
                raise RunnerUnavailable
            if self._connection is None or self._connection.is_lost:
                try:
                    self._connection = RunnerConnection(self._settings, self._module, self._replace)
                except OSError as exc:
                    raise RunnerUnavailable from exc
            return self._connection

    def _replace(self, lost: RunnerConnection) -> None:
        code = lost.process.wait()
        if self._is_closed:
            return
        log.error("runner_lost", code=code)
        if time.monotonic() - lost.started_at > SETTLED_S:
            with suppress(RunnerUnavailable):
                self._opened().send(_warm, Control(), SimpleQueue())


def _longest_silence_s(control: Control) -> float | None:
    left_s = control.remaining_s()
    return None if left_s is None else left_s + SILENT_S


def _do(job: Job[T], is_repeatable: bool, runner: PreparedRunner, control: Control) -> T:
    runner.warm(control)  # where the process is new, it may not have been yet
    return runner.do(job, control, is_repeatable=is_repeatable)


def _await_start(runner: PreparedRunner, control: Control) -> None:
    runner.await_start(control)


def _ping(runner: PreparedRunner, control: Control) -> None:
    runner.ping(control)


def _warm(runner: PreparedRunner, control: Control) -> None:
    runner.warm(control)
