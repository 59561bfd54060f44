"""More connections than the process may have open files."""

from contextlib import ExitStack
from itertools import cycle, islice

from trials.hostile import limits
from trials.hostile.service import Service
from trials.hostile.verdict import Verdict
from trials.hostile.wire import HOSTILE, connected, honest_seconds

N_CONNECTIONS = 1_100
MANY = tuple(f"127.0.1.{n}" for n in range(1, 51))


def silent(service: Service, sources: tuple[str, ...] = (HOSTILE,)) -> Verdict:
    """1 100 connections that say nothing; somebody else asks a question."""
    with ExitStack() as stack:
        for source in islice(cycle(sources), N_CONNECTIONS):
            stack.enter_context(connected(service.port, source))
        waited = honest_seconds(service.port)
    if waited is None:
        return Verdict(holds=False, seen="nobody else was answered in time")
    return Verdict(
        holds=waited < limits.NOT_HELD_UP_S,
        seen=f"somebody else was answered in {waited * 1000:.0f} ms",
    )
