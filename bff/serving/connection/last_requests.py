"""When the process stops, what has come is answered; then the connection is closed.

Bytes that lie unread in the kernel when a connection is closed are lost to whoever sent them, and
a process that has no processor for a while has many of them. So it is not a clock that says when
everything has been read.
See: docs/reliability.md#start-and-stop
"""

import asyncio
import fcntl
import sys
import termios
from typing import Any

import structlog

from bff.serving.connection.connection_limiter import ConnectionLimiter
from bff.serving.connection.deadlines import Deadlines

log = structlog.stdlib.get_logger(__name__)

LAST_ANSWER_S = 5.0
LAST_BYTES_PER_S = 1 << 20


def last_answer_s(n_bytes: int) -> float:
    """Seconds that an answer may take when its process has ended everything else."""
    return LAST_ANSWER_S + n_bytes / LAST_BYTES_PER_S


class LastRequests(Deadlines):
    """Leaves when nothing of a request is here, neither parsed nor unread.

    Args:
        limiter: All connections of the process.
    """

    def __init__(self, *args: Any, limiter: ConnectionLimiter, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limiter = limiter

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Read what has come before the listener closed, if anything has."""
        super().connection_made(transport)
        self._leave_if_stopping()

    def data_received(self, data: bytes) -> None:
        """There may be a whole request now, which is the last one."""
        super().data_received(data)
        self._leave_if_stopping()

    def on_response_complete(self) -> None:
        """That may have been the last one."""
        super().on_response_complete()
        self._leave_if_stopping()

    def shutdown(self) -> None:
        """Close, or answer the last request and say that it is, unless another one is here."""
        running = self._running
        if self._is_left or self.transport.is_closing() or self._has_more():
            return
        if running is None or not self.has_request:
            self.transport.close()
        elif not running.response_started:
            running.keep_alive = False

    def give_up(self, after_s: float) -> None:
        """Drop a client that has not taken its answer so long after everything else has ended."""
        running = self._running
        n_bytes = self.transport.get_write_buffer_size()
        if running is not None and self.has_request:
            n_bytes += running.expected_content_length
        if after_s > last_answer_s(n_bytes):
            log.warning("slow_client_dropped", bytes_left=n_bytes)
            self.transport.abort()

    def _leave_if_stopping(self) -> None:
        if self._limiter.is_stopping:
            self.shutdown()

    def _has_more(self) -> bool:
        """Whether anything is here of a request that comes after the one that is answered."""
        has_read = self._is_in_head or self._unread or self.pipeline
        return bool(has_read) or _n_unread_bytes(self.transport) > 0


def _n_unread_bytes(transport: asyncio.Transport) -> int:
    """Bytes of a connection that have come and lie in the kernel."""
    line = transport.get_extra_info("socket")
    packed = fcntl.ioctl(line.fileno(), termios.FIONREAD, bytes(4))
    return int.from_bytes(packed, sys.byteorder)
