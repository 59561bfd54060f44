"""What can be asked of a node, from the head and from other nodes.

See: docs/scale.md
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

Frames = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call is.

    `stages` are the finished chunks of each stage, and of how many, in the order of their
    beginning; `used_s` are the seconds that threads of all nodes have worked for it.
    """

    stages: Mapping[str, tuple[int, int]]
    used_s: float


NOT_BEGUN = Progress({}, 0.0)


class NodeLostError(Exception):
    """A node or its process has ended, or what it had answered is gone with it."""


def first_line(failure: BaseException | None) -> str:
    """What Ray says that happened, without its advice."""
    return next(iter(str(failure).splitlines()), type(failure).__name__)


class Peer(Protocol):
    """What computes on one node; no method waits, and a loss is told as `NodeLostError`."""

    @property
    def name(self) -> str:
        """Which one it is; what is started again on the same node has another name."""
        ...

    def do(
        self, key: str, frames: Sequence[bytes], peers: Sequence["Peer"], *shared: Any
    ) -> Future[tuple[Frames, Progress]]:
        """Have a call carried out there.

        Args:
            key: What `cancel` and `progress` know the call by.
            frames: The call.
            peers: Who may be asked for help.
            shared: What `share` gave, handed to the call before its other arguments.
        """
        ...

    def cancel(self, key: str) -> None:
        """Nobody waits for a call any more."""
        ...

    def share(self, value: object) -> Any:
        """Put a value where every node can read it; it is gone when what this gives is."""
        ...
