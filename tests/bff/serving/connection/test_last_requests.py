import asyncio
import socket
from collections.abc import Callable, Coroutine

import pytest

from tests.bff.serving.connection.served import GET, Play, Server, served
from tests.waiting import PATIENCE_S

HELD = GET.replace(b"/", b"/held", 1)
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nlast"
QUICK_S = 0.3


def play_scene(play: Play, scene: Callable[[Server], Coroutine[None, None, bytes]]) -> bytes:
    async def there() -> bytes:
        async with served() as server:
            return await scene(server)

    return play(there())


async def idle_line(server: Server) -> socket.socket:
    """A connection that has had an answer; what it sends now is in the kernel at once."""
    line = socket.create_connection(("127.0.0.1", server.port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(line, GET)
    told = b""
    while not told.endswith(b"echo:"):
        piece = await loop.sock_recv(line, 1 << 16)
        assert piece, "closed before the answer"
        told += piece
    return line


async def rest(line: socket.socket) -> bytes:
    """What comes until the connection is closed."""
    loop, told = asyncio.get_running_loop(), b""
    while piece := await loop.sock_recv(line, 1 << 16):
        told += piece
    line.close()
    return told


@pytest.mark.parametrize(
    ("sent", "n_answers"),
    [(GET, 1), (POST, 1), (GET + POST, 2), (HELD + GET + POST, 3), (b"", 0)],
    ids=["a request", "one with a body", "two", "two behind one that lasts", "nothing"],
)
def test_what_lies_in_the_kernel_when_the_process_stops_is_answered(
    play: Play, sent: bytes, n_answers: int
) -> None:
    async def scene(server: Server) -> bytes:
        line = await idle_line(server)
        line.sendall(sent)  # the loop has had no turn since
        server.stop()
        server.app.released.set()
        return await rest(line)

    told = play_scene(play, scene)

    assert told.count(b"HTTP/1.1 200") == n_answers
    assert told.count(b"connection: close") == min(n_answers, 1)
    assert told.find(b"connection: close") >= told.rfind(b"HTTP/1.1 200")


def test_what_comes_behind_a_running_request_is_answered_too(play: Play) -> None:
    async def scene(server: Server) -> bytes:
        line = await idle_line(server)
        line.sendall(HELD)
        await server.app.begun.wait()
        line.sendall(POST)
        server.stop()
        server.app.released.set()
        return await rest(line)

    assert play_scene(play, scene).count(b"HTTP/1.1 200") == 2


def test_a_connection_that_was_made_too_late_is_read_once(play: Play) -> None:
    async def scene(server: Server) -> bytes:
        silent = socket.create_connection(("127.0.0.1", server.port))
        asking = socket.create_connection(("127.0.0.1", server.port))
        asking.sendall(GET)
        server.limiter.is_stopping = True  # both wait to be accepted
        for line in (silent, asking):
            line.setblocking(False)
        return b"|".join([await rest(silent), await rest(asking)])

    nothing, answer = play_scene(play, scene).split(b"|")

    assert nothing == b""
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_head_that_has_begun_may_end(play: Play) -> None:
    async def scene(server: Server) -> bytes:
        line = await idle_line(server)
        line.sendall(GET[:9])
        server.stop()
        await asyncio.sleep(0.1)
        line.sendall(GET[9:])
        return await rest(line)

    assert play_scene(play, scene).startswith(b"HTTP/1.1 200")


def test_one_that_does_not_end_has_its_time(play: Play) -> None:
    async def scene(server: Server) -> bytes:
        line = await idle_line(server)
        server.hurry(QUICK_S)
        line.sendall(GET[:9])
        server.stop()
        return await rest(line)

    assert play_scene(play, scene) == b""


def test_an_answer_has_longer_the_more_is_left_of_it(play: Play) -> None:
    n_bytes = 20 << 20

    async def scene(server: Server) -> bytes:
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.settimeout(PATIENCE_S)
        line.connect(("127.0.0.1", server.port))
        line.setblocking(False)
        body = str(n_bytes).encode()
        head = b"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        line.sendall(head + body)
        await asyncio.get_running_loop().sock_recv(line, 1)
        (connection,) = server.connections
        connection.give_up(5.0 + 19)
        is_kept = not connection.transport.is_closing()
        connection.give_up(5.0 + 20.1)
        while server.limiter.n_inside:  # noqa: ASYNC110 - a limiter has no event for it
            await asyncio.sleep(0.01)
        line.close()
        return b"kept, then dropped" if is_kept else b"dropped"

    assert play_scene(play, scene) == b"kept, then dropped"
