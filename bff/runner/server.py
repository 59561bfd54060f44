"""The process that computes, at its end of the socket: calls come in, replies go out.

It lives as long as the one that started it: when that end closes, it cancels its runs and ends.

See: docs/reliability.md
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import structlog

from backtest.control import Control
from backtest.errors import BacktestError
from bff.config.settings import Settings
from bff.http.errors import RoehubError, masked
from bff.runner.local import LocalRunner
from bff.runner.messages import Call, Cancel, Reply, packed
from bff.telemetry.dropping_stream import never_wait_for_stderr, say_last_lines
from bff.telemetry.facts import collect
from bff.telemetry.streams import logged_process

NICENESS = 10
MAX_THREADS = 1_000
LAST_WORDS_S = 0.5


class _Server:
    """Serves calls from a connection until it closes; each has a thread.

    How many there are at a time is up to who sends them.
    """

    def __init__(self, connection: Connection, runner: LocalRunner) -> None:
        self._connection = connection
        self._runner = runner
        self._sending = threading.Lock()
        self._controls: dict[int, Control] = {}

    def serve(self) -> None:
        """Return when the other end has closed and nothing runs any more."""
        with ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="run") as threads:
            try:
                while True:
                    message = self._connection.recv()
                    if isinstance(message, Cancel):
                        self._cancel(message.number)
                        continue
                    control = Control(message.limit_s, left_s=message.left_s)
                    self._controls[message.number] = control
                    threads.submit(self._carry_out, message, control)
            except (EOFError, OSError):
                return
            finally:
                _end_soon()
                for number in tuple(self._controls):
                    self._cancel(number)

    def _cancel(self, number: int) -> None:
        control = self._controls.get(number)
        if control is not None:
            control.cancel()

    def _carry_out(self, call: Call, control: Control) -> None:
        try:
            reply = self._reply(call, control)
        except Exception as exc:  # noqa: BLE001 - a fact or a failure that cannot travel
            reply = packed(Reply(number=call.number, failure=masked(exc), facts={}))
        del self._controls[call.number]
        try:
            with self._sending:
                self._connection.send_bytes(reply)
        except OSError:
            return  # nobody is left to hear it

    def _reply(self, call: Call, control: Control) -> bytes:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**call.context)
        facts = collect()
        failure: Exception
        try:
            value = call.task(self._runner, control)
            return packed(Reply(number=call.number, value=value, facts=facts))
        except (BacktestError, RoehubError) as exc:
            failure = exc
        except BaseException as exc:  # noqa: BLE001 - whoever waits must hear of it
            failure = masked(exc)
        return packed(Reply(number=call.number, failure=failure, facts=facts))


def _end_soon() -> None:
    """What a run does not give up in time is ended with the process."""
    timer = threading.Timer(LAST_WORDS_S, os._exit, [0])
    timer.daemon = True
    timer.start()


def serve_calls(build: Callable[[Settings], LocalRunner]) -> None:
    """Serve the socket that the command line names, with what is built from the settings.

    They are the first thing that comes. Only who started the process may end it, and everything
    else on the machine has precedence over it.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    connection = Connection(int(sys.argv[1]))
    settings = connection.recv()
    assert isinstance(settings, Settings)
    never_wait_for_stderr()
    with logged_process(settings.env):
        runner = build(settings)
        _Server(connection, runner).serve()
        runner.close()
        say_last_lines()
        os._exit(0)  # a library that does not end must not keep the process
