import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bff.config.sections import Connections
from tests.bff.serving.connection.served import GET, PATIENT, Play, Server, served
from tests.waiting import PATIENCE_S

QUICK_S = 0.3
QUICK = Connections(head_max_seconds=QUICK_S)
STALLED = Connections(answer_stall_seconds=0.5)
LARGE_BYTES = 30 << 20
N_RENEWED = 10
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def hurried(server: Server) -> Line:
    """A connection that has all the time before its first head, and little from then on."""
    line = await server.connect()
    while not server.connections:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    server.hurry(QUICK_S)
    return line


async def dribbled(line: Line, first: bytes, piece: bytes) -> bytes:
    """What a connection gets that sends something time and again until it is closed."""
    reader, writer = line

    async def dribble() -> None:
        writer.write(first)
        while True:
            writer.write(piece)
            await asyncio.sleep(QUICK_S / 10)

    sending = asyncio.ensure_future(dribble())
    told = b""
    with suppress(ConnectionError):  # a piece was still on its way
        while got := await reader.read(1_024):
            told += got
    sending.cancel()
    writer.close()
    return told


def visit(
    play: Play, limits: Connections, scene: Callable[[Server], Coroutine[None, None, bytes]]
) -> bytes:
    async def play_there() -> bytes:
        async with served(limits) as server:
            return await scene(server)

    return play(play_there())


@pytest.mark.parametrize(
    ("first", "piece"),
    [(b"", b""), (GET[:5], b"a"), (GET[:-2], b"A: b\r\n"), (b"", b"\r\n")],
    ids=["silence", "a URL", "a head", "blank lines"],
)
def test_a_head_has_its_time_however_it_grows(play: Play, first: bytes, piece: bytes) -> None:
    async def scene(server: Server) -> bytes:
        return await dribbled(await server.connect(), first, piece)

    assert visit(play, QUICK, scene) == b""


@pytest.mark.parametrize("piece", [b"", b"\r\n", b"G"], ids=["silence", "blank lines", "a head"])
def test_so_has_the_next_one_after_an_answer(play: Play, piece: bytes) -> None:
    async def scene(server: Server) -> bytes:
        return await dribbled(await hurried(server), GET, piece)

    assert visit(play, PATIENT, scene).count(b"HTTP/1.1 200") == 1


def test_a_body_that_nobody_reads_has_no_more_time_than_a_head(play: Play) -> None:
    declined = b"GET /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def unread(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"early")(scope, receive, send)

    async def there() -> bytes:
        async with served(PATIENT, wrap=lambda _: unread) as server:
            return await dribbled(await hurried(server), declined, b"1\r\na\r\n")

    assert play(there()).endswith(b"early")


def test_half_a_head_behind_a_request_does_not_cut_it(play: Play) -> None:
    async def scene(server: Server) -> bytes:
        reader, writer = await hurried(server)
        writer.write(GET.replace(b"/", b"/held", 1) + GET[:9])
        await server.app.begun.wait()
        await asyncio.sleep(3 * QUICK_S)
        server.app.released.set()
        answer = await reader.read()
        writer.close()
        return answer

    assert visit(play, PATIENT, scene).startswith(b"HTTP/1.1 200")


def large_answer(server: Server, window: int) -> socket.socket:
    """A connection that asks for thirty megabytes and has room for a few kilobytes."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    line.settimeout(PATIENCE_S)
    line.connect(("127.0.0.1", server.port))
    body = str(LARGE_BYTES).encode()
    head = b"POST /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    line.sendall(head % len(body) + body)
    return line


def test_an_answer_that_is_taken_byte_by_byte_is_dropped(play: Play) -> None:
    async def scene(server: Server) -> bytes:
        with large_answer(server, 4_096) as line:
            line.setblocking(False)
            while not server.limiter.n_inside:  # noqa: ASYNC110 - a limiter has no event for it
                await asyncio.sleep(0.01)
            while server.limiter.n_inside:
                with suppress(BlockingIOError, ConnectionResetError):
                    line.recv(1)
                await asyncio.sleep(0.02)
        return b"dropped"

    assert visit(play, STALLED, scene) == b"dropped"


def test_every_piece_that_is_taken_wins_the_rest_of_an_answer_the_whole_time_anew(
    play: Play,
) -> None:
    async def scene(server: Server) -> bytes:
        loop, n_bytes, ends_at = asyncio.get_running_loop(), 0, [0.0]
        with large_answer(server, 1 << 18) as line:
            line.setblocking(False)
            while piece := await loop.sock_recv(line, 1 << 16):
                n_bytes += len(piece)
                for connection in server.connections:
                    timer = connection._slice._handle
                    if timer is not None and timer.when() > ends_at[-1]:
                        ends_at.append(timer.when())
        assert len(ends_at) > N_RENEWED
        return str(n_bytes).encode()

    assert int(visit(play, PATIENT, scene)) > LARGE_BYTES
