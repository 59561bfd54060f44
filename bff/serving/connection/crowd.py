"""How many connections there are, in all and from each address.

See: docs/security.md
"""

import time
from collections import Counter
from ipaddress import IPv6Address, ip_address

import structlog

log = structlog.stdlib.get_logger(__name__)

NETWORK_BITS = 64
MAX_OUTSIDE = 64
TELL_EVERY_S = 1.0


class Crowd:
    """Counts connections and says which are too many.

    A few of those that there is no room for are `outside` while they are told so.

    Args:
        max_total: From everywhere.
        max_per_address: From one address; None for no limit.
    """

    def __init__(self, max_total: int, max_per_address: int | None) -> None:
        self._max_total = max_total
        self._max_per_address = max_per_address
        self._n_from: Counter[str] = Counter()
        self._n_inside = self._n_outside = self._n_untold = 0
        self._told_at = float("-inf")

    def enter(self, address: str) -> bool:
        """Count one more, or say that there is no room for it."""
        place = _place(address)
        per_address = self._max_per_address
        is_full = self._n_inside >= self._max_total
        if is_full or (per_address is not None and self._n_from[place] >= per_address):
            self._tell_refused(place)
            return False
        self._n_inside += 1
        self._n_from[place] += 1
        return True

    def leave(self, address: str) -> None:
        """One that had entered is gone."""
        place = _place(address)
        self._n_inside -= 1
        self._n_from[place] -= 1
        if not self._n_from[place]:
            del self._n_from[place]

    def stay_outside(self) -> bool:
        """Count one more that is told, or say that there are too many even for that."""
        if self._n_outside >= MAX_OUTSIDE:
            return False
        self._n_outside += 1
        return True

    def go_away(self) -> None:
        """One that was outside is gone."""
        self._n_outside -= 1

    def _tell_refused(self, place: str) -> None:
        """Not each of them: a flood of connections must not become a flood of lines."""
        self._n_untold += 1
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S:
            log.warning(
                "no_room_for_connections", n=self._n_untold, inside=self._n_inside, latest=place
            )
            self._n_untold, self._told_at = 0, now


def _place(address: str) -> str:
    """The address; of version 6 only the network, all of which one subscriber has."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    network = int(parsed) >> NETWORK_BITS << NETWORK_BITS
    return f"{IPv6Address(network)}/{NETWORK_BITS}"
