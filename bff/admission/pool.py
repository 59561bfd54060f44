"""Blocking work in threads of its own, with a deadline, a fair queue and a client that may go.

See: docs/reliability.md
"""

import asyncio
import math
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import NamedTuple, TypeVar
from uuid import UUID

from starlette.types import Receive

from backtest.control import Control
from backtest.errors import BacktestError, DeadlineExceeded, Overloaded, RateLimited, RunCancelled
from bff.admission.lane import Lane, Ticket
from bff.admission.quotas import Quota

T = TypeVar("T")


class CallProgress(NamedTuple):
    """How far a call is: chunks of its stage, and seconds that threads have worked for all of it.

    See: docs/graphql.md#progress
    """

    stage: str
    done: int
    total: int
    used_s: float


Watch = Callable[[CallProgress], None]

ANSWER_GRACE_S = 0.05


class RunPool:
    """Places for blocking work: so many at once, so many waiting, the rest is refused.

    Who has had least of the threads' time is next, so a user with many waiting calls delays nobody
    by more than one of them.
    Short calls have places of their own, so they never wait for long ones, nor, for longer than
    a short one takes, for those that only looked short.

    Args:
        running: Threads that work at the same time.
        waiting: Accepted calls that may wait for a thread.
        short: Threads that short calls have besides, with as many places to wait.
        short_s: Seconds after which a short call no longer keeps others from a thread.
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
        short: int = 1,
        short_s: float = 1.0,
        per_user: int | None = None,
        retry_after_s: int = 1,
        quota: Quota | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._long, self._short = Lane(running, waiting), Lane(short, waiting, short_s)
        self._lanes = (self._long, self._short)
        self._per_user = per_user
        self._retry_after_s = retry_after_s
        self._quota = quota
        self._taken_by: Counter[tuple[Lane, UUID]] = Counter()
        self._is_draining = self._is_closed = False

    @property
    def n_running(self) -> int:
        """Calls that have a thread."""
        return sum(len(lane.started) for lane in self._lanes)

    @property
    def n_waiting(self) -> int:
        """Accepted calls without a thread yet."""
        with self._lock:
            return sum(len(lane.queue) for lane in self._lanes)

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
        is_short: bool = False,
        on_progress: Watch | None = None,
    ) -> T:
        """Run `fn` in a thread and wait for it, for the deadline or for the client to leave.

        The deadline counts from now, waiting for a thread included. A control that was cancelled
        or has expired ends `fn` at its next check; its place stays taken until it has ended.

        Args:
            receive: The ASGI channel of the request; a disconnect on it cancels the run.
            fn: Blocking work that watches its control.
            deadline_s: Seconds, or None for no limit.
            user_id: Whose place it is; None where no user has one of their own.
            is_short: Whether a second is enough for it.
            on_progress: Told how far `fn` is, from its thread.

        Raises:
            RateLimited: The user has taken all places, or all the time, that one user may have.
            Overloaded: All places are taken, the machine has no thread for the call, or the
                service is about to stop.
            DeadlineExceeded: The deadline passed.
            RunCancelled: The client left or the service is stopping.
        """
        if self._quota is not None and user_id is not None:
            await self._quota.check(user_id)
        lane = self._short if is_short else self._long
        ticket = self._accept(fn, _watched(deadline_s, on_progress), user_id, lane)
        watch = asyncio.ensure_future(_until_disconnect(receive))
        answer = asyncio.wrap_future(ticket.future)
        limit_s = None if deadline_s is None else deadline_s + ANSWER_GRACE_S
        try:
            await asyncio.wait({answer, watch}, timeout=limit_s, return_when="FIRST_COMPLETED")
            if answer.done() and not answer.cancelled():
                return answer.result()
            if answer.done() or watch.done():
                raise RunCancelled
            assert deadline_s is not None
            ticket.control.cancel(DeadlineExceeded(deadline_s))
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
            for lane in self._lanes:
                refusal = Overloaded(lane.wait_s(lane.n_threads, self._retry_after_s))
                self._refuse_waiting(lane, refusal)

    def cancel_running(self) -> None:
        """End what runs at its next check, and tell who waits for it now.

        A check may be long in coming where other programs have the processor.
        """
        for lane in self._lanes:
            for ticket in tuple(lane.started):
                ticket.control.cancel()
                ticket.future.cancel()

    def close(self) -> None:
        """Cancel what is running and wait for the threads to end."""
        with self._lock:
            self._is_closed = True
            for lane in self._lanes:
                self._refuse_waiting(lane, RunCancelled())
            threads = [thread for lane in self._lanes for thread in lane.threads]
        self.cancel_running()
        for thread in threads:
            thread.join()

    def _accept(
        self, fn: Callable[[Control], T], control: Control, user_id: UUID | None, lane: Lane
    ) -> Ticket:
        context = copy_context()
        ticket = Ticket(
            user_id=user_id,
            control=control,
            work=lambda: context.run(fn, control),
            lane=lane,
            loop=asyncio.get_running_loop(),
        )
        with self._lock:
            self._check_places(user_id, lane)
            if user_id is not None:
                self._taken_by[lane, user_id] += 1
            lane.queue.push(user_id, ticket)
            self._start_threads(lane)
        return ticket

    def _check_places(self, user_id: UUID | None, lane: Lane) -> None:
        if self._is_closed:
            raise RunCancelled
        if self._is_draining or lane.is_full:
            raise Overloaded(lane.wait_s(lane.n_taken, self._retry_after_s))
        if user_id is None:
            return
        n_own = self._taken_by[lane, user_id]
        if n_own == self._per_user:
            raise RateLimited(lane.wait_s(n_own, self._retry_after_s))

    def _start_threads(self, lane: Lane) -> None:
        """Give each call that may run a thread.

        A machine that has none left loses no place by it: the call waits for a thread that is
        there, or is refused where there is none.
        """
        while (ticket := lane.next_ticket()) is not None:
            thread = threading.Thread(target=self._serve, args=(ticket,), name="run")
            try:
                thread.start()
            except RuntimeError:
                lane.return_ticket(ticket)
                if not lane.started:
                    lane.queue.remove(ticket.user_id, ticket)
                    self._refuse(ticket, Overloaded(self._retry_after_s))
                return
            lane.threads.add(thread)

    def _serve(self, ticket: Ticket) -> None:
        """Work until nobody waits any more."""
        following: Ticket | None = ticket
        while following is not None:
            following = self._work(following)
        with self._lock:
            ticket.lane.threads.discard(threading.current_thread())

    def _work(self, ticket: Ticket) -> Ticket | None:
        ticket.started_at = time.monotonic()
        if ticket.lane.limit_s is not None:
            self._limit(ticket, ticket.lane.limit_s)
        settle: Callable[[], None]
        try:
            ticket.control.check()
            outcome = ticket.work()
        except BaseException as error:  # noqa: BLE001 - handed over to who waits for it
            failure = error
            settle = lambda: ticket.future.set_exception(failure)  # noqa: E731
        else:
            settle = lambda: ticket.future.set_result(outcome)  # noqa: E731
        following = self._leave(ticket)
        if ticket.future.set_running_or_notify_cancel():
            settle()
        return following

    def _limit(self, ticket: Ticket, limit_s: float) -> None:
        """Have others pass a call that is still there after so many seconds."""

        def let_pass(reference: weakref.ref[Ticket]) -> None:
            late = reference()
            if late is not None:
                with self._lock:
                    late.lane.let_pass(late)
                    self._start_threads(late.lane)

        later = ticket.loop.call_later
        with suppress(RuntimeError):  # a loop that is closed: nobody waits any more
            ticket.loop.call_soon_threadsafe(later, limit_s, let_pass, weakref.ref(ticket))

    def _leave(self, ticket: Ticket) -> Ticket | None:
        """Give the place of a call that has ended back; the call that has its thread now."""
        assert ticket.started_at is not None
        took_s = time.monotonic() - ticket.started_at
        if self._quota is not None and ticket.user_id is not None:
            self._quota.spend(ticket.user_id, math.ceil(took_s * 1000))
        with self._lock:
            ticket.lane.leave(ticket, took_s)
            self._give_place(ticket)
            return ticket.lane.next_ticket()

    def _withdraw(self, ticket: Ticket) -> None:
        """Give the place of a call back that nobody waits for, unless it has a thread already."""
        with self._lock:
            if ticket.lane.queue.remove(ticket.user_id, ticket):
                self._give_place(ticket)

    def _refuse_waiting(self, lane: Lane, refusal: BacktestError) -> None:
        for ticket in lane.queue.clear():
            self._refuse(ticket, refusal)

    def _refuse(self, ticket: Ticket, refusal: BacktestError) -> None:
        self._give_place(ticket)
        if ticket.future.set_running_or_notify_cancel():
            ticket.future.set_exception(refusal)

    def _give_place(self, ticket: Ticket) -> None:
        if ticket.user_id is not None:
            self._taken_by[ticket.lane, ticket.user_id] -= 1
            self._taken_by += Counter()  # forgets users without a place


def _watched(deadline_s: float | None, watch: Watch | None) -> Control:
    if watch is None:
        return Control(deadline_s)

    def report(stage: str, done: int, total: int) -> None:
        watch(CallProgress(stage, done, total, control.used_s))

    control = Control(deadline_s, on_progress=report)
    return control


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
