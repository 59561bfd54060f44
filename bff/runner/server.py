"""The process that computes, at its end of the socket: calls come in, replies go out.

It lives as long as the one that started it: when that end closes, it cancels its runs and ends.

See: docs/reliability.md
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection

import structlog

from backtest.control import Control
from backtest.errors import BacktestError, Overloaded
from bff.config.settings import Settings
from bff.http.errors import RoehubError, masked
from bff.runner.local import PreparedRunner
from bff.runner.memory_watch import keep_within
from bff.runner.messages import Call, Cancel, Reached, Reply, packed, receive, send
from bff.telemetry.dropping_stream import flush_last_lines, never_wait_for_stderr
from bff.telemetry.facts import collect
from bff.telemetry.streams import logged_process

NICENESS = 10
RETRY_AFTER_S = 1
RUNS_END_S, CLOSED_S = 0.5, 4.0
REPORT_EVERY_S = 0.25


class _Server:
    """Serves calls from a connection until it closes; each has a thread.

    How many there are at a time is up to who sends them.
    """

    def __init__(self, connection: Connection, runner: PreparedRunner) -> None:
        self._connection = connection
        self._runner = runner
        self._sending = threading.Lock()
        self._controls: dict[int, Control] = {}
        self._reported_at: dict[int, float] = {}
        self._threads: set[threading.Thread] = set()

    def serve(self) -> None:
        """Return when the other end has closed and nothing runs any more."""
        try:
            while True:
                message = receive(self._connection)
                if isinstance(message, Cancel):
                    self._cancel(message.number, message.reason)
                else:
                    self._begin(message)
        except (EOFError, OSError):
            return
        finally:
            with _ended_within(RUNS_END_S):
                for number in tuple(self._controls):
                    self._cancel(number)
                for thread in tuple(self._threads):
                    thread.join()

    def _begin(self, call: Call) -> None:
        report = partial(self._report, call.number) if call.is_watched else None
        control = Control(call.limit_s, left_s=call.left_s, on_progress=report)
        self._controls[call.number] = control
        thread = threading.Thread(target=self._carry_out, args=(call, control), name="run")
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread left, but may have one soon
            self._threads.discard(thread)
            refusal = Reply(number=call.number, failure=Overloaded(RETRY_AFTER_S), facts={})
            self._send(call.number, packed(refusal))

    def _cancel(self, number: int, reason: BacktestError | None = None) -> None:
        control = self._controls.get(number)
        if control is not None:
            control.cancel(reason)

    def _carry_out(self, call: Call, control: Control) -> None:
        self._send(call.number, carried_out(call, self._runner, control))
        self._threads.discard(threading.current_thread())

    def _report(self, number: int, stage: str, done: int, total: int) -> None:
        """Send how far a call is, not more often than anybody can look at it."""
        now = time.monotonic()
        if now - self._reported_at.get(number, -REPORT_EVERY_S) < REPORT_EVERY_S:
            return
        self._reported_at[number] = now
        used_s = self._controls[number].used_s
        reached = Reached(number=number, stage=stage, done=done, total=total, used_s=used_s)
        with suppress(OSError), self._sending:  # nobody may be left to hear it
            send(self._connection, packed(reached))

    def _send(self, number: int, reply: list[bytes | memoryview]) -> None:
        del self._controls[number]
        self._reported_at.pop(number, None)
        try:
            with self._sending:
                send(self._connection, reply)
        except OSError:
            return  # nobody is left to hear it


def carried_out(call: Call, runner: PreparedRunner, control: Control) -> list[bytes | memoryview]:
    """Do what a call asks for; its reply, whatever happens."""
    try:
        return _reply(call, runner, control)
    except Exception as exc:  # noqa: BLE001 - a fact or a failure that cannot travel
        return packed(Reply(number=call.number, failure=masked(exc), facts={}))


def _reply(call: Call, runner: PreparedRunner, control: Control) -> list[bytes | memoryview]:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**call.context)
    facts = collect()
    failure: Exception
    try:
        value = call.task(runner, control)
        return packed(Reply(number=call.number, value=value, facts=facts))
    except (BacktestError, RoehubError) as exc:
        failure = exc
    except BaseException as exc:  # noqa: BLE001 - whoever waits must hear of it
        failure = masked(exc)
    return packed(Reply(number=call.number, failure=failure, facts=facts))


@contextmanager
def _ended_within(limit_s: float) -> Generator[None]:
    """What takes longer is ended with the process."""
    timer = threading.Timer(limit_s, os._exit, [0])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def serve_calls(build: Callable[[Settings], PreparedRunner]) -> None:
    """Serve the socket that the command line names, with what is built from the settings.

    They are the first thing that comes. Only who started the process may end it, and everything
    else on the machine has precedence over it.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # SIG_IGN would be inherited by the processes of a cluster, which nothing could end then.
        signal.signal(number, lambda _number, _frame: None)
    os.nice(NICENESS)
    connection = Connection(int(sys.argv[1]))
    settings = connection.recv()
    assert isinstance(settings, Settings)
    never_wait_for_stderr()
    with logged_process(settings.env):
        runner = build(settings)
        keep_within(settings.compute, runner.memory)
        _Server(connection, runner).serve()
        with _ended_within(CLOSED_S):  # a cluster in this machine is some processes more to end
            runner.close()
        flush_last_lines()
        os._exit(0)  # a library that does not end must not keep the process
