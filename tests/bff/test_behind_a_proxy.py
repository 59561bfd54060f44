"""Whose address a request has where a proxy tells it, over both faces."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from bff.app import create_app
from bff.config.deployment import CONFIGS, SettingsError
from bff.config.settings import load_settings
from bff.http.addresses import Networks
from bff.http.client_places import ClientPlaces
from bff.http.errors import error_response, graphql_payload
from bff.serving.connection.connection_limiter import ConnectionLimiter
from tests.bff.doubles import services

PROXY, CLIENT = "10.0.0.2", "203.0.113.7"
MAPPED = f"::ffff:{PROXY}"  # as a listener of both versions of IP sees it
FORWARDED = {"X-Forwarded-For": f"198.51.100.1, {CLIENT}"}


def configured(folder: Path, proxies: list[str]) -> dict[str, str]:
    content: dict[str, Any] = yaml.safe_load((CONFIGS / "test" / "backtest.yaml").read_bytes())
    content["server"]["trusted_proxies"] = proxies
    file = folder / "backtest.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return {"ROEHUB_BACKTEST_CONFIG": str(file)}


@contextmanager
def seen_from(peer: str, environ: dict[str, str]) -> Iterator[TestClient]:
    with TestClient(create_app(services(environ=environ)), client=(peer, 50_000)) as opened:
        yield opened


def logged_client(opened: TestClient, path: str) -> str:
    with structlog.testing.capture_logs() as lines:
        opened.post(path, json={}, headers=FORWARDED)
    (line,) = [line for line in lines if line["event"] == "request"]
    return line["client"]


@pytest.mark.parametrize("path", ["/backtests", "/graphql"])
@pytest.mark.parametrize(
    ("proxies", "peer", "expected"),
    [
        ([], PROXY, PROXY),
        ([], "127.0.0.1", "127.0.0.1"),
        ([PROXY], PROXY, CLIENT),
        (["10.0.0.0/8"], PROXY, CLIENT),
        (["10.0.0.3"], PROXY, PROXY),
        ([PROXY], MAPPED, CLIENT),
        (["10.0.0.0/8"], MAPPED, CLIENT),
        (["10.0.0.3", "::/96"], MAPPED, MAPPED),
    ],
    ids=[
        *("nobody", "not even this machine", "the address", "its network", "another one"),
        *("mapped", "mapped, its network", "mapped, another one"),
    ],
)
def test_only_a_trusted_address_says_for_whom_it_asks(
    path: str, proxies: list[str], peer: str, expected: str, tmp_path: Path
) -> None:
    with seen_from(peer, configured(tmp_path, proxies)) as opened:
        assert logged_client(opened, path) == expected


@pytest.mark.parametrize(("peer", "expected"), [(PROXY, "https"), ("10.0.0.9", "http")])
def test_only_a_trusted_address_says_the_scheme(peer: str, expected: str, tmp_path: Path) -> None:
    app = create_app(services(environ=configured(tmp_path, [PROXY])))
    seen: list[str] = []

    async def look(request: Request) -> Response:
        seen.append(request.scope["scheme"])
        return Response()

    app.router.add_route("/seen", look)
    with TestClient(app, client=(peer, 50_000)) as opened:
        opened.get("/seen", headers={"X-Forwarded-Proto": "https"})

    assert seen == [expected]


@pytest.mark.parametrize("written", ["*", "proxy.example.org", "10.0.0.1/8", ""])
def test_only_addresses_and_networks_can_be_trusted(written: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"server\.trusted_proxies"):
        load_settings({"ROEHUB_ENV": "test", **configured(tmp_path, [written])})


def test_connections_of_a_proxy_are_not_counted_by_address() -> None:
    limiter = ConnectionLimiter(10, 2, Networks([PROXY]))

    entered = [limiter.enter(PROXY) for _ in range(5)]
    others = [limiter.enter(CLIENT) for _ in range(3)]

    assert entered == [True] * 5
    assert others == [True, True, False]


class Held:
    """An application that answers when it is let go."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.n_begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.n_begun += 1
        await self.released.wait()
        await Response()(scope, receive, send)


FACES = {
    "/backtests": error_response,
    "/graphql": partial(error_response, render=graphql_payload),
}


async def ask(app: ClientPlaces, address: str, path: str) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    await app(scope | {"client": (address, 0)}, receive, send)
    return sent


@pytest.mark.parametrize("path", FACES)
def test_a_client_has_so_many_requests_under_way_and_gets_its_places_back(path: str) -> None:
    async def play() -> tuple[list[Message], int, list[Message]]:
        held = Held()
        app = ClientPlaces(held, faces=FACES, max_per_address=2, proxies=Networks([PROXY]))
        async with asyncio.TaskGroup() as group:
            for address in (CLIENT, CLIENT, PROXY, PROXY, PROXY, "2001:db8::1", "2001:db8::2"):
                group.create_task(ask(app, address, path))
            while held.n_begun < 7:  # noqa: ASYNC110 - there is no event for the seventh
                await asyncio.sleep(0)
            refused = await ask(app, CLIENT, path)
            await ask(app, "2001:db8::3", path)
            held.released.set()
        return refused, held.n_begun, await ask(app, CLIENT, path)

    refused, n_begun, later = asyncio.run(play())

    told = json.loads(refused[1]["body"])
    error = told["errors"][0]["extensions"] if path == "/graphql" else told["error"]
    assert error["code"] == "overloaded"
    assert (b"retry-after", b"1") in refused[0]["headers"]
    assert n_begun == 7
    assert later[0]["status"] == 200
