"""Answers are handed over piece by piece, each when the client has taken those before. Pure ASGI.

In one piece an answer would lie in the connection's buffer as a whole, and whether its client
takes anything of it could not be told.
See: docs/security.md
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SLICE_BYTES = 1 << 15


class SlicedAnswers:
    """Wraps an application; the connection says when it has room (`http.response.body` waits)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, in slices."""

        async def send_slices(message: Message) -> None:
            body = message.get("body", b"")
            if len(body) <= SLICE_BYTES:
                await send(message)
                return
            rest = memoryview(body)
            while len(rest) > SLICE_BYTES:
                await send({**message, "body": rest[:SLICE_BYTES], "more_body": True})
                rest = rest[SLICE_BYTES:]
            await send({**message, "body": rest})

        await self._app(scope, receive, send_slices)
