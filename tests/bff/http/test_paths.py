"""A slash at the end of a path changes nothing; a control character makes it another path."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.bff.doubles import GOOD, client, services, serving, token
from tests.faces import built_service
from tests.fakes import FakeBacktester

QUESTION = {"query": "{ runtimeDefaults { topK } }"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def asked() -> Iterator[TestClient]:
    built = serving(services(), built_service(FakeBacktester()))
    with client(built) as opened:
        opened.headers["Authorization"] = f"Bearer {token(built)}"
        yield opened


@pytest.mark.parametrize("path", ["/backtests", "/graphql"])
@pytest.mark.parametrize(
    ("method", "sent", "status"),
    [
        ("POST", {"json": GOOD | QUESTION}, {"/backtests": 422, "/graphql": 200}),
        ("POST", {"json": GOOD}, {"/backtests": 200, "/graphql": 422}),
        ("POST", {"content": b"{", "headers": JSON}, 400),
        ("POST", {"content": b" " * 262_145, "headers": JSON}, 413),
        ("POST", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("POST", {"json": GOOD | QUESTION, "headers": {"Authorization": "Bearer x"}}, 401),
        ("PUT", {}, 405),
        ("BREW", {}, 405),
    ],
    ids=["question", "run", "not JSON", "too large", "not JSON by name", "no token", "put", "brew"],
)
def test_it_is_answered_like_the_path_without_it(
    asked: TestClient, path: str, method: str, sent: Any, status: int | dict[str, int]
) -> None:
    plain = asked.request(method, path, **sent)
    slashed = asked.request(method, path + "/", **sent, follow_redirects=False)

    assert slashed.status_code == (status if isinstance(status, int) else status[path])
    assert slashed.content == plain.content
    assert _comparable(slashed.headers) == _comparable(plain.headers)


def test_pages_for_people_are_there_too(tmp_path: Path) -> None:
    dev = services(environ={"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(tmp_path)})

    with client(dev) as opened:
        for path in ("/docs", "/openapi.json", "/graphql", "/swagger/swagger-ui.css"):
            slashed = opened.get(path + "/", follow_redirects=False)
            assert slashed.status_code == 200, path
            assert slashed.content == opened.get(path).content
        assert opened.get("/").status_code == 200
        assert list(opened.get("/openapi.json/").json()["paths"]) == ["/backtests"]


@pytest.mark.parametrize("path", ["/backtests//", "//", "//backtests/", "/nothing/"])
def test_more_than_one_slash_is_another_path(asked: TestClient, path: str) -> None:
    assert asked.post(f"http://testserver{path}", json=GOOD).status_code == 404


@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
@pytest.mark.parametrize("end", ["%0A", "%0A/", "/%0A", "%0a", "%0D%0A", "%00", "%7F"])
@pytest.mark.parametrize("path", ["/backtests", "/graphql"])
def test_a_control_character_makes_it_another_path(
    asked: TestClient, path: str, end: str, method: str
) -> None:
    answer = asked.request(method, path + end, json=GOOD)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_so_it_does_for_files_and_pages(tmp_path: Path) -> None:
    dev = services(environ={"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(tmp_path)})

    with client(dev) as opened:
        for path in ("/docs%0A", "/swagger/swagger-ui.css%0A", "/swagger/%00", "/%0A"):
            assert opened.get(path).status_code == 404, path


def test_the_log_knows_the_path_by_one_name(
    asked: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        asked.post("/backtests/", json=GOOD)

    (line,) = [record for record in caplog.records if record.getMessage() == "request"]
    assert line.__dict__["path"] == "/backtests"


def _comparable(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "x-request-id"}
