"""The end of the socket at which runs are computed, over a pair of sockets in this process."""

import socket
import threading
from contextlib import nullcontext
from multiprocessing.connection import Connection

import pytest

from backtest.control import Control
from backtest.errors import Overloaded
from bff.runner import server
from bff.runner.local import PreparedRunner
from bff.runner.messages import Call, Reply, packed, receive, send
from bff.runner.server import _Server
from tests.bff.doubles import services
from tests.waiting import PATIENCE_S


def seven(_runner: PreparedRunner, _control: Control) -> int:
    return 7


def call(number: int) -> Call:
    return Call(number=number, task=seven, limit_s=None, left_s=None, context={})


def test_a_call_without_a_thread_is_refused_and_the_next_one_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "_ended_within", lambda _: nullcontext())
    runner = services().runner._inner  # pyright: ignore[reportAttributeAccessIssue] # the double's own
    ours, theirs = (Connection(end.detach()) for end in socket.socketpair())
    start = threading.Thread.start
    serving = threading.Thread(target=_Server(theirs, runner).serve)
    serving.start()

    def fail(thread: threading.Thread) -> None:
        if thread.name == "run":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", fail)
    send(ours, packed(call(1)))
    refused: Reply = receive(ours)
    monkeypatch.setattr(threading.Thread, "start", start)
    send(ours, packed(call(2)))
    served: Reply = receive(ours)
    ours.close()
    serving.join(PATIENCE_S)

    assert (refused.number, type(refused.failure)) == (1, Overloaded)
    assert (served.number, served.value) == (2, 7)
    assert not serving.is_alive()
