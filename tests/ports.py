"""Ports of the loopback: one for a server that cannot be given 0, and one where nobody listens."""

import socket
from collections.abc import Generator
from contextlib import contextmanager


def free_port() -> int:
    """A port that was free a moment ago; another program may take it before a server can."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def silent_port(port: int = 0) -> Generator[int]:
    """A port where whoever connects is refused, and that no program gets unless it is told to."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        yield holder.getsockname()[1]
