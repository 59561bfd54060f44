"""The pages for people: where they exist, and what they print."""

import html
import json
import re
import shlex
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from starlette.testclient import TestClient

from bff import app, pages
from bff.config.deployment import CONFIGS
from bff.pages import own_command, shell_example
from schema.examples import GRID, graphql_examples
from tests.bff.doubles import client, services

PATHS = ("/", "/docs", "/openapi.json", "/graphql")
SETTING_OF_PAGE = {
    "server.graphiql": ("/", "/start", "/docs", "/openapi.json", "/graphql"),
    "server.console": ("/",),
}
SHOWN = ("/", "/start", "/docs", "/openapi.json", "/graphql", "/console/index.html")
ROOT = Path(__file__).parents[2]
TESTSERVER = "http://testserver/backtests"
PROD = {
    "ROEHUB_ENV": "prod",
    "IDENTITY_JWT_SECRET": "k" * 32,
    "ROEHUB_CANDLES": "embedded",
    "ROEHUB_STRATEGIES": "embedded",
}


def statuses(test_client: TestClient) -> set[int]:
    return {test_client.get(path).status_code for path in PATHS}


@pytest.mark.parametrize("env", ["dev", "test"])
def test_all_pages_exist_where_graphiql_is_true(tmp_path: Path, env: str) -> None:
    built = services(environ={"ROEHUB_ENV": env, "ROEHUB_DATA_DIR": str(tmp_path)})

    assert built.settings.server.graphiql
    with client(built) as test_client:
        assert statuses(test_client) == {200}
        assert {test_client.head(path).status_code for path in ("/", "/docs")} == {200}


def test_no_page_exists_where_graphiql_is_false() -> None:
    built = services(environ=PROD)

    assert not built.settings.server.graphiql
    with client(built) as test_client:
        assert statuses(test_client) == {404, 405}
        assert test_client.get("/graphql").status_code == 405


@pytest.mark.parametrize("graphiql", [False, True])
@pytest.mark.parametrize("console", [False, True])
def test_in_prod_each_page_is_told_by_one_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, graphiql: bool, console: bool
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>built</title>", encoding="utf-8")
    monkeypatch.setattr(app, "console_folder", lambda: tmp_path)
    content = yaml.safe_load((CONFIGS / "prod" / "backtest.yaml").read_bytes())
    content["server"] |= {"graphiql": graphiql, "console": console}
    config = tmp_path / "backtest.yaml"
    config.write_text(yaml.safe_dump(content), encoding="utf-8")

    built = services(environ=PROD | {"ROEHUB_BACKTEST_CONFIG": str(config)})
    with client(built) as opened:
        shown = {path for path in SHOWN if opened.get(path).status_code == 200}

    expected = set(SETTING_OF_PAGE["server.graphiql"]) if graphiql else set()
    assert shown == expected | ({"/", "/console/index.html"} if console else set())


def test_the_page_of_settings_says_which_pages_there_are() -> None:
    rows = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines()
    for setting, paths in SETTING_OF_PAGE.items():
        (row,) = [row for row in rows if row.startswith(f"| `{setting}`")]
        assert set(re.findall(r"`(/[^`]*)`", row)) == set(paths)


def test_the_rest_page_needs_no_other_host() -> None:
    with client(services()) as test_client:
        page = test_client.get("/docs").text
        scripts = re.findall(r'(?:src|href)="([^"]+)"', page)

        assert {urlsplit(script).netloc for script in scripts} == {""}
        assert all(test_client.get(script).status_code == 200 for script in scripts)
        assert list(test_client.get("/openapi.json").json()["paths"]) == ["/backtests"]


def test_the_start_page_names_the_address_that_it_was_asked_at() -> None:
    with client(services()) as test_client:
        page = test_client.get("/", headers={"Host": "127.0.0.1:12345"}).text

    assert html.escape(shell_example("http://127.0.0.1:12345", own_command())) in page


@pytest.mark.parametrize("host", ['"><script>alert(1)</script>', "$(reboot)", "a' b", "a&b"])
def test_a_hostile_host_stays_one_word_of_text(host: str) -> None:
    with client(services()) as test_client:
        page = test_client.get("/", headers={"Host": host}).text

    (example,) = re.findall(r"<code>(TOKEN.*?)</code></pre>", page, re.DOTALL)
    words = shlex.split(html.unescape(example).replace("\\\n", ""))
    assert "<script>" not in page
    assert words[words.index("-s") + 1] in {f"http://{host}/backtests", TESTSERVER}
    assert words[words.index("-s") + 2] == "-H"


def test_a_strange_address_is_one_word_for_the_shell() -> None:
    example = shell_example("http://$(reboot);'", "roehub-backtest")

    assert "http://$(reboot);'/backtests" in shlex.split(example)


def test_graphiql_is_shown_where_it_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = '<pre id="examples">{{examples}}</pre>'
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    for module in (app, pages):
        monkeypatch.setattr(module, "graphiql_folder", lambda: tmp_path)

    with client(services()) as test_client:
        answer = test_client.get("/graphql")

    (examples,) = re.findall(r">(.*)</pre>", answer.text)
    assert json.loads(html.unescape(examples)) == graphql_examples()
    script, *_ = re.findall(r"script-src ([^;]*)", answer.headers["content-security-policy"])
    assert script == "'self'"


def test_no_placeholder_is_left_in_a_page() -> None:
    with client(services()) as test_client:
        pages = test_client.get("/").text + test_client.get("/graphql").text

    assert "{{" not in pages


def test_the_example_can_be_read_by_a_shell() -> None:
    words = shlex.split(shell_example("http://127.0.0.1:8080", "roehub-backtest"))

    assert words[words.index("curl") + 2] == "http://127.0.0.1:8080/backtests"
    assert words[-1].startswith('{\n  "time_range"')
    assert words[-1].count("\n") < 30
    assert json.loads(words[-1]) == GRID


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installed command of an environment in a folder of its own."""
    path = tmp_path / "a folder" / ".venv" / "bin" / "roehub-backtest"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path.with_name("python")))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return path


def test_a_command_on_the_path_is_called_by_its_name(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin")

    assert own_command() == "roehub-backtest"


def test_a_command_below_the_folder_is_called_from_there(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(script.parents[2])

    assert own_command() == ".venv/bin/roehub-backtest"


def test_a_command_elsewhere_is_called_by_its_whole_path(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert shlex.split(own_command()) == [str(script)]


def test_without_an_installed_command_the_interpreter_is_named(
    script: Path,
) -> None:
    script.unlink()

    assert own_command().endswith(" -m bff")
