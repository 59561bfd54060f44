"""A queue in which who has had least of the work comes next.

See: docs/reliability.md
"""

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class FairQueue(Generic[K, V]):
    """First in, first out within an owner; of the owners, the one that has had least is next.

    What an owner has had counts while there is work: an owner that comes, or comes back, is equal
    to the one that is served at that moment, so nobody saves up and nobody pays for long ago.
    Between equals, the one that was served longest ago is next. Not thread-safe.

    Source: start-time fair queueing, of Goyal, Vin and Cheng, "Start-time Fair Queueing: A
        Scheduling Algorithm for Integrated Services Packet Switching Networks", SIGCOMM 1996.
    """

    def __init__(self) -> None:
        self._lines: dict[K, deque[V]] = {}
        self._had: dict[K, float] = {}
        self._now = 0.0
        self._n_served = 0

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[V]:
        for line in self._lines.values():
            yield from line

    def push(self, owner: K, item: V) -> None:
        """Append to the owner's line."""
        if owner not in self._lines:
            self._lines[owner] = deque()
            self._had[owner] = max(self._now, self._had.get(owner, 0.0))
        self._lines[owner].append(item)

    def pop(self, cost: float = 1.0) -> V | None:
        """The next item, which is served until `done` is told; None when nothing waits.

        Args:
            cost: What serving it is expected to cost, in any unit.
        """
        if not self._lines:
            return None
        owner = min(self._lines, key=self._had.__getitem__)
        line = self._lines.pop(owner)
        item = line.popleft()
        if line:
            self._lines[owner] = line
        self._now = self._had[owner]
        self._had[owner] += cost
        self._n_served += 1
        return item

    def done(self, owner: K, correction: float = 0.0) -> None:
        """An item of this owner has been served, and cost so much more than was expected."""
        self._had[owner] += correction
        self._n_served -= 1
        if not (self._n_served or self._lines):
            self._had.clear()
            self._now = 0.0

    def put_back(self, owner: K, item: V, cost: float = 1.0) -> None:
        """Make what was popped last, at this cost, the next one again."""
        line = self._lines.pop(owner, deque())
        line.appendleft(item)
        self._lines = {owner: line, **self._lines}
        self._had[owner] -= cost
        self._n_served -= 1

    def remove(self, owner: K, item: V) -> bool:
        """Take an item out of turn; whether it was still there."""
        line = self._lines.get(owner)
        if line is None or item not in line:
            return False
        line.remove(item)
        if not line:
            del self._lines[owner]
        return True

    def clear(self) -> tuple[V, ...]:
        """Take out all that waits."""
        items = tuple(self)
        self._lines.clear()
        return items
