import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from backtest.adapters.candles.connection import EmbeddedEngine
from backtest.adapters.strategies.reader import SqlStrategies
from bff.commands.stores import Stores
from bff.commands.strategies import app
from tests.backtest.adapters.candle_texts import write
from tests.schema.test_strategy_from_variant import RESPONSE

Run = Callable[..., Result]
USER = uuid4()


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(
        candles=EmbeddedEngine(directory=tmp_path / "candles"),
        strategies_url=f"sqlite:///{tmp_path / 'strategies.sqlite'}",
    )


@pytest.fixture
def run(stores: Stores) -> Run:
    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], obj=stores)

    return invoke


@pytest.fixture
def response(tmp_path: Path) -> Path:
    return write(tmp_path / "response.json", json.dumps(RESPONSE))


def test_a_variant_is_saved_listed_and_deleted(run: Run, response: Path, stores: Stores) -> None:
    added = run("add", "--from", response, "--variant", 0, "--user-id", USER)
    strategy_id = UUID(added.stdout.strip())

    reader = SqlStrategies(stores.strategies_url)
    found = reader.find(strategy_id)
    reader.close()

    assert found is not None
    assert found.user_id == USER
    assert found.spec["timeframe"] == "15m"
    assert str(strategy_id) in run("list", "--user-id", USER).stdout
    assert run("delete", strategy_id).exit_code == 0
    assert run("delete", strategy_id).exit_code == 1
    assert str(strategy_id) not in run("list").stdout
    assert str(strategy_id) in run("list", "--deleted").stdout


def test_names_are_listed_as_they_are(run: Run, response: Path) -> None:
    for name in ("[/red]", "[bold]", "good"):
        run("add", "--from", response, "--variant", 0, "--user-id", USER, "--name", name)

    listed = run("list")

    assert listed.exit_code == 0, listed.output
    assert all(name in listed.stdout for name in ("[/red]", "[bold]", "good"))


def test_a_spec_without_its_descriptive_members_is_completed(
    run: Run, tmp_path: Path, stores: Stores
) -> None:
    spec = {
        "spec_kind": "roehub.strategy.v1",
        "schema_version": 1,
        "instrument_id": {"market_id": 3, "symbol": "ETHUSDT"},
        "timeframe": "1h",
        "indicators": [{"id": "ma.sma", "params": {"window": 20}}],
    }
    path = write(tmp_path / "spec.json", json.dumps(spec))

    added = run("add", "--spec", path, "--user-id", USER, "--name", "mine")

    assert added.exit_code == 0, added.output
    reader = SqlStrategies(stores.strategies_url)
    found = reader.find(UUID(added.stdout.strip()))
    reader.close()
    assert found is not None
    assert found.spec["instrument_key"] == "bybit:spot:ETHUSDT"
    assert "mine" in run("list").stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "not the response"),
        ("[]", "must hold a JSON object"),
        ("", "is empty"),
        (" \n", "is empty"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"error": {"code": "forbidden", "message": "No."}}', "refused: No."),
        ('{"errors": [{"message": "No."}], "data": null}', "refused: No."),
        ('{"data": {"indicators": []}}', "select runBacktest"),
        (json.dumps({**RESPONSE, "timeframe": "7m"}), "timeframe: "),
    ],
)
def test_what_is_no_response_is_refused(run: Run, tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path / "response.json", text)

    result = run("add", "--from", path, "--user-id", USER)

    assert result.exit_code == 1
    assert words in result.stderr


def test_a_file_that_is_not_text_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "response.json"
    path.write_bytes(b"\x80\xff\x00" * 10)

    result = run("add", "--from", path, "--user-id", USER)

    assert result.exit_code == 1
    assert "is not JSON" in result.stderr


def test_a_variant_beyond_the_list_is_refused(run: Run, response: Path) -> None:
    result = run("add", "--from", response, "--variant", 1, "--user-id", USER)

    assert result.exit_code == 1
    assert "there is no variant 1, counted from 0" in result.stderr


def test_exactly_one_source_is_needed(run: Run, response: Path) -> None:
    assert run("add", "--user-id", USER).exit_code == 2
    both = run("add", "--user-id", USER, "--from", response, "--spec", response)
    assert both.exit_code == 2


def test_a_missing_file_is_a_sentence(run: Run, tmp_path: Path) -> None:
    result = run("add", "--from", tmp_path / "nowhere.json", "--user-id", USER)

    assert result.exit_code == 1
    assert "nowhere.json" in result.stderr
