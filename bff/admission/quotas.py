"""How much one user may take in a minute: of requests, and of the time of threads.

See: docs/reliability.md
"""

import math
import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID

from throttled import RateLimiterType, Throttled, per_min
from throttled.store import BaseStore, MemoryStore

from backtest.errors import RateLimited
from bff.admission.quota_store import QuotaStore

MAX_USERS = 100_000


class Quota:
    """An amount per user that refills evenly over a minute; safe from any thread.

    Args:
        per_minute: The amount, all of which may be used at once.
        name: What is counted, for a store that counts more than one thing.
        shared: Where several processes count together; while it does not answer, and without it,
            each counts for itself, so that together they allow as many times more.
    """

    def __init__(
        self, per_minute: int, name: str = "quota", shared: QuotaStore | None = None
    ) -> None:
        self._own = _Count(per_minute, name, MemoryStore(options={"MAX_SIZE": MAX_USERS}))
        self._shared = shared
        self._all = None if shared is None else _Count(per_minute, name, shared.counts)

    async def take(self, user_id: UUID) -> None:
        """Use one unit.

        Raises:
            RateLimited: Nothing is left; it says when there will be.
        """
        await self._ask(lambda count: count.take(user_id))

    async def check(self, user_id: UUID) -> None:
        """Return if something is left.

        Raises:
            RateLimited: Nothing is left; it says when there will be.
        """
        await self._ask(lambda count: count.check(user_id))

    def spend(self, user_id: UUID, amount: int) -> None:
        """Use up to `amount`: what was begun within the quota may end beyond it.

        May wait for the store, so it is for threads of runs.
        """
        self._use(lambda count: count.spend(user_id, amount))

    async def _ask(self, question: "Callable[[_Count], None]") -> None:
        """The thread that answers waits for nothing but itself."""
        if self._shared is None:
            question(self._own)
        else:
            await self._shared.in_thread(partial(self._use, question))

    def _use(self, question: "Callable[[_Count], None]") -> None:
        shared, together = self._shared, self._all
        if shared is None or together is None or not shared.answers(lambda: question(together)):
            question(self._own)


class _Count:
    """GCRA over one store."""

    def __init__(self, per_minute: int, name: str, store: BaseStore) -> None:
        self._spending = threading.Lock()
        self._throttle = Throttled(
            using=RateLimiterType.GCRA.value,
            quota=per_min(per_minute, burst=per_minute),
            store=store,
            key_prefix=f"roehub:{name}",
        )

    def take(self, user_id: UUID) -> None:
        result = self._throttle.limit(str(user_id))
        if result.limited:
            raise RateLimited(_whole_seconds(result.state.retry_after))

    def check(self, user_id: UUID) -> None:
        state = self._throttle.peek(str(user_id))
        if state.remaining == 0:
            raise RateLimited(_whole_seconds(state.retry_after))

    def spend(self, user_id: UUID, amount: int) -> None:
        """Another process may have taken some between the question and the answer: ask again."""
        key = str(user_id)
        with self._spending:
            while affordable := min(amount, self._throttle.peek(key).remaining):
                if not self._throttle.limit(key, cost=affordable).limited:
                    return


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
