"""A queue in which users take turns, however many calls one of them has waiting.

See: docs/reliability.md
"""

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class FairQueue(Generic[K, V]):
    """First in, first out within an owner; owners are served in turn. Not thread-safe."""

    def __init__(self) -> None:
        self._lines: OrderedDict[K, deque[V]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[V]:
        for line in self._lines.values():
            yield from line

    def push(self, owner: K, item: V) -> None:
        """Append to the owner's line; a new owner's turn comes after everybody else's."""
        self._lines.setdefault(owner, deque()).append(item)

    def put_back(self, owner: K, item: V) -> None:
        """Make what was popped last the next one again."""
        self._lines.setdefault(owner, deque()).appendleft(item)
        self._lines.move_to_end(owner, last=False)

    def pop(self) -> V | None:
        """The oldest item of the owner whose turn it is; None when nothing waits."""
        if not self._lines:
            return None
        owner, line = next(iter(self._lines.items()))
        item = line.popleft()
        self._lines.move_to_end(owner)
        if not line:
            del self._lines[owner]
        return item

    def remove(self, owner: K, item: V) -> bool:
        """Take an item out of turn; whether it was still there."""
        line = self._lines.get(owner)
        if line is None or item not in line:
            return False
        line.remove(item)
        if not line:
            del self._lines[owner]
        return True
