"""What the two processes say to each other: pickles over a pair of sockets that only they hold.

See: docs/reliability.md
"""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from backtest.control import Control
from backtest.errors import BacktestError
from bff.runner.local import PreparedRunner
from bff.telemetry.facts import Facts

Task = Callable[[PreparedRunner, Control], Any]
N_BUFFERS_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One task. `context` is what the log lines of its request carry; times are in seconds.

    The task of a node may take what nodes share before a runner and a control.
    """

    number: int
    task: Callable[..., Any]
    limit_s: float | None
    left_s: float | None
    context: Mapping[str, Any]
    is_watched: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for a call any more; why, where that is not because somebody left."""

    number: int
    reason: BacktestError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a call is that somebody watches, and the seconds that threads have worked for it."""

    number: int
    stage: str
    done: int
    total: int
    used_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a call ended: with a value or a failure, and what was noted about it."""

    number: int
    value: Any = None
    failure: Exception | None = None
    facts: Facts


def packed(message: Call | Cancel | Reached | Reply) -> list[bytes | memoryview]:
    """The message as frames: a pickle, and the buffers that were left out of it.

    Raises:
        Exception: Something in it does not pickle.
    """
    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(message, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
    n_buffers = len(buffers).to_bytes(N_BUFFERS_BYTES)
    return [n_buffers + text, *(buffer.raw() for buffer in buffers)]


def send(connection: Connection, frames: Sequence[bytes | memoryview]) -> None:
    """Write the frames of a message; nobody else may write meanwhile.

    Raises:
        OSError: The other end has closed.
    """
    for frame in frames:
        connection.send_bytes(frame)


def receive(connection: Connection) -> Any:
    """Wait for the next message.

    Raises:
        EOFError: The other end has closed.
        OSError: The other end was lost.
        Exception: What came cannot be read.
    """
    first = connection.recv_bytes()
    n_buffers = int.from_bytes(first[:N_BUFFERS_BYTES])
    return unpacked([first, *(connection.recv_bytes() for _ in range(n_buffers))])


def unpacked(frames: Sequence[bytes | memoryview]) -> Any:
    """The message that `packed` has made frames of.

    Raises:
        Exception: It cannot be read.
    """
    first, *buffers = frames
    text = memoryview(first)[N_BUFFERS_BYTES:]
    return pickle.loads(text, buffers=buffers)  # noqa: S301 - our own processes
