import json
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from starlette.datastructures import Headers
from typer.testing import CliRunner, Result

from backtest.errors import CandlesUnavailable, NoMarketData
from bff.admission.quota_store import QuotaStore
from bff.cli import app
from bff.config.settings import load_settings
from bff.wiring import Services, authenticator
from tests.bff.doubles import GOOD, USER, Store, ToldService, services
from tests.ports import silent_port

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invoke:
    """Runs a command in the test environment, on a process that was built for it."""
    monkeypatch.setenv("ROEHUB_ENV", "test")
    monkeypatch.setenv("ROEHUB_DATA_DIR", str(tmp_path))

    def run(*arguments: object, built: Services | None = None) -> Result:
        if built is not None:
            monkeypatch.setattr("bff.wiring.build", lambda *_: built)
        return CliRunner().invoke(app, [str(item) for item in arguments])

    return run


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "command",
    ["serve", "check", "token", "run", "candles", "strategies", "schema"],
)
def test_every_command_explains_itself(invoke: Invoke, command: str) -> None:
    result = invoke(command, "--help")

    assert result.exit_code == 0
    assert "Usage:" in result.stdout


@pytest.mark.parametrize("group", [(), ("candles",), ("strategies",), ("stores",), ("schema",)])
def test_the_list_of_commands_says_whole_sentences(invoke: Invoke, group: tuple[str, ...]) -> None:
    _, commands = invoke(*group, "--help").output.split("Commands:")

    assert "..." not in commands


def test_token_prints_one_good_token_and_nothing_else(invoke: Invoke) -> None:
    result = invoke("token", "--user-id", USER, "--paid-level", "ultra", "--ttl", 3_600)

    headers = Headers({"Authorization": f"Bearer {result.stdout.strip()}"})
    caller = authenticator(load_settings({"ROEHUB_ENV": "test"}))(headers)
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""
    assert (caller.user_id, caller.paid_level) == (USER, "ultra")


@pytest.mark.parametrize(
    "arguments",
    [(), ("--user-id", "me"), ("--user-id", USER, "--paid-level", "gold"),
     ("--user-id", USER, "--ttl", 0)],
)  # fmt: skip
def test_token_refuses_bad_arguments(invoke: Invoke, arguments: tuple[object, ...]) -> None:
    assert invoke("token", *arguments).exit_code == 2


@pytest.mark.parametrize("command", [("token", "--user-id", USER), ("serve",), ("check",)])
def test_a_bad_configuration_is_told_without_a_stack(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, command: tuple[object, ...]
) -> None:
    monkeypatch.setenv("ROEHUB_TYPO", "1")
    monkeypatch.setenv("ROEHUB_BACKTEST_CONFIG", "/nowhere.yaml")

    result = invoke(*command)

    assert result.exit_code == 2
    assert "ROEHUB_TYPO" in result.stderr
    assert "/nowhere.yaml" in result.stderr
    assert "Traceback" not in result.output


def test_run_prints_the_response(invoke: Invoke, request_file: Path) -> None:
    told = ToldService()

    result = invoke("run", request_file, "--user-id", USER, built=services(told))

    assert result.exit_code == 0
    assert json.loads(result.stdout)["mode"] == "template"
    assert result.stderr == ""
    assert told.asked[0][0] == USER


def test_run_writes_the_response_into_a_file(
    invoke: Invoke, request_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "response.json"

    result = invoke("run", request_file, "--out", out, built=services())

    assert result.stdout == ""
    assert json.loads(out.read_bytes())["mode"] == "template"


def test_run_without_a_user_asks_as_nobody(invoke: Invoke, request_file: Path) -> None:
    told = ToldService()

    invoke("run", request_file, built=services(told))

    assert told.asked[0][0] == UUID(int=0)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", "malformed_request"), (b"{}", "validation_error"), (None, "validation_error")],
    ids=["not JSON", "bad request", "refused by the use-case"],
)
def test_run_prints_a_refusal_and_fails(
    invoke: Invoke, request_file: Path, body: bytes | None, code: str
) -> None:
    if body is not None:
        request_file.write_bytes(body)

    result = invoke("run", request_file, built=services(ToldService(NoMarketData())))

    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == code


def test_run_says_why_a_store_cannot_be_used(invoke: Invoke, request_file: Path) -> None:
    failure = CandlesUnavailable()
    failure.add_note(".data is in use by process 7")

    result = invoke("run", request_file, built=services(ToldService(failure)))

    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "unavailable"
    assert result.stderr == "The candle store is not available\n.data is in use by process 7\n"


def test_run_tells_of_a_store_that_refuses_what_the_list_of_candles_tells(
    invoke: Invoke, request_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CH_HOST", "127.0.0.1")
    monkeypatch.setenv("CH_PORT", "1")

    ran, listed = invoke("run", request_file), invoke("candles", "list")

    assert (ran.exit_code, listed.exit_code) == (1, 1)
    assert "The driver said: " in ran.stderr
    assert _lasting(ran.stderr) == _lasting(listed.stderr)


def _lasting(text: str) -> str:
    """Without the ids of queries and the places of objects in memory, which the driver names."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|0x[0-9a-f]+", "…", text)


def test_run_without_its_file_is_told(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("run", tmp_path / "nothing.json", built=services())

    assert result.exit_code == 1
    assert "nothing.json" in result.stderr


def test_check_is_content_when_all_answer(invoke: Invoke) -> None:
    result = invoke("check", built=services())

    assert result.exit_code == 0
    assert result.stdout.count("good") == 4


def test_check_says_what_is_wrong(invoke: Invoke) -> None:
    failure = CandlesUnavailable()
    failure.add_note("start the [server] first")

    result = invoke("check", built=services(candles=Store(failure)))

    assert result.exit_code == 1
    assert "start the [server] first" in result.stdout
    assert result.stdout.count("good") == 3


def test_check_tells_of_a_missing_store_of_quotas_and_is_content_without_it(
    invoke: Invoke,
) -> None:
    with silent_port() as port:
        lost = replace(services(), quota_store=QuotaStore(f"redis://127.0.0.1:{port}"))

        result = invoke("check", built=lost)

    assert result.exit_code == 0
    assert "until Redis answers, each process counts quotas separately" in result.stdout


def test_stores_are_made_once_and_counted(invoke: Invoke, tmp_path: Path) -> None:
    first, second = invoke("stores", "init"), invoke("stores", "init")
    checked = invoke("check", built=services())

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.count("was created") == 2
    assert second.stdout.count("already exists") == 2
    assert f"candles: embedded, {tmp_path / 'candles'}: 0 instruments, 0 rows" in checked.stdout
    assert f"SQLite, {tmp_path / 'strategies.sqlite'}, schema 1 of 1: 0" in checked.stdout


def test_a_store_that_cannot_be_made_is_told_and_the_other_is_made(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CH_HOST", "127.0.0.1")
    monkeypatch.setenv("CH_PORT", "1")

    result = invoke("stores", "init")

    assert result.exit_code == 1
    assert "correct CH_HOST" in result.stderr
    assert "strategies: the table strategy_strategies was created" in result.stdout


def test_looking_at_strategies_makes_no_store(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("strategies", "list")

    assert result.exit_code == 0
    assert not (tmp_path / "strategies.sqlite").exists()


def test_serve_advises_when_the_port_is_taken(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = invoke("serve", "--port", other.getsockname()[1], built=services())

    assert result.exit_code == 1
    assert "is in use" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.parametrize("option", ["--host", "--metrics-host"])
@pytest.mark.parametrize("host", ["", "a..b", "\xfc" * 70, "\udc80"])
def test_serve_refuses_what_cannot_be_an_address(invoke: Invoke, option: str, host: str) -> None:
    result = invoke("serve", "--port", 0, option, host, built=services())

    assert result.exit_code == 2
    assert "must be an address" in result.stderr


def test_serve_does_not_start_on_missing_stores_outside_dev(invoke: Invoke) -> None:
    store = Store(CandlesUnavailable())

    result = invoke("serve", "--port", 0, "--wait-for-stores", 0, built=services(candles=store))

    assert result.exit_code == 1
    assert "candle store" in result.stderr
    assert store.is_closed


def test_schema_prints_both_schemas(invoke: Invoke) -> None:
    openapi = json.loads(invoke("schema", "openapi").stdout)
    graphql = invoke("schema", "graphql").stdout

    assert list(openapi["paths"]) == ["/backtests"]
    assert "runBacktest(" in graphql
