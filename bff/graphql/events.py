"""A subscription as server-sent events: how far the run is, and its answer last.

The events are those of the protocol "GraphQL over Server-Sent Events", one connection for each.
See: docs/graphql.md#progress
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backtest.errors import BacktestError
from bff.admission.pool import CallProgress, Watch
from bff.graphql.errors import to_refusal
from bff.graphql.execution import GraphqlAnswer
from bff.http.errors import RoehubError, graphql_payload

EVENT_STREAM = "text/event-stream"
COMPLETE = b"event: complete\ndata:\n\n"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy that collects an answer would show it all at once
}

Start = Callable[[Watch], Coroutine[Any, Any, GraphqlAnswer]]


class RunEvents:
    """A run that goes on, and what it has told.

    Args:
        start: Begins the run; calls what it is given from any thread.
        show: The data of an event, from progress.

    See: docs/graphql.md#progress
    """

    def __init__(self, start: Start, show: Callable[[CallProgress], Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[CallProgress | None] = asyncio.Queue()
        self._show = show
        self._run = asyncio.ensure_future(start(self._enqueue))
        self._run.add_done_callback(lambda _: self._queue.put_nowait(None))

    def _enqueue(self, progress: CallProgress) -> None:
        self._loop.call_soon_threadsafe(self._queue.put_nowait, progress)

    async def first(self) -> CallProgress | None:
        """What the run tells first; None where it has ended without a word."""
        try:
            return await self._queue.get()
        except asyncio.CancelledError:
            self.leave()
            raise

    def answer(self) -> GraphqlAnswer:
        """How a run that has ended ended.

        Raises:
            BacktestError: It was refused, cancelled or too slow.
        """
        return self._run.result()

    def leave(self) -> None:
        """End the run, which nobody waits for."""
        self._run.cancel()

    async def pieces(self, progress: CallProgress | None) -> AsyncIterator[bytes]:
        """The text of all events, from the one that came first."""
        while progress is not None:
            yield _next(json.dumps({"data": self._show(progress)}, separators=(",", ":")).encode())
            progress = await self._queue.get()
        for piece in self._last():
            yield piece
        yield COMPLETE

    def _last(self) -> Iterator[bytes]:
        try:
            answer = self.answer()
        except (BacktestError, RoehubError) as exc:
            text = json.dumps(graphql_payload(to_refusal(exc)), separators=(",", ":"))
            yield _next(text.encode())
            return
        yield b"event: next\ndata: "
        yield from answer.body.pieces
        yield b"\n\n"


class EventStream(Response):
    """A response that sends events while a run goes on, and ends the run where the client leaves.

    Args:
        events: The run.
        first: What it has told already.

    See: docs/graphql.md#progress
    """

    def __init__(self, events: RunEvents, first: CallProgress | None) -> None:
        super().__init__(None, 200, HEADERS, f"{EVENT_STREAM}; charset=utf-8")
        del self.headers["content-length"]
        self._events, self._first = events, first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and every event when it comes."""
        del scope, receive  # the run itself watches whether the client is there
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        try:
            async for piece in self._events.pieces(self._first):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            self._events.leave()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _next(text: bytes) -> bytes:
    return b"event: next\ndata: " + text + b"\n\n"
