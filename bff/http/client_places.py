"""How many requests of one client may be under way behind a proxy. Pure ASGI.

A proxy's connections are those of everybody, so they are not counted by address
(`bff.serving.connection.connection_limiter`); what comes over them is counted here, by the address
that the proxy tells. See: docs/security.md#behind-a-proxy
"""

from collections import Counter
from collections.abc import Callable, Mapping

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bff.http.addresses import Networks, place_of
from bff.http.errors import Code, RoehubError, error_response

RETRY_AFTER_S = 1


class ClientPlaces:
    """Refuses a client that has too many requests under way.

    Args:
        app: What is behind the door.
        faces: Paths, each with the way its face words a refusal.
        max_per_address: Requests of one client at a time.
        proxies: Addresses that are not a client's: what a proxy asks for itself has no limit.

    See: docs/security.md
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        faces: Mapping[str, Callable[[RoehubError], Response]],
        max_per_address: int,
        proxies: Networks,
    ) -> None:
        self._app = app
        self._faces = faces
        self._max_per_address = max_per_address
        self._proxies = proxies
        self._n_of: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer it here."""
        client = scope.get("client") if scope["type"] == "http" else None
        if client is None or client[0] in self._proxies:
            await self._app(scope, receive, send)
            return
        place = place_of(client[0])
        if self._n_of[place] >= self._max_per_address:
            error = _no_room()
            structlog.contextvars.bind_contextvars(code=error.code.value)
            await self._faces.get(scope["path"], error_response)(error)(scope, receive, send)
            return
        self._n_of[place] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._n_of[place] -= 1
            if not self._n_of[place]:
                del self._n_of[place]


def _no_room() -> RoehubError:
    return RoehubError(
        Code.OVERLOADED,
        "Too many simultaneous requests from this address; try again later",
        {"retry_after_s": RETRY_AFTER_S},
    )
