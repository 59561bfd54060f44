"""Blocking work in threads of its own, with a deadline, a fair queue and a client that may go.

See: docs/reliability.md
"""

import asyncio
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from starlette.types import Receive

from backtest.control import Control
from backtest.errors import BacktestError, DeadlineExceeded, Overloaded, RateLimited, RunCancelled
from bff.admission.fair_queue import FairQueue
from bff.admission.quotas import Quota

T = TypeVar("T")

ANSWER_GRACE_S = 0.05
MAX_RETRY_AFTER_S = 600
REMEMBERED_RUNS = 32


@dataclass(eq=False, slots=True, kw_only=True)
class _Ticket:
    """One accepted call, waiting or running."""

    user_id: UUID | None
    control: Control
    work: Callable[[], Any]
    accepted_at: float = field(default_factory=time.monotonic)
    started_at: float | None = None
    future: Future[Any] = field(default_factory=Future[Any])


class RunPool:
    """Places for blocking work: so many at once, so many waiting, the rest is refused.

    Users take turns, so a user with many waiting calls delays nobody by more than one of them.

    Args:
        running: Threads that work at the same time.
        waiting: Accepted calls that may wait for a thread.
        per_user: Places that one user may have of them; None for all.
        retry_after_s: What a refused caller is told to wait while no run has ended yet; later
            it follows from how long recent ones took.
        quota: Milliseconds of threads that one user may have in a minute; None for all.
    """

    def __init__(
        self,
        *,
        running: int,
        waiting: int,
        per_user: int | None = None,
        retry_after_s: int = 1,
        quota: Quota | None = None,
    ) -> None:
        self._executor = ThreadPoolExecutor(running, thread_name_prefix="run")
        self._lock = threading.Lock()
        self._n_threads, self._n_places = running, running + waiting
        self._per_user = per_user
        self._retry_after_s = retry_after_s
        self._quota = quota
        self._queue: FairQueue[UUID | None, _Ticket] = FairQueue()
        self._started: set[_Ticket] = set()
        self._taken_by: Counter[UUID] = Counter()
        self._recent_s: deque[float] = deque(maxlen=REMEMBERED_RUNS)
        self._is_draining = self._is_closed = False

    @property
    def n_running(self) -> int:
        """Calls that have a thread."""
        return len(self._started)

    @property
    def n_waiting(self) -> int:
        """Accepted calls without a thread yet."""
        with self._lock:
            return len(self._queue)

    @property
    def is_draining(self) -> bool:
        """Whether everything new is refused because the process is about to stop."""
        return self._is_draining

    async def run_in_thread(
        self,
        receive: Receive,
        fn: Callable[[Control], T],
        deadline_s: float | None = None,
        *,
        user_id: UUID | None = None,
    ) -> T:
        """Run `fn` in a thread and wait for it, for the deadline or for the client to leave.

        The deadline counts from now, waiting for a thread included. A control that was cancelled
        or has expired ends `fn` at its next check; its place stays taken until it has ended.

        Args:
            receive: The ASGI channel of the request; a disconnect on it cancels the run.
            fn: Blocking work that watches its control.
            deadline_s: Seconds, or None for no limit.
            user_id: Whose place it is; None where no user has one of their own.

        Raises:
            RateLimited: The user has taken all places, or all the time, that one user may have.
            Overloaded: All places are taken, or the service is about to stop.
            DeadlineExceeded: The deadline passed.
            RunCancelled: The client left or the service is stopping.
        """
        ticket = self._accept(fn, deadline_s, user_id)
        watch = asyncio.ensure_future(_until_disconnect(receive))
        answer = asyncio.wrap_future(ticket.future)
        limit_s = None if deadline_s is None else deadline_s + ANSWER_GRACE_S
        try:
            await asyncio.wait({answer, watch}, timeout=limit_s, return_when="FIRST_COMPLETED")
            if answer.done():
                return answer.result()
            if watch.done():
                raise RunCancelled
            assert deadline_s is not None
            raise DeadlineExceeded(deadline_s)
        finally:
            watch.cancel()
            if not answer.done():
                ticket.control.cancel()
                self._withdraw(ticket)
                answer.cancel()

    def drain(self) -> None:
        """Refuse what waits and what comes; what runs goes on."""
        with self._lock:
            self._is_draining = True
            refusal = Overloaded(self._wait_s(self._n_threads))
            self._refuse_waiting(refusal)

    def cancel_running(self) -> None:
        """End what runs at its next check."""
        for ticket in tuple(self._started):
            ticket.control.cancel()

    def close(self) -> None:
        """Cancel what is running and wait for the threads to end."""
        with self._lock:
            self._is_closed = True
            self._refuse_waiting(RunCancelled())
        self.cancel_running()
        self._executor.shutdown(wait=True)

    def _accept(
        self, fn: Callable[[Control], T], deadline_s: float | None, user_id: UUID | None
    ) -> _Ticket:
        control = Control(deadline_s)
        context = copy_context()
        ticket = _Ticket(user_id=user_id, control=control, work=lambda: context.run(fn, control))
        with self._lock:
            self._check_places(user_id)
            if user_id is not None:
                self._taken_by[user_id] += 1
            self._queue.push(user_id, ticket)
            self._start_next()
        return ticket

    def _check_places(self, user_id: UUID | None) -> None:
        if self._is_closed:
            raise RunCancelled
        n_taken = len(self._started) + len(self._queue)
        if self._is_draining or n_taken == self._n_places:
            raise Overloaded(self._wait_s(n_taken))
        if user_id is not None and self._taken_by[user_id] == self._per_user:
            raise RateLimited(self._wait_s(self._taken_by[user_id]))
        if user_id is not None and self._quota is not None:
            self._quota.check(user_id)

    def _wait_s(self, n_before: int) -> int:
        """Whole seconds until as many calls will have been served, by the recent ones."""
        if not self._recent_s:
            return self._retry_after_s
        mean_s = sum(self._recent_s) / len(self._recent_s)
        return min(MAX_RETRY_AFTER_S, max(1, math.ceil(mean_s * n_before / self._n_threads)))

    def _start_next(self) -> None:
        while len(self._started) < self._n_threads:
            ticket = self._queue.pop()
            if ticket is None:
                return
            self._started.add(ticket)
            self._executor.submit(self._work, ticket)

    def _work(self, ticket: _Ticket) -> None:
        ticket.started_at = time.monotonic()
        settle: Callable[[], None]
        try:
            ticket.control.check()
            outcome = ticket.work()
        except BaseException as error:  # noqa: BLE001 - handed over to who waits for it
            failure = error
            settle = lambda: ticket.future.set_exception(failure)  # noqa: E731
        else:
            settle = lambda: ticket.future.set_result(outcome)  # noqa: E731
        self._leave(ticket)
        if ticket.future.set_running_or_notify_cancel():
            settle()

    def _leave(self, ticket: _Ticket) -> None:
        assert ticket.started_at is not None
        took_s = time.monotonic() - ticket.started_at
        if self._quota is not None and ticket.user_id is not None:
            self._quota.spend(ticket.user_id, math.ceil(took_s * 1000))
        with self._lock:
            self._recent_s.append(took_s)
            self._started.discard(ticket)
            self._give_place(ticket)
            self._start_next()

    def _withdraw(self, ticket: _Ticket) -> None:
        """Give the place of a call back that nobody waits for, unless it has a thread already."""
        with self._lock:
            if self._queue.remove(ticket.user_id, ticket):
                self._give_place(ticket)

    def _refuse_waiting(self, refusal: BacktestError) -> None:
        while (ticket := self._queue.pop()) is not None:
            self._give_place(ticket)
            if ticket.future.set_running_or_notify_cancel():
                ticket.future.set_exception(refusal)

    def _give_place(self, ticket: _Ticket) -> None:
        if ticket.user_id is not None:
            self._taken_by[ticket.user_id] -= 1
            self._taken_by += Counter()  # forgets users without a place


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
