"""Which request of a connection is being answered, and how a connection is left.

See: docs/security.md#threats-and-limits
"""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import structlog
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bff.http.errors import RoehubError
from bff.serving.connection.alarm import Alarm
from bff.serving.connection.refusal_bytes import refusal_bytes

log = structlog.stdlib.get_logger(__name__)

LINGER_S = 1.0
LINGER_BYTES = 1 << 24


class Requests(HttpToolsProtocol):
    """Knows the request that is being answered, and leaves only when it has been.

    Uvicorn knows the newest request instead, which is another one where a client sends several
    without waiting for answers.
    """

    transport: asyncio.Transport

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._running: RequestResponseCycle | None = None
        self._refusal: RoehubError | None = None
        self._n_ignored = 0
        self._is_left = False
        self._linger = Alarm(self.loop, LINGER_S, self._end)

    @property
    def has_request(self) -> bool:
        """Whether a head has come whose request is not answered to the end."""
        return self._running is not None and not self._running.response_complete

    @property
    def is_answering(self) -> bool:
        """Whether a request has come as a whole or is answered already, and not to the end."""
        running = self._running
        if running is None or not self.has_request:
            return False
        return running.response_started or not (running is self.cycle and running.more_body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being answered; those behind it have not begun."""
        self._linger.stop()
        self.pipeline.clear()
        self._abandon_running()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Ignore what comes after the last words; there is nobody to hear it."""
        self._n_ignored += len(data)
        if self._n_ignored > LINGER_BYTES:
            self.transport.abort()

    def on_response_complete(self) -> None:
        """Go on with the next request, or leave if there was something wrong with it."""
        super().on_response_complete()
        # There is a clock of ours for that, which bytes do not stop.
        self._unset_keepalive_if_required()
        if self._refusal is not None and not self.is_answering:
            self._leave(self._refusal)

    def refuse(self, error: RoehubError) -> None:
        """Say what is wrong with what the client sends, when it has its earlier answers."""
        if self._refusal is not None:
            return
        self._refusal = error
        log.info("connection_refused", code=error.code.value, reason=error.message)
        if not self.is_answering:
            self._leave(error)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        line = cycle.transport  # which it would close by itself
        own = SimpleNamespace(write=line.write, is_closing=line.is_closing, close=self._close)
        cycle.transport = cast("asyncio.Transport", own)
        super()._start_asgi_task(cycle, app)

    def _close(self) -> None:
        """End after an answer, one half of the connection where a body is still on its way.

        Closing both would take the answer back. The rest has the time of a head until it ends.
        """
        running = self._running
        is_whole = running is None or not running.response_complete or not running.more_body
        if is_whole or self.transport.is_closing():
            self.transport.close()
        else:
            self._is_left = True
            self.transport.write_eof()

    def _leave(self, error: RoehubError) -> None:
        """Have the last word, then wait a moment for the client to read it.

        Closing at once would take it back where bytes of the client are still on their way.
        """
        self._abandon_running()
        if self.transport.is_closing():
            return
        self._is_left = True
        self.transport.write(refusal_bytes(error))
        self.flow.resume_reading()
        self.transport.write_eof()
        self._linger.start()

    def _abandon_running(self) -> None:
        running = self._running
        if running is not None and self.has_request:
            running.disconnected = True
            running.message_event.set()

    def _end(self) -> None:
        if self.transport.get_write_buffer_size():
            self._linger.start()
        else:
            self.transport.abort()
