import pytest

from tests.bff.serving.connection.served import GET, Play, served

HELD = GET.replace(b"/", b"/held", 1)


def test_a_client_that_will_send_no_more_gets_its_answers(play: Play) -> None:
    async def visit() -> bytes:
        async with served() as server:
            reader, writer = await server.connect()
            writer.write(HELD + GET)
            writer.write_eof()
            await server.app.begun.wait()
            interim = await reader.readuntil(b"\r\n\r\n")
            assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
            server.app.released.set()
            answer = await reader.read()
            writer.close()
            return answer

    assert play(visit()).count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("behind", [b"", GET, GET[:9]], ids=["nothing", "a request", "half one"])
def test_a_client_that_has_left_is_noticed_whatever_it_had_sent_behind(
    play: Play, behind: bytes
) -> None:
    async def visit() -> None:
        async with served() as server:
            _, writer = await server.connect()
            writer.write(HELD + behind)
            await server.app.begun.wait()
            writer.close()
            await server.app.left.wait()

    play(visit())


def test_a_client_of_http_1_0_that_closes_its_half_has_left(play: Play) -> None:
    async def visit() -> bytes:
        async with served() as server:
            reader, writer = await server.connect()
            writer.write(b"GET /held HTTP/1.0\r\n\r\n")
            await server.app.begun.wait()
            writer.write_eof()
            await server.app.left.wait()
            answer = await reader.read()
            writer.close()
            return answer

    assert play(visit()) == b""


def test_half_a_request_and_no_more_is_closed(play: Play) -> None:
    async def visit() -> bytes:
        async with served() as server:
            return await server.said(GET[:9], ends=True)

    assert play(visit()) == b""
