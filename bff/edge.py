"""The outermost layer: a request id, one log line, safe headers, and no bug that shows. Pure ASGI.

See: docs/security.md
"""

import logging
import time
from collections.abc import Mapping
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.errors import error_response, graphql_payload, masked, payload

log = structlog.stdlib.get_logger(__name__)

CLIENT_LEFT = 499

SAFE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Edge:
    """Wraps the whole application.

    Whatever is bound to structlog's context variables on the way (the user, a code, hashes and
    counts of a run) stands in the line.

    Args:
        app: The application.
        graphql_path: Where a masked bug is worded for a GraphQL client.
    """

    def __init__(self, app: ASGIApp, *, graphql_path: str) -> None:
        self._app = app
        self._graphql_path = graphql_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whatever happens and log it once."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid4())
        answer = _Answer(send, request_id)
        started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, answer.send)
        except Exception as exc:  # noqa: BLE001 - the edge of the process
            error = masked(exc)
            structlog.contextvars.bind_contextvars(code=error.code.value)
            if answer.status is None:
                is_graphql = scope["path"] == self._graphql_path
                response = error_response(error, graphql_payload if is_graphql else payload)
                await response(scope, receive, answer.send)
        finally:
            status = answer.status or CLIENT_LEFT
            log.log(
                logging.WARNING if status >= 500 else logging.INFO,
                "request",
                method=scope["method"],
                path=scope["path"][:200],
                status=status,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
            )


class _Answer:
    """Remembers the status of a response and adds headers to it."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self._request_id
        await self._send(message)
