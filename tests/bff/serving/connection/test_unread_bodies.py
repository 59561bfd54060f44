"""An answer that comes before the body has arrives, though its connection is closed."""

import asyncio
import http.client
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bff.config.sections import Connections
from bff.http.body import BodyReader
from bff.http.errors import error_response
from bff.serving.connection import requests
from tests.bff.serving.connection.served import GET, Play, served
from tests.waiting import PATIENCE_S

MB = 1_000_000
POST = b"POST /backtests HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"


def behind_the_door(app: ASGIApp) -> ASGIApp:
    return BodyReader(
        app, faces={"/backtests": error_response}, max_bytes=1_000, max_seconds=PATIENCE_S
    )


def declining(app: ASGIApp) -> ASGIApp:
    """Answers before it has read anything."""
    del app

    async def decline(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"no", 404)(scope, receive, send)

    return decline


def posted(port: int, body: bytes | Iterator[bytes], headers: dict[str, str]) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        line.request("POST", "/backtests", body, headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def told_at_the_end(port: int, sent: bytes) -> bytes:
    """What a client finds that sends everything before it reads anything."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as line:
        line.sendall(sent)
        return line.recv(1_024)


@pytest.mark.parametrize("is_chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("n_mb", [1, 4, 10])
def test_a_body_that_is_too_large_is_told_so(play: Play, n_mb: int, is_chunked: bool) -> None:
    body = (bytes(MB) for _ in range(n_mb)) if is_chunked else bytes(n_mb * MB)

    async def visit() -> tuple[int, bytes]:
        async with served(wrap=behind_the_door) as server:
            return await asyncio.to_thread(posted, server.port, body, {})

    status, told = play(visit())
    assert status == 413
    assert b"payload_too_large" in told


def test_a_client_that_wants_no_other_answer_gets_the_one_to_a_body_nobody_read(play: Play) -> None:
    async def visit() -> tuple[int, bytes]:
        async with served(wrap=declining) as server:
            return await asyncio.to_thread(
                posted, server.port, bytes(4 * MB), {"Connection": "close"}
            )

    assert play(visit()) == (404, b"no")


def test_what_is_not_http_is_told_so_however_much_comes_behind(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "LINGER_S", PATIENCE_S)

    async def visit() -> bytes:
        async with served() as server:
            return await asyncio.to_thread(told_at_the_end, server.port, bytes(4 * MB))

    assert play(visit()).startswith(b"HTTP/1.1 400")


def test_nothing_behind_such_an_answer_is_taken_for_a_request(play: Play) -> None:
    async def visit() -> tuple[bytes, int]:
        async with served(wrap=behind_the_door) as server:
            short = POST.replace(b"20000000", b"2000")
            answer = await server.said(short + bytes(2_000) + GET, ends=True)
            return answer, len(server.app.seen)

    answer, n_seen = play(visit())
    assert (answer.count(b"HTTP/1.1 "), n_seen) == (1, 0)


@pytest.mark.parametrize("n_mb", [0, 20], ids=["silence", "more than is passed over"])
def test_whoever_goes_on_or_stays_is_closed(play: Play, n_mb: int) -> None:
    async def visit() -> bool:
        async with served(Connections(head_max_seconds=0.5), wrap=behind_the_door) as server:
            reader, writer = await server.connect()
            writer.write(POST + bytes(n_mb * MB))
            with suppress(ConnectionError):  # a part of the body was still on its way
                await reader.read()
            while server.limiter.n_inside:  # noqa: ASYNC110 - a limiter has no event for it
                await asyncio.sleep(0.01)
            writer.close()
            return True

    assert play(visit())
