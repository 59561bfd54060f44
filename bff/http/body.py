"""What every request with a body passes before anything is built from it. Pure ASGI.

A middleware with a task of its own (`BaseHTTPMiddleware`) would hide that a client has left.
See: docs/security.md
"""

import asyncio
from collections.abc import Callable, Mapping
from email.message import Message as Header

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bff.http.errors import Code, RoehubError

Refusal = Callable[[RoehubError], Response]


class BodyReader:
    """Checks POST bodies before anybody reads them; hands them on as `request.state.body`.

    Args:
        app: What is behind the door.
        faces: Guarded paths, each with the way its face words a refusal.
        max_bytes: Largest body.
        max_seconds: How long a body may take to arrive.

    See: docs/security.md
    """

    def __init__(
        self, app: ASGIApp, *, faces: Mapping[str, Refusal], max_bytes: int, max_seconds: float
    ) -> None:
        self._app = app
        self._faces = faces
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer it here."""
        refuse = self._faces.get(scope["path"]) if scope["type"] == "http" else None
        if refuse is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read_in_time(Headers(scope=scope), receive)
        except RoehubError as error:
            structlog.contextvars.bind_contextvars(code=error.code.value)
            await refuse(error)(scope, receive, send)
            return
        if body is None:
            return
        scope.setdefault("state", {})["body"] = body
        await self._app(scope, _replay(body, receive), send)

    async def _read_in_time(self, headers: Headers, receive: Receive) -> bytes | None:
        try:
            async with asyncio.timeout(self._max_seconds):
                return await self._read(headers, receive)
        except TimeoutError:
            raise RoehubError(
                Code.MALFORMED_REQUEST,
                f"The body must arrive within {self._max_seconds:g} s",
                {"body_max_seconds": self._max_seconds},
                headers={"Connection": "close"},
            ) from None

    async def _read(self, headers: Headers, receive: Receive) -> bytes | None:
        """The whole body; None when the client left while sending it."""
        self._check_declared_length(headers.get("content-length"))
        chunks: list[bytes] = []
        n_bytes = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            n_bytes += len(chunk)
            if n_bytes > self._max_bytes:
                raise self._too_large()
            chunks.append(chunk)
            more = message.get("more_body", False)
        _check_coding(headers)
        _check_media_type(headers)
        return b"".join(chunks)

    def _check_declared_length(self, declared: str | None) -> None:
        if declared is not None and declared.isdecimal() and int(declared[:20]) > self._max_bytes:
            raise self._too_large()

    def _too_large(self) -> RoehubError:
        return RoehubError(
            Code.PAYLOAD_TOO_LARGE,
            f"The body must have at most {self._max_bytes} bytes",
            {"max_bytes": self._max_bytes},
            # What was not read would otherwise be taken for the next request.
            headers={"Connection": "close"},
        )


def _check_coding(headers: Headers) -> None:
    """A small body could become a large one; nothing here would bound that."""
    if any(value.strip().lower() != "identity" for value in headers.getlist("content-encoding")):
        raise RoehubError(
            Code.UNSUPPORTED_MEDIA_TYPE,
            "The body must not be compressed: send it without Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )


def _check_media_type(headers: Headers) -> None:
    values = headers.getlist("content-type")
    if not (len(values) == 1 and _is_json(values[0])):
        raise RoehubError(
            Code.UNSUPPORTED_MEDIA_TYPE, "The Content-Type must be application/json in UTF-8"
        )


def _is_json(content_type: str) -> bool:
    header = Header()
    header["content-type"] = content_type
    try:
        charset = header.get_content_charset("utf-8")
    except (TypeError, ValueError):  # parameters in several parts (RFC 2231) that do not fit
        return False
    return header.get_content_type() == "application/json" and charset in {"utf-8", "utf8"}


def _replay(body: bytes, receive: Receive) -> Receive:
    """A channel that gives the body once more and then whatever the client does next."""
    is_given = False

    async def replayed() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
