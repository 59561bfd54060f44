import json

import pytest

from bff.config.sections import Connections
from tests.bff.serving.connection.served import GET, PATIENT, Play, Server, served

LIMITS = PATIENT.model_copy(update={"head_max_bytes": 4_096, "head_max_fields": 16})
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
TOO_LARGE = {
    "more fields than may be": GET[:-2] + b"A:\r\n" * 1_000,
    "one field longer than a head may be": GET[:-2] + b"A: " + b"a" * 20_000,
    "a longer URL": b"GET /" + b"a" * 20_000,
    "blank lines": b"\r\n" * 20_000,
    "more fields of trailers": CHUNKED + b"0\r\n" + b"A:\r\n" * 1_000,
    "one longer field of trailers": CHUNKED + b"0\r\nA: " + b"a" * 20_000,
    "a longer extension of a chunk": CHUNKED + b"2;a=" + b"a" * 20_000,
}
NOT_HTTP = {
    "HTTP/2 from the start": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a wish for a tunnel": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}
OFFERS = {
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n",
    "two lines": b"Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: a, b\r\n",
}


def said(play: Play, *pieces: bytes, limits: Connections = LIMITS) -> tuple[bytes, Server]:
    async def visit() -> tuple[bytes, Server]:
        async with served(limits) as server:
            return await server.said(*pieces), server

    return play(visit())


def code_of(answer: bytes) -> tuple[bytes, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    return head.split(b"\r\n")[0], json.loads(body)["error"]["code"]


@pytest.mark.parametrize("sent", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_before_or_behind_a_body_is_refused_while_it_comes(
    play: Play, sent: bytes
) -> None:
    answer, _ = said(play, sent)

    assert code_of(answer) == (b"HTTP/1.1 400 Bad Request", "malformed_request")


@pytest.mark.parametrize("sent", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_not_http_1_is_refused(play: Play, sent: bytes) -> None:
    answer, server = said(play, sent)

    assert code_of(answer) == (b"HTTP/1.1 400 Bad Request", "malformed_request")
    assert server.app.seen == []


def test_a_head_within_the_limits_is_answered(play: Play) -> None:
    fields = b"".join(b"A%d: %s\r\n" % (n, b"a" * 200) for n in range(14))

    answer, _ = said(play, GET[:-2] + fields + b"Connection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("is_split", [False, True], ids=["at once", "byte by byte"])
def test_an_offer_of_another_protocol_is_passed_over(
    play: Play, offer: bytes, is_split: bool
) -> None:
    request = POST + offer + b"\r\nbody" + GET[:-2] + b"Connection: close\r\n\r\n"
    pieces = [bytes([byte]) for byte in request] if is_split else [request]

    answer, server = said(play, *pieces)

    (_, headers, body), (_, _, behind) = server.app.seen
    assert (body, behind) == (b"body", b"")
    assert "upgrade" not in headers
    assert answer.count(b"HTTP/1.1 200") == 2
    assert b"echo:body" in answer


def test_an_offer_with_a_chunked_body_keeps_it(play: Play) -> None:
    request = CHUNKED.replace(b"\r\n\r\n", b"\r\n" + OFFERS["h2c"] + b"\r\n", 1)

    _, server = said(play, request + b"0\r\n\r\n" + GET[:-2] + b"Connection: close\r\n\r\n")

    assert [body for _, _, body in server.app.seen] == [b"ab", b""]


def test_trailers_do_not_become_headers(play: Play) -> None:
    trailers = b"0\r\nAuthorization: Bearer x\r\n\r\n"

    _, server = said(play, CHUNKED + trailers + GET[:-2] + b"Connection: close\r\n\r\n")

    assert "authorization" not in server.app.seen[0][1]


def test_what_is_wrong_behind_a_request_does_not_cost_its_answer(play: Play) -> None:
    async def visit() -> bytes:
        async with served(LIMITS) as server:
            reader, writer = await server.connect()
            writer.write(GET.replace(b"/", b"/held", 1) + b"A:\r\n" * 10_000)
            await server.app.begun.wait()
            server.app.released.set()
            answer = await reader.read()
            writer.close()
            return answer

    answer = play(visit())

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1 400") == 1


def test_requests_that_come_together_are_answered_in_order(play: Play) -> None:
    requests = [POST + b"\r\n%04d" % n for n in range(200)]

    answer, server = said(play, b"".join(requests), GET[:-2] + b"Connection: close\r\n\r\n")

    bodies = [body for _, _, body in server.app.seen]
    assert bodies == [*(b"%04d" % n for n in range(200)), b""]
    assert answer.count(b"HTTP/1.1 200") == 201
