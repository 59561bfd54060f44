import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from bff.serving.connection.slices import SLICE_BYTES, SlicedAnswers


async def sent(body: bytes, *, more_body: bool = False) -> list[Message]:
    messages: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": more_body})

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        raise AssertionError

    await SlicedAnswers(app)({"type": "http"}, receive, send)
    return messages


@pytest.mark.parametrize("n_bytes", [0, 1, SLICE_BYTES, SLICE_BYTES + 1, 3 * SLICE_BYTES])
@pytest.mark.parametrize("more_body", [False, True])
def test_an_answer_goes_out_in_slices_and_ends_where_it_did(n_bytes: int, more_body: bool) -> None:
    body = bytes(range(256)) * (n_bytes // 256 + 1)

    start, *parts = asyncio.run(sent(body[:n_bytes], more_body=more_body))

    assert start["type"] == "http.response.start"
    assert b"".join(part["body"] for part in parts) == body[:n_bytes]
    assert max(len(part["body"]) for part in parts) <= SLICE_BYTES
    assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [
        more_body
    ]
