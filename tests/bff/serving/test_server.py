import asyncio
import socket
import threading
import time
from contextlib import closing

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from backtest.control import Control
from backtest.errors import RunCancelled
from bff.admission.pool import RunPool
from bff.config.sections import Server
from bff.serving.server import DrainingServer
from tests.bff.serving.connection.served import GET, Play
from tests.waiting import PATIENCE_S

N_WAITING = 40


def stopped(
    play: Play,
    app: ASGIApp,
    pool: RunPool,
    *,
    n_lines: int,
    n_running: int = 0,
    drain_s: float = PATIENCE_S,
) -> list[bytes]:
    """What `n_lines` clients get that have sent a request before the stop.

    It comes as soon as `n_running` of them have a thread; the others wait to be accepted.
    """

    async def there() -> list[socket.socket]:
        listener, ready = socket.create_server(("127.0.0.1", 0), backlog=n_lines), asyncio.Event()
        server = DrainingServer(
            app,
            runs=pool,
            queries=pool,
            section=Server(drain_seconds=drain_s),
            on_ready=ready.set,
        )
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        await ready.wait()
        lines = [socket.create_connection(listener.getsockname()) for _ in range(n_lines)]
        for line in lines:
            line.sendall(GET)
        async with asyncio.timeout(PATIENCE_S):
            while pool.n_running < n_running:  # noqa: ASYNC110 - a pool has no event for it
                await asyncio.sleep(0)
        server.should_exit = True
        await serving
        return lines

    return [said(line) for line in play(there())]


def said(line: socket.socket) -> bytes:
    """What lies there; nothing where the connection was reset."""
    with closing(line):
        line.settimeout(PATIENCE_S)
        try:
            return line.recv(1 << 16)
        except ConnectionResetError:
            return b""


def test_what_waits_to_be_accepted_by_a_slow_process_is_answered(play: Play) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        time.sleep(0.05)  # noqa: ASYNC251 - nothing else gets a turn
        await Response(b"answer")(scope, receive, send)

    answers = stopped(play, slow, RunPool(running=1, waiting=1), n_lines=N_WAITING)

    assert [answer.endswith(b"answer") for answer in answers] == [True] * N_WAITING


def test_what_lasts_longer_than_the_drain_is_answered_before_it_has_ended(play: Play) -> None:
    pool, release = RunPool(running=1, waiting=1), threading.Event()

    def work(_: Control) -> None:
        release.wait(PATIENCE_S)

    async def lasting(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        try:
            await pool.run_in_thread(receive, work)
        except RunCancelled:
            await Response(status_code=503)(scope, receive, send)

    (answer,) = stopped(play, lasting, pool, n_lines=1, n_running=1, drain_s=0.1)
    release.set()
    pool.close()

    assert answer.startswith(b"HTTP/1.1 503")
