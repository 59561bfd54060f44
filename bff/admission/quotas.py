"""How much one user may take in a minute: of requests, and of the time of threads.

See: docs/reliability.md
"""

import math
import threading
from uuid import UUID

from throttled import RateLimiterType, Throttled, per_min
from throttled.store import MemoryStore

from backtest.errors import RateLimited

MAX_USERS = 100_000


class Quota:
    """An amount per user that refills evenly over a minute; safe from any thread.

    The algorithm is GCRA. It lives in this process: several workers allow as many times more.

    Args:
        per_minute: The amount, all of which may be used at once.
    """

    def __init__(self, per_minute: int) -> None:
        self._spending = threading.Lock()
        self._throttle = Throttled(
            using=RateLimiterType.GCRA.value,
            quota=per_min(per_minute, burst=per_minute),
            store=MemoryStore(options={"MAX_SIZE": MAX_USERS}),
        )

    def take(self, user_id: UUID) -> None:
        """Use one unit.

        Raises:
            RateLimited: Nothing is left; it says when there will be.
        """
        result = self._throttle.limit(str(user_id))
        if result.limited:
            raise RateLimited(_whole_seconds(result.state.retry_after))

    def check(self, user_id: UUID) -> None:
        """Return if something is left.

        Raises:
            RateLimited: Nothing is left; it says when there will be.
        """
        state = self._throttle.peek(str(user_id))
        if state.remaining == 0:
            raise RateLimited(_whole_seconds(state.retry_after))

    def spend(self, user_id: UUID, amount: int) -> None:
        """Use up to `amount`: what was begun within the quota may end beyond it."""
        key = str(user_id)
        with self._spending:
            affordable = min(amount, self._throttle.peek(key).remaining)
            if affordable > 0:
                self._throttle.limit(key, cost=affordable)


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
