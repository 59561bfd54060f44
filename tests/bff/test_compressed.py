"""Compressed answers, and no compressed requests, over both faces."""

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any

import brotli
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from schema.basis import Note
from tests.bff.doubles import ANSWER, GOOD, ToldService, client, services, token
from tests.faces import to_graphql

DECODE = {"br": brotli.decompress, "gzip": gzip.decompress}
LONG = ANSWER.model_copy(
    update={"notes": tuple(Note(code=f"note_{n}", message=f"Note {n * n}") for n in range(5_000))}
)
BODIES: Mapping[str, Any] = {
    "/backtests": GOOD,
    "/graphql": {
        "query": "mutation R($i: RunBacktestInput!) {"
        " runBacktest(input: $i) { notes { code message } } }",
        "variables": {"i": to_graphql(GOOD)},
    },
}


class Asker:
    """Sends the request of each face and hands back what came over the line."""

    def __init__(self, opened: TestClient, bearer: str) -> None:
        self._opened = opened
        self._headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}

    def __call__(
        self, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[Response, bytes]:
        content = json.dumps(BODIES[path]).encode() if body is None else body
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        with self._opened.stream("POST", path, content=content, headers=sent) as response:
            return response, b"".join(response.iter_raw())


@pytest.fixture(scope="module")
def ask() -> Iterator[Asker]:
    built = services(ToldService(LONG))
    with client(built) as opened:
        yield Asker(opened, token(built))


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("coding", DECODE)
def test_a_long_answer_is_compressed_for_whoever_can_read_it(
    ask: Asker, path: str, coding: str
) -> None:
    _, plain = ask(path, accept_encoding="identity")
    response, coded = ask(path, accept_encoding=coding)
    _, again = ask(path, accept_encoding=coding)

    assert response.headers["content-encoding"] == coding
    assert response.headers["content-length"] == str(len(coded))
    assert "Accept-Encoding" in response.headers["vary"]
    assert DECODE[coding](coded) == plain
    assert coded == again
    assert len(coded) < len(plain) / 5


@pytest.mark.parametrize("path", BODIES)
def test_nobody_gets_a_coding_that_was_not_asked_for(ask: Asker, path: str) -> None:
    response, plain = ask(path, accept_encoding="identity")

    assert "content-encoding" not in response.headers
    assert "Accept-Encoding" in response.headers["vary"]
    assert json.loads(plain)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("coding", ["gzip", "br", "x-unknown", "identity, gzip"])
def test_a_compressed_request_is_refused_with_its_reason(
    ask: Asker, path: str, coding: str
) -> None:
    body = gzip.compress(json.dumps(BODIES[path]).encode())

    response, text = ask(path, body, content_encoding=coding)

    told = json.loads(text)
    error = told["errors"][0] if path == "/graphql" else told["error"]
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"
    assert error["message"] == ("The body must not be compressed: send it without Content-Encoding")


@pytest.mark.parametrize("path", BODIES)
def test_a_request_that_says_it_is_not_compressed_is_read(ask: Asker, path: str) -> None:
    response, _ = ask(path, content_encoding="identity")

    assert response.status_code == 200
