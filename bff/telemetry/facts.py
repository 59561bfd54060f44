"""What is known about one request by its end, for its one log line.

A run works in another thread with a copy of the request's context. The copy refers to the same
dictionary, so what the thread notes is there when the line is written.
See: docs/reliability.md
"""

from contextvars import ContextVar
from typing import Any

Facts = dict[str, Any]

_FACTS: ContextVar[Facts | None] = ContextVar("facts", default=None)


def collect() -> Facts:
    """Begin a request; the dictionary fills while it is answered.

    See: docs/reliability.md
    """
    facts: Facts = {}
    _FACTS.set(facts)
    return facts


def note(**facts: object) -> None:
    """Add facts to the request under way; outside a request they are dropped.

    See: docs/reliability.md
    """
    collected = _FACTS.get()
    if collected is not None:
        collected.update(facts)
