"""A client that will send no more may still wait for its answer.

One that has left looks the same: both have closed the direction in which requests come. Only
bytes tell them apart: whoever waits takes them, the machine of whoever has left refuses them. So
an interim answer is sent, which every client of HTTP/1.1 must be able to pass over (RFC 9110,
15.2).
See: docs/reliability.md
"""

import socket
from typing import Any

from bff.serving.connection.alarm import Alarm
from bff.serving.connection.parsing import Parsing

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
LOOK_EVERY_S = 0.02


class HalfClose(Parsing):
    """Keeps a half-closed connection as long as a request of it is answered and somebody waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_half_closed = False
        self._look = Alarm(self.loop, LOOK_EVERY_S, self._look_for_client)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether the connection stays open."""
        if not self._may_be_waited_for:
            return False
        if not self._is_half_closed:
            self._is_half_closed = True
            self._ask_for_client()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is left to look for."""
        self._look.stop()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Close when everything that had come is answered."""
        super().on_response_complete()
        if self._is_half_closed:
            self._look_for_client()

    @property
    def _may_be_waited_for(self) -> bool:
        """Whether an answer is due, and an interim one would be understood."""
        running = self._running
        return running is not None and self.is_answering and running.scope["http_version"] != "1.0"

    @property
    def _has_begun_to_answer(self) -> bool:
        return self._running is not None and self._running.response_started

    def _ask_for_client(self) -> None:
        if not self._has_begun_to_answer:
            self.transport.write(INTERIM)
            self._look.start()

    def _look_for_client(self) -> None:
        sock = self.transport.get_extra_info("socket")
        if not self.is_answering:
            self.transport.close()
        elif sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.transport.abort()
        elif not self._has_begun_to_answer:
            self._look.start()
