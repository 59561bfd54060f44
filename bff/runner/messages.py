"""What the two processes say to each other: pickles over a pair of sockets that only they hold.

See: docs/reliability.md
"""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backtest.control import Control
from bff.runner.local import LocalRunner
from bff.telemetry.facts import Facts

Task = Callable[[LocalRunner, Control], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One task. `context` is what the log lines of its request carry; times are in seconds."""

    number: int
    task: Task
    limit_s: float | None
    left_s: float | None
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for a call any more."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a call ended: with a value or a failure, and what was noted about it."""

    number: int
    value: Any = None
    failure: Exception | None = None
    facts: Facts


def packed(message: Call | Cancel | Reply) -> bytes:
    """The message as bytes.

    Raises:
        Exception: Something in it does not pickle.
    """
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
