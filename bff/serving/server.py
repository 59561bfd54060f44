"""The HTTP server of one process, and how it stops without losing what it has accepted.

See: docs/reliability.md
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from math import ceil
from types import FrameType
from typing import cast

import uvicorn
from fastapi import FastAPI

from bff.admission.pool import RunPool
from bff.config.sections import Server as ServerSection
from bff.http.addresses import Networks
from bff.serving.connection.crowd import Crowd
from bff.serving.connection.protocol import Connection
from bff.serving.connection.slices import SlicedAnswers
from bff.serving.open_files import room_for_connections

LAME_DUCK_S = 0.3
TURN_S = 0.02
LAST_TURNS = 5
SWITCH_S = 0.001
ANSWER_S = 5


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
        section: How long runs may go on after that, and the limits of connections.
        on_ready: Called when requests are answered and signals understood.
    """

    def __init__(
        self,
        app: FastAPI,
        *,
        runs: RunPool,
        section: ServerSection,
        on_ready: Callable[[], None],
    ) -> None:
        limits, drain_s = section.connections, section.drain_seconds
        crowd = Crowd(
            room_for_connections(limits.max_total),
            limits.max_per_address,
            Networks(section.trusted_proxies),
        )
        super().__init__(
            uvicorn.Config(
                SlicedAnswers(app),
                # Made for each connection, as a class is.
                http=cast("type[Connection]", partial(Connection, limits=limits, crowd=crowd)),
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # `bff.app` does that, for the proxies of the settings
                timeout_graceful_shutdown=ceil(drain_s) + ANSWER_S,
            )
        )
        self._runs = runs
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
        """Refuse what waits, go on answering for a moment, then close and let runs finish.

        A request that is still on its way when the listener closes is lost to its sender. The
        moment lets those arrive that were sent before the signal.
        """
        self._runs.drain()
        await asyncio.sleep(LAME_DUCK_S)
        for _ in range(LAST_TURNS):
            # A loop that was held up looks at its timers first: accepting a connection, reading
            # from it and beginning to answer take a turn each before this may go on.
            await asyncio.sleep(TURN_S)
        timer = asyncio.get_running_loop().call_later(self._drain_s, self._runs.cancel_running)
        await super().shutdown(sockets)
        timer.cancel()
