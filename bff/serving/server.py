"""The HTTP server of one process, and how it stops without losing what it has accepted.

See: docs/reliability.md
"""

import asyncio
import os
import selectors
import socket
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from math import ceil
from types import FrameType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from bff.admission.pool import RunPool
from bff.config.sections import Server as ServerSection
from bff.http.addresses import Networks
from bff.serving.connection.connection_limiter import ConnectionLimiter
from bff.serving.connection.last_requests import last_answer_s
from bff.serving.connection.protocol import Connection
from bff.serving.connection.slices import SlicedAnswers
from bff.serving.open_files import room_for_connections

LAME_DUCK_S = 0.3
SWITCH_S = 0.001
MOMENT_S = 0.1


def prefer_short_waits() -> None:
    """Let a thread that waits for the interpreter have it after a millisecond instead of five.

    An answer takes the interpreter several times, and each time a cheap question may hold it.
    """
    sys.setswitchinterval(SWITCH_S)


class DrainingServer(uvicorn.Server):
    """A server that ends with code 0 when it is asked to, and at once when asked again.

    Args:
        app: The application.
        runs: Refuses what waits as soon as the process is asked to stop.
        queries: Goes on until the end of the drain.
        section: How long that is, and the limits of connections and answers.
        on_ready: Called when requests are answered and signals understood.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        runs: RunPool,
        queries: RunPool,
        section: ServerSection,
        on_ready: Callable[[], None],
    ) -> None:
        limits, drain_s = section.connections, section.drain_seconds
        limiter = ConnectionLimiter(
            room_for_connections(limits.max_total),
            limits.max_per_address,
            Networks(section.trusted_proxies),
        )
        super().__init__(
            uvicorn.Config(
                SlicedAnswers(app),
                # Made for each connection, as a class is.
                http=cast("type[Connection]", partial(Connection, limits=limits, limiter=limiter)),
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # `bff.app` does that, for the proxies of the settings
                timeout_graceful_shutdown=ceil(drain_s + last_answer_s(section.answer_max_bytes)),
            )
        )
        self._limiter = limiter
        self._runs, self._queries = runs, queries
        self._drain_s = drain_s
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second signal ends the process where it stands."""
        del frame
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse what waits, accept what has come, then close and let runs finish.

        The moment before is for requests that were sent before the signal and are on their way.
        """
        self._runs.drain()
        await asyncio.sleep(LAME_DUCK_S)
        await self._accept_waiting(sockets or [])
        self._limiter.is_stopping = True
        ending = asyncio.ensure_future(self._end_what_lasts())
        await super().shutdown(sockets)
        ending.cancel()

    async def _accept_waiting(self, listeners: list[socket.socket]) -> None:
        """Let the loop accept everything that waits; closing a listener resets it.

        A loop may accept one connection a turn, and no more than these can have waited. What
        comes in the meantime may be for another worker.
        """
        for _ in range(self.config.backlog):
            if not _is_anybody_waiting(listeners):
                return
            await asyncio.sleep(0)

    async def _end_what_lasts(self) -> None:
        """After the drain have everything answered, then drop who does not take it.

        Moments are counted: while other programs have the processor, none goes by.
        """
        await asyncio.sleep(self._drain_s)
        for pool in (self._runs, self._queries):
            pool.drain()
            pool.cancel_running()
        for moment in count(1):
            await asyncio.sleep(MOMENT_S)
            for connection in tuple(self.server_state.connections):
                cast("Connection", connection).give_up(moment * MOMENT_S)


def _is_anybody_waiting(listeners: list[socket.socket]) -> bool:
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            selector.register(listener, selectors.EVENT_READ)
        return bool(selector.select(0))
