"""A server around a small application, in this process, and connections to it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bff.config.sections import Connections
from bff.serving.connection.connection_limiter import ConnectionLimiter
from bff.serving.connection.protocol import Connection
from bff.serving.connection.slices import SlicedAnswers
from tests.waiting import PATIENCE_S

PATIENT = Connections(head_max_seconds=PATIENCE_S, answer_stall_seconds=PATIENCE_S)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Play = Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass(kw_only=True)
class App:
    """Echoes bodies; `/large` answers with as many bytes as its body says, `/held` when let go."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = Request(scope, receive)
        body = await request.body()
        self.seen.append((scope["path"], dict(request.headers), body))
        answer = bytes(int(body)) if scope["path"] == "/large" else b"echo:" + body
        if scope["path"] == "/held":
            await self._hold(receive)
        await Response(answer)(scope, receive, send)

    async def _hold(self, receive: Receive) -> None:
        self.begun.set()
        leaving = asyncio.ensure_future(receive())
        released = asyncio.ensure_future(self.released.wait())
        await asyncio.wait({leaving, released}, return_when=asyncio.FIRST_COMPLETED)
        released.cancel()
        if leaving.done():
            self.left.set()
        leaving.cancel()


@dataclass(frozen=True, kw_only=True)
class Server:
    """What is connected to."""

    port: int
    app: App
    limiter: ConnectionLimiter
    connections: Collection[Connection]

    def stop(self) -> None:
        """What is done to connections when the process stops."""
        self.limiter.is_stopping = True
        for connection in tuple(self.connections):
            connection.shutdown()

    def hurry(self, head_max_seconds: float) -> None:
        """Give the heads of the connections that there are so long from now on.

        With a short time from the beginning, a pause of the machine could end a connection before
        its first request.
        """
        for connection in self.connections:
            connection._head._seconds = head_max_seconds

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def said(self, *pieces: bytes, ends: bool = False) -> bytes:
        """Everything that comes until the connection is closed."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        if ends:
            writer.write_eof()
        try:
            return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def served(
    limits: Connections | None = None, wrap: Callable[[ASGIApp], ASGIApp] = SlicedAnswers
) -> AsyncGenerator[Server]:
    """A server that ends with the block; nothing hangs for ever."""
    limits = limits or PATIENT
    app, limiter = App(), ConnectionLimiter(limits.max_total, limits.max_per_address)
    http = partial(Connection, limits=limits, limiter=limiter)
    server = uvicorn.Server(
        uvicorn.Config(
            wrap(app),
            port=0,
            http=http,  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(PATIENCE_S):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        port: int = server.servers[0].sockets[0].getsockname()[1]
        try:
            connections = cast("set[Connection]", server.server_state.connections)
            yield Server(port=port, app=app, limiter=limiter, connections=connections)
        finally:
            app.released.set()
            server.should_exit = True
            await serving
