"""How long a connection may make others wait: with a head, and with taking an answer.

See: docs/security.md
"""

import asyncio
import socket
from typing import Any

import structlog

from bff.http.errors import RoehubError
from bff.serving.connection.alarm import Alarm
from bff.serving.connection.half_close import HalfClose
from bff.serving.connection.slices import SLICE_BYTES

log = structlog.stdlib.get_logger(__name__)


class Deadlines(HalfClose):
    """Closes connections that say nothing, say it too slowly, or do not take what they asked for.

    A connection that nothing is answered on has a time until its next head begins, and that head
    has the same time to end; bytes win it no other. An answer must be taken slice by slice, each
    within its time.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = self._limits
        self._head = Alarm(self.loop, limits.head_max_seconds, self._stop_waiting)
        self._slice = Alarm(self.loop, limits.answer_stall_seconds, self._drop_slow_reader)

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        _keep_little_unsent(transport)
        self._head.start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._head.stop()
        self._slice.stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head has begun; what comes behind a request that is answered has time until then."""
        super().on_message_begin()
        if not self.is_answering:
            self._head.start()

    def on_headers_complete(self) -> None:
        """The head is there; the body has a limit of its own."""
        super().on_headers_complete()
        if not self._has_offer:
            self._head.stop()

    def on_response_complete(self) -> None:
        """Wait for the rest to be taken, and for the next head."""
        self._head.start()
        super().on_response_complete()
        if self.has_request:
            self._head.stop()
        self._expect_taken()

    def pause_writing(self) -> None:
        """A slice lies in the buffer."""
        super().pause_writing()
        self._expect_taken()

    def resume_writing(self) -> None:
        """It has been taken, or most of it."""
        super().resume_writing()
        self._expect_taken()

    def _leave(self, error: RoehubError) -> None:
        super()._leave(error)
        self._expect_taken()

    def _expect_taken(self) -> None:
        if self.transport.get_write_buffer_size():
            self._slice.start()
        else:
            self._slice.stop()

    def _stop_waiting(self) -> None:
        self.transport.close()

    def _drop_slow_reader(self) -> None:
        n_bytes = self.transport.get_write_buffer_size()
        if n_bytes:
            log.warning("slow_client_dropped", bytes_left=n_bytes)
            self.transport.abort()


def _keep_little_unsent(transport: asyncio.Transport) -> None:
    """Have the system take the next bytes when the client has taken others, not megabytes ahead.

    It would take four for each connection, and show progress only with every other one of them.
    """
    transport.set_write_buffer_limits(SLICE_BYTES)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, SLICE_BYTES)
