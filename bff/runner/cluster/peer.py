"""What can be asked of a node, from the head and from other nodes.

See: docs/scale.md
"""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Protocol

Frames = tuple[bytes, ...]
# How far the stages of a run are: finished chunks, and of how many.
Progress = dict[str, tuple[int, int]]


class NodeLostError(Exception):
    """A node or its process has ended, or what it had answered is gone with it."""


class Peer(Protocol):
    """What computes on one node; no method waits, and a loss is told as `NodeLostError`."""

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
