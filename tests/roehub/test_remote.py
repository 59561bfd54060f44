"""What else answers in place of a service: a proxy, another service, a page."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import roehub
from roehub.remote import AsyncClient, Client, Face, _Exchange
from tests.roehub.conftest import GRID

LATIN_1 = {"content": "<p>Zugriff verweigert für Gäste</p>".encode("latin-1")}


def blocking(face: Face, transport: httpx.MockTransport) -> None:
    with Client(httpx.Client(transport=transport, base_url="http://x"), _Exchange(face)) as service:
        service.run(**GRID)


def awaited(face: Face, transport: httpx.MockTransport) -> None:
    async def ask() -> None:
        exchange = _Exchange(face)
        place = Client(httpx.Client(transport=transport, base_url="http://x"), exchange)
        http = httpx.AsyncClient(transport=transport, base_url="http://x")
        async with AsyncClient(http, place, exchange) as service:
            await service.run(**GRID)

    asyncio.run(ask())


@pytest.mark.parametrize("ask", [blocking, awaited])
@pytest.mark.parametrize("face", ["rest", "graphql"])
@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (502, {"json": {"message": "Bad gateway"}}),
        (403, {"json": {"error": "Forbidden"}}),
        (403, {"json": {"error": {"code": 403, "message": "Forbidden", "details": ["x"]}}}),
        (400, {"json": {"errors": ["no"]}}),
        (400, {"json": {"errors": "no"}}),
        (502, {"json": {"variants": [], "data": {"runBacktest": {"variants": []}}}}),
        (200, {"json": {"status": "ok"}}),
        (200, {"json": {"variants": None, "data": None}}),
        (200, {"json": {"variants": {}, "data": {"runBacktest": None}}}),
        (200, {"json": []}),
        (200, {"content": b""}),
        (200, LATIN_1),
        (500, LATIN_1),
    ],
)
def test_an_answer_of_somebody_else_is_none(
    ask: Callable[[Face, httpx.MockTransport], None],
    face: Face,
    status: int,
    answer: dict[str, Any],
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, **answer))

    with pytest.raises(roehub.Refused) as refused:
        ask(face, transport)

    assert refused.value.code == "not_a_service"
    assert str(status) in refused.value.message
