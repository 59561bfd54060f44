"""Blocking work in threads of its own, with a deadline, a bounded queue and a client that may go.

See: docs/configuration.md
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar
from uuid import UUID

from starlette.types import Receive

from backtest.control import Control
from backtest.errors import DeadlineExceeded, Overloaded, RateLimited, RunCancelled

T = TypeVar("T")

ANSWER_GRACE_S = 0.2


class RunPool:
    """Places for blocking work: so many at once, so many waiting, the rest is refused.

    Args:
        running: Threads that work at the same time.
        waiting: Accepted calls that may wait for a thread.
        per_user: Places that one user may have of them; None for all.
        retry_after_s: What a refused caller is told to wait.
    """

    def __init__(
        self, *, running: int, waiting: int, per_user: int | None = None, retry_after_s: int = 1
    ) -> None:
        self._executor = ThreadPoolExecutor(running, thread_name_prefix="run")
        self._lock = threading.Lock()
        self._free = running + waiting
        self._per_user = per_user
        self._taken_by: Counter[UUID] = Counter()
        self._retry_after_s = retry_after_s
        self._controls: set[Control] = set()

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
            RateLimited: The user has taken all places that one user may have.
            Overloaded: All places are taken.
            DeadlineExceeded: The deadline passed.
            RunCancelled: The client left or the service is stopping.
        """
        self._take_place(user_id)
        control = Control(deadline_s)
        future = self._submit(control, fn, user_id)
        watch = asyncio.ensure_future(_until_disconnect(receive))
        answer = asyncio.wrap_future(future)
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
                control.cancel()
                answer.cancel()

    def close(self) -> None:
        """Cancel what is running and wait for the threads to end."""
        for control in tuple(self._controls):
            control.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _take_place(self, user_id: UUID | None) -> None:
        with self._lock:
            if user_id is not None and self._taken_by[user_id] == self._per_user:
                raise RateLimited(self._retry_after_s)
            if self._free == 0:
                raise Overloaded(self._retry_after_s)
            self._free -= 1
            if user_id is not None:
                self._taken_by[user_id] += 1

    def _give_place(self, user_id: UUID | None) -> None:
        with self._lock:
            self._free += 1
            if user_id is not None:
                self._taken_by[user_id] -= 1
                self._taken_by += Counter()  # forgets users without a place

    def _submit(
        self, control: Control, fn: Callable[[Control], T], user_id: UUID | None
    ) -> Future[T]:
        context = copy_context()

        def work() -> T:
            control.check()
            return context.run(fn, control)

        def leave(_: Future[T]) -> None:
            self._controls.discard(control)
            self._give_place(user_id)

        self._controls.add(control)
        try:
            future = self._executor.submit(work)
        except RuntimeError as stopped:
            self._controls.discard(control)
            self._give_place(user_id)
            raise RunCancelled from stopped
        future.add_done_callback(leave)
        return future


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
