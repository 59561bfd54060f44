import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from bff.http.body import BodyReader
from bff.http.errors import error_response, graphql_payload

JSON = (b"content-type", b"application/json")
DISCONNECT: Message = {"type": "http.disconnect"}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body as it was handed on and as a framework would read it."""
    request = Request(scope, receive)
    handed_on: bytes = scope.get("state", {}).get("body", b"")
    assert await request.body() == handed_on
    await Response(b"in: " + handed_on)(scope, receive, send)


door = BodyReader(
    echo,
    faces={
        "/backtests": error_response,
        "/graphql": partial(error_response, render=graphql_payload),
    },
    max_bytes=10,
    max_seconds=0.05,
)


def chunks(*bodies: bytes) -> list[Message]:
    last = len(bodies) - 1
    return [
        {"type": "http.request", "body": body, "more_body": i < last}
        for i, body in enumerate(bodies)
    ]


def ask(
    messages: Iterable[Message],
    headers: Sequence[tuple[bytes, bytes]] = (JSON,),
    *,
    path: str = "/backtests",
    method: str = "POST",
) -> list[Message]:
    """Everything that a request makes the door send."""
    scope: Scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    waiting = iter([*messages, DISCONNECT])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(waiting)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(door(scope, receive, send))
    return sent


def status(sent: list[Message]) -> int:
    return sent[0]["status"]


def test_a_body_is_collected_and_handed_on() -> None:
    sent = ask(chunks(b"{", b"", b'"a":1}'))

    assert sent[1]["body"] == b'in: {"a":1}'


@pytest.mark.parametrize("size", [10, 11])
def test_the_streamed_size_is_capped_whatever_was_declared(size: int) -> None:
    body = b"x" * size

    sent = ask(chunks(*(body[i : i + 1] for i in range(size))), [JSON, (b"content-length", b"3")])

    assert status(sent) == (200 if size == 10 else 413)


def test_a_declared_size_is_refused_before_anything_is_read() -> None:
    sent = ask([], [JSON, (b"content-length", b"11")])

    assert status(sent) == 413
    assert (b"connection", b"close") in sent[0]["headers"]


def test_an_absurd_declared_size_costs_nothing() -> None:
    assert status(ask([], [JSON, (b"content-length", b"9" * 100_000)])) == 413


def test_a_client_that_leaves_while_sending_gets_nothing() -> None:
    assert ask([{"type": "http.request", "body": b"{", "more_body": True}]) == []


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b"application/json ; charset=utf8",
    ],
)
def test_json_in_utf8_is_accepted(content_type: bytes) -> None:
    assert status(ask(chunks(b"{}"), [(b"content-type", content_type)])) == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"content-type", b"")],
        [(b"content-type", b"json")],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"text/json")],
        [(b"content-type", b"application/jsonp")],
        [(b"content-type", b"application/x-www-form-urlencoded")],
        [(b"content-type", b"multipart/form-data; boundary=x")],
        [(b"content-type", b"application/json; charset=utf-16")],
        [(b"content-type", b"application/json; charset=latin-1")],
        [(b"content-type", b"text/plain, application/json")],
        [JSON, (b"content-type", b"text/plain")],
        [(b"content-type", b"\xff\xfe")],
        [(b"content-type", b"application/json; charset*=a; charset*0=b")],
        [(b"content-type", b"application/json; x*" + b"9" * 5_000 + b"*=1")],
    ],
)
def test_any_other_media_type_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    sent = ask(chunks(b"{}"), headers)

    assert status(sent) == 415
    assert b'"code":"unsupported_media_type"' in sent[1]["body"]


def test_size_is_judged_before_the_media_type() -> None:
    assert status(ask(chunks(b"x" * 11), [])) == 413


def test_each_face_words_its_own_refusals() -> None:
    rest = ask(chunks(b"{}"), [])
    graphql = ask(chunks(b"{}"), [], path="/graphql")

    assert rest[1]["body"].startswith(b'{"error":')
    assert graphql[1]["body"].startswith(b'{"errors":[')
    assert status(graphql) == 415


@pytest.mark.parametrize(("path", "method"), [("/backtests", "GET"), ("/other", "POST")])
def test_what_is_not_guarded_passes(path: str, method: str) -> None:
    sent = ask(chunks(b""), [], path=path, method=method)

    assert status(sent) == 200


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(3_600)
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/backtests", "headers": [JSON]}
    asyncio.run(door(scope, receive, send))

    start, body = sent
    assert start["status"] == 400
    assert (b"connection", b"close") in start["headers"]
    assert b'"code":"malformed_request"' in body["body"]
