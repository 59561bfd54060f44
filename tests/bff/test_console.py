"""The console beside the faces: who gets it, under which policy, and whom it signs in."""

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from bff import app, console
from bff.console import is_local
from schema.examples import USER
from tests.bff.doubles import client, services
from tests.bff.test_pages import PROD

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Host": "127.0.0.1:8080"}
LOCAL = ("127.0.0.1", 50_000)
QUESTION = {"query": "{ __typename runtimeDefaults { topK } }"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Built files, whatever the checkout has."""
    built = tmp_path / "dist"
    built.mkdir()
    (built / "index.html").write_text("<!doctype html><title>built</title>", encoding="utf-8")
    (built / "main-ABC.js").write_text("export {}", encoding="utf-8")
    monkeypatch.setattr(app, "console_folder", lambda: built)
    return built


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[TestClient]:
    built = services(environ={"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(tmp_path)})
    with TestClient(app.create_app(built), "http://127.0.0.1:8080", client=LOCAL) as opened:
        yield opened


def test_a_browser_gets_the_console_and_a_tool_the_start_page(dev: TestClient) -> None:
    assert "built" in dev.get("/", headers=BROWSER).text
    assert "TOKEN=" in dev.get("/", headers={"Accept": "*/*"}).text
    assert "TOKEN=" in dev.get("/start", headers=BROWSER).text


def test_without_built_files_everybody_gets_the_start_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "console_folder", lambda: None)

    with client(services()) as test_client:
        answer = test_client.get("/", headers=BROWSER)

    assert "TOKEN=" in answer.text
    assert "set-cookie" not in answer.headers


def test_files_that_are_gone_are_told_and_are_no_failure(dev: TestClient, folder: Path) -> None:
    (folder / "index.html").unlink()

    answer = dev.get("/", headers=BROWSER)

    assert answer.status_code == 404
    assert "make console" in answer.text
    assert "TOKEN=" in dev.get("/").text


def test_nothing_is_there_where_it_is_switched_off() -> None:
    with client(services(environ=PROD)) as test_client:
        for path in ("/", "/console/main-ABC.js", "/start"):
            assert test_client.get(path, headers=BROWSER).status_code == 404


def test_the_policy_allows_this_host_alone(dev: TestClient) -> None:
    for path in ("/", "/console/main-ABC.js"):
        policy = dev.get(path, headers=BROWSER).headers["content-security-policy"]

        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert not any(word.startswith("http") for word in policy.split())


def test_files_are_kept_and_the_page_is_asked_for_again(dev: TestClient) -> None:
    script = dev.get("/console/main-ABC.js", headers=BROWSER)

    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert dev.get("/", headers=BROWSER).headers["cache-control"] == "no-cache"
    assert dev.get("/console/../app.py", headers=BROWSER).status_code == 404


def test_a_browser_of_this_machine_is_signed_in_as_the_user_of_the_examples(
    dev: TestClient,
) -> None:
    assert dev.post("/graphql", json=QUESTION).json()["errors"][0]["extensions"]["status"] == 401

    cookie = dev.get("/", headers=BROWSER).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["paid_level"]) == (str(USER), "pro")
    answer = dev.post("/graphql", json=QUESTION, headers={"Sec-Fetch-Site": "same-origin"})
    assert "unauthorized" not in answer.text


def test_who_is_signed_in_already_stays_who_they_are(dev: TestClient) -> None:
    dev.get("/", headers=BROWSER)

    assert "set-cookie" not in dev.get("/", headers=BROWSER).headers


STRANGERS = {
    "by another name, as after a change of names": {"Host": "evil.example"},
    "through a proxy": {"X-Forwarded-For": "203.0.113.5"},
    "through a proxy that says so in the newer way": {"Forwarded": "for=203.0.113.5"},
    "by a name that begins like one of ours": {"Host": "localhost.evil.example"},
    "by a name that is none": {"Host": "[::1"},
}


@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS.keys())
def test_nobody_else_is_signed_in(dev: TestClient, headers: dict[str, str]) -> None:
    answer = dev.get("/", headers={**BROWSER, **headers})

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


def test_another_machine_is_not_signed_in(tmp_path: Path) -> None:
    built = services(environ={"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(tmp_path)})
    with TestClient(app.create_app(built), client=("192.0.2.7", 1)) as opened:
        assert "set-cookie" not in opened.get("/", headers=BROWSER).headers


def test_nobody_is_signed_in_outside_dev() -> None:
    with TestClient(app.create_app(services()), client=LOCAL) as opened:
        answer = opened.get("/", headers=BROWSER)

    assert "built" in answer.text
    assert "set-cookie" not in answer.headers


def asked(host: str, client_address: str | None) -> Request:
    return Request(
        {
            "type": "http",
            "headers": [(b"host", host.encode())],
            "client": None if client_address is None else (client_address, 1),
        }
    )


def test_local_is_an_address_and_a_name_of_this_machine() -> None:
    assert is_local(asked("localhost", "127.0.0.1"))
    assert is_local(asked("[::1]:8080", "::1"))
    assert is_local(asked("127.0.0.1", "127.0.0.9"))
    assert not is_local(asked("127.0.0.1", "10.0.0.1"))
    assert not is_local(asked("127.0.0.1", "no address"))
    assert not is_local(asked("127.0.0.1", None))


def test_the_folder_is_found_where_a_page_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "__file__", str(tmp_path / "bff" / "console.py"))
    assert console.console_folder() is None

    for place in (tmp_path / "console" / "dist", tmp_path / "bff" / "_console"):
        place.mkdir(parents=True)
        (place / "index.html").touch()
        assert console.console_folder() == place
