"""How many connections there are, in all and from each address, and who makes room for whom.

See: docs/security.md
"""

import time
from collections import Counter
from typing import Protocol

import structlog

from bff.http.addresses import Networks, place_of

log = structlog.stdlib.get_logger(__name__)

MAX_OUTSIDE = 64
LOG_EVERY_S = 1.0


class Member(Protocol):
    """A connection."""

    def make_room(self) -> None:
        """Close at once."""
        ...


class ConnectionLimiter:
    """Counts connections and says which are too many.

    When all places are taken, whoever has not sent a whole request for the longest time makes
    room for a newcomer. So places cannot be held by saying nothing, or saying it slowly, however
    many addresses do so.

    A few of those that there is no room for are `outside` while they are told so. When the process
    `is_stopping`, nobody new is expected, and all leave as soon as they have their answers.

    Args:
        max_total: From everywhere.
        max_per_address: From one address; None for no limit.
        proxies: Addresses without that limit.
    """

    def __init__(
        self, max_total: int, max_per_address: int | None, proxies: Networks | None = None
    ) -> None:
        self._max_total = max_total
        self._max_per_address = max_per_address
        self._proxies = proxies or Networks()
        self._n_from: Counter[str] = Counter()
        self._waiting: dict[Member, None] = {}
        self.n_inside = self._n_outside = self._n_unlogged = 0
        self._logged_at = float("-inf")
        self.is_stopping = False

    def enter(self, address: str) -> bool:
        """Count one more, or say that there is no room for it."""
        place = place_of(address)
        per_address = None if address in self._proxies else self._max_per_address
        if per_address is not None and self._n_from[place] >= per_address:
            self._log("too_many_connections_from_address", place)
            return False
        if self.n_inside >= self._max_total:
            self._log("too_many_connections", place)
            if not self._waiting:
                return False
            self._send_away(next(iter(self._waiting)))
        self.n_inside += 1
        self._n_from[place] += 1
        return True

    def leave(self, address: str, member: Member) -> None:
        """One that had entered is gone."""
        self.stop_waiting(member)
        place = place_of(address)
        self.n_inside -= 1
        self._n_from[place] -= 1
        if not self._n_from[place]:
            del self._n_from[place]

    def begin_waiting(self, member: Member) -> None:
        """One waits for a whole request, from now."""
        self.stop_waiting(member)
        self._waiting[member] = None

    def stop_waiting(self, member: Member) -> None:
        """One has a whole request; it stays until that is answered."""
        self._waiting.pop(member, None)

    def stay_outside(self) -> bool:
        """Count one more that is told, or say that there are too many even for that."""
        if self._n_outside >= MAX_OUTSIDE:
            return False
        self._n_outside += 1
        return True

    def go_away(self) -> None:
        """One that was outside is gone."""
        self._n_outside -= 1

    def _send_away(self, member: Member) -> None:
        del self._waiting[member]
        member.make_room()

    def _log(self, event: str, place: str) -> None:
        """Not each of them: a flood of connections must not become a flood of lines."""
        self._n_unlogged += 1
        now = time.monotonic()
        if now - self._logged_at >= LOG_EVERY_S:
            log.warning(event, n=self._n_unlogged, inside=self.n_inside, latest=place)
            self._n_unlogged, self._logged_at = 0, now
