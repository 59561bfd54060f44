import asyncio
import time

import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bff.http.timeouts import TimedProtocol
from tests.backtest.adapters.postgres_server import free_port

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(1.2)
    await Response(b"late but well")(scope, receive, send)


async def seconds_until_closed(port: int, pieces: list[bytes]) -> tuple[float, bytes]:
    """How long a connection lives that sends a piece each tenth of a second, and what it got."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.monotonic()

    async def dribble() -> None:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.1)

    sending = asyncio.ensure_future(dribble())
    received = await asyncio.wait_for(reader.read(), 10)
    sending.cancel()
    writer.close()
    return time.monotonic() - started, received


async def visited(port: int) -> list[tuple[float, bytes]]:
    config = uvicorn.Config(
        app, port=port, http=TimedProtocol, timeout_keep_alive=1, log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    slow_head = [REQUEST[i : i + 1] for i in range(len(REQUEST))]
    dribbled = [bytes([byte]) for byte in REQUEST + b"G" * 100]
    ended = await asyncio.gather(
        seconds_until_closed(port, []),
        seconds_until_closed(port, slow_head),
        seconds_until_closed(port, [REQUEST]),
        seconds_until_closed(port, [REQUEST, *([b""] * 13), *dribbled]),
    )
    server.should_exit = True
    await serving
    return list(ended)


def test_silent_and_dribbling_connections_end_and_slow_answers_do_not() -> None:
    silent, slow, patient, second_slow = asyncio.run(visited(free_port()))

    assert silent[0] < 2
    assert slow[0] < 2
    assert (silent[1], slow[1]) == (b"", b"")
    assert patient[1].endswith(b"late but well")
    assert second_slow[1].count(b"late but well") == 1
    assert second_slow[0] < 4
