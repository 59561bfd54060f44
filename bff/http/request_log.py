"""Around all that answers: a request id, one log line, safe headers, no bug that shows. Pure ASGI.

See: docs/security.md
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.http.errors import error_response, graphql_payload, masked, payload
from bff.telemetry.facts import Facts, collect

log = structlog.stdlib.get_logger(__name__)

CLIENT_LEFT = 499

SAFE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Watcher = Callable[[Mapping[str, Any], Headers], None]


class RequestLog:
    """Wraps the whole application.

    Whatever is noted (`bff.telemetry.facts`) or bound to structlog's context variables on the way
    stands in the line: the user, a code, hashes, counts and times of a run.

    Args:
        app: The application.
        graphql_path: Where a masked bug is worded for a GraphQL client.
        share: Lets pages of allowed origins read its answer, as they may read all others.
        watchers: Shown the line's facts and the request's headers after each answer.

    See: docs/reliability.md
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        graphql_path: str,
        share: Callable[[ASGIApp], ASGIApp],
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self._app = app
        self._graphql_path = graphql_path
        self._share = share
        self._watchers = watchers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whatever happens and log it once."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        facts = collect()
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as exc:  # noqa: BLE001 - the edge of the process
            await self._answer_bug(exc, scope, exchange)
        finally:
            self._log_request(scope, exchange, facts)

    async def _answer_bug(self, exc: Exception, scope: Scope, exchange: "_Exchange") -> None:
        error = masked(exc)
        if exchange.status is None:
            is_graphql = scope["path"] == self._graphql_path
            response = error_response(error, graphql_payload if is_graphql else payload)
            await self._share(response)(scope, exchange.receive, exchange.send)

    def _log_request(self, scope: Scope, exchange: "_Exchange", facts: Facts) -> None:
        status = CLIENT_LEFT if exchange.has_client_left else exchange.status or CLIENT_LEFT
        line: Facts = {
            **structlog.contextvars.get_contextvars(),
            **facts,
            "client": None if scope.get("client") is None else scope["client"][0],
            "method": scope["method"],
            "path": scope["path"][:200],
            "status": status,
            "duration_ms": round((time.perf_counter() - exchange.started) * 1000, 1),
            "answer_bytes": exchange.n_bytes,
        }
        log.log(logging.WARNING if status >= 500 else logging.INFO, "request", **line)
        for watch in self._watchers:
            watch(line, Headers(scope=scope))


class _Exchange:
    """Both channels of a request: remembers what went through, adds headers to the answer."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.request_id = str(uuid4())
        self.started = time.perf_counter()
        self.status: int | None = None
        self.n_bytes = 0
        self.has_client_left = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" and self.status is None:
            self.has_client_left = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self.request_id
        else:
            self.n_bytes += len(message.get("body", b""))
        await self._send(message)
