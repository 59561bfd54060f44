"""The whole: a connection that is one of not too many.

See: docs/security.md#threats-and-limits
"""

import asyncio
from collections.abc import Callable
from typing import Any

from bff.http.errors import Code, RoehubError
from bff.serving.connection.last_requests import LastRequests

RETRY_AFTER_S = 1


class Connection(LastRequests):
    """Uvicorn's protocol with limits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._go: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Come in, be told that there is no room, or just be closed."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if self._limiter.enter(address):
            self._go = lambda: self._limiter.leave(address, self)
            self._limiter.begin_waiting(self)
        elif self._limiter.stay_outside():
            self._go = self._limiter.go_away
            self._leave(_no_room())
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another."""
        if self._go is not None:
            self._go()
        super().connection_lost(exc)

    def on_message_complete(self) -> None:
        """There is a whole request: this is no connection that only takes a place."""
        super().on_message_complete()
        if self.is_answering:
            self._limiter.stop_waiting(self)

    def on_response_complete(self) -> None:
        """Wait for another request."""
        super().on_response_complete()
        if not self.is_answering and not self.transport.is_closing():
            self._limiter.begin_waiting(self)

    def make_room(self) -> None:
        """Close at once; a newcomer needs the place."""
        self.transport.abort()


def _no_room() -> RoehubError:
    return RoehubError(
        Code.OVERLOADED,
        "Too many open connections; try again later",
        {"retry_after_s": RETRY_AFTER_S},
    )
