import asyncio
from contextlib import suppress

import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bff.http.timeouts import TimedProtocol
from tests.waiting import PATIENCE_S

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b"late but well"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(1.2)
    await Response(ANSWER)(scope, receive, send)


async def received(port: int, *, answered: bytes = b"", dribbled: bytes = b"") -> bytes:
    """What a connection gets that sends a request, then a byte each tenth of a second, until
    the server closes it.
    """
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(answered)
        told = await reader.readuntil(ANSWER) if answered else b""
        dribbling = asyncio.ensure_future(_dribble(writer, dribbled))
        with suppress(ConnectionResetError):  # a byte was still on its way
            while piece := await reader.read(1_024):
                told += piece
        dribbling.cancel()
        writer.close()
        return told


async def _dribble(writer: asyncio.StreamWriter, content: bytes) -> None:
    for byte in content:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.1)


async def visited() -> list[bytes]:
    config = uvicorn.Config(app, port=0, http=TimedProtocol, timeout_keep_alive=1, log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(PATIENCE_S):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    try:
        ended = await asyncio.gather(
            received(port),
            received(port, dribbled=REQUEST),
            received(port, answered=REQUEST),
            received(port, answered=REQUEST, dribbled=REQUEST),
        )
    finally:
        server.should_exit = True
        await serving
    return list(ended)


def test_silent_and_dribbling_connections_end_and_slow_answers_do_not() -> None:
    silent, slow, patient, second_slow = asyncio.run(visited())

    assert (silent, slow) == (b"", b"")
    assert patient.endswith(ANSWER)
    assert second_slow.count(ANSWER) == 1
