"""Calls that share a number of threads: some have one, some wait for one.

See: docs/reliability.md
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from backtest.control import Control
from bff.admission.fair_queue import FairQueue

MAX_RETRY_AFTER_S = 600
REMEMBERED_RUNS = 32


@dataclass(eq=False, slots=True, kw_only=True, weakref_slot=True)
class Ticket:
    """One accepted call, waiting or running."""

    user_id: UUID | None
    control: Control
    work: Callable[[], Any]
    lane: "Lane"
    loop: asyncio.AbstractEventLoop
    accepted_at: float = field(default_factory=time.monotonic)
    expected_s: float = 0.0
    started_at: float | None = None
    future: Future[Any] = field(default_factory=Future[Any])


class Lane:
    """Places of one kind. Not thread-safe: whoever owns it holds a lock.

    Args:
        running: Threads that work at the same time.
        waiting: Calls that may wait for a thread.
        limit_s: Seconds after which a call no longer keeps others from a thread; None for no limit.
    """

    def __init__(self, running: int, waiting: int, limit_s: float | None = None) -> None:
        self.limit_s = limit_s
        self.n_threads, self._n_places = running, running + waiting
        self.queue: FairQueue[UUID | None, Ticket] = FairQueue()
        self.started: set[Ticket] = set()
        self._overdue: set[Ticket] = set()
        self.threads: set[threading.Thread] = set()
        self._recent_s: deque[float] = deque(maxlen=REMEMBERED_RUNS)

    @property
    def n_taken(self) -> int:
        """Calls that have a place."""
        return len(self.started) + len(self.queue)

    @property
    def is_full(self) -> bool:
        """Whether all places are taken."""
        return self.n_taken >= self._n_places

    def next_ticket(self) -> Ticket | None:
        """The call that may have a thread now, taken out of the queue; None where none may."""
        if len(self.started) - len(self._overdue) == self.n_threads:
            return None
        expected_s = self._mean_s() or 1.0
        ticket = self.queue.pop(expected_s)
        if ticket is not None:
            ticket.expected_s = expected_s
            self.started.add(ticket)
        return ticket

    def return_ticket(self, ticket: Ticket) -> None:
        """A call that could not be started is the next one again."""
        self.started.discard(ticket)
        self.queue.put_back(ticket.user_id, ticket, ticket.expected_s)

    def let_pass(self, ticket: Ticket) -> None:
        """A call has gone on for longer than the limit: another one may have a thread beside it.

        It keeps its place, so the lane never has more threads than places.
        """
        if ticket in self.started:
            self._overdue.add(ticket)

    def leave(self, ticket: Ticket, took_s: float) -> None:
        """A call has ended."""
        self._recent_s.append(took_s)
        self.started.discard(ticket)
        self._overdue.discard(ticket)
        self.queue.done(ticket.user_id, took_s - ticket.expected_s)

    def wait_s(self, n_before: int, otherwise_s: int) -> int:
        """Whole seconds until as many calls will have been served, by the recent ones."""
        mean_s = self._mean_s()
        if mean_s is None:
            return otherwise_s
        return min(MAX_RETRY_AFTER_S, max(1, math.ceil(mean_s * n_before / self.n_threads)))

    def _mean_s(self) -> float | None:
        return sum(self._recent_s) / len(self._recent_s) if self._recent_s else None
