import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backtest.adapters.candles.connection import ClickHouseServer, EmbeddedEngine
from bff.commands.candles import app
from bff.commands.stores import Stores
from tests.backtest.adapters.candle_texts import generic, kline, write, write_zip

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    stores = Stores(
        candles=EmbeddedEngine(directory=tmp_path / "candles"),
        strategies_url=f"sqlite:///{tmp_path / 'strategies.sqlite'}",
    )

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], obj=stores)

    return invoke


def words(text: str) -> Sequence[str]:
    return re.findall(r"[^\s│┃]+", text)


def test_import_list_and_import_again(run: Run, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "BTCUSDT-1m.zip", klines=kline(1_000))

    first = run("import", path, "--market-id", 1, "--symbol", " btcusdt ")
    second = run("import", path, "--market-id", 1, "--symbol", "BTCUSDT")
    listed = run("list")

    assert first.exit_code == second.exit_code == listed.exit_code == 0, first.output
    assert "3 rows read; 3 written, 0 skipped as already there; 0 refused" in first.stdout
    assert "0 written, 3 skipped" in second.stdout
    row = words(listed.stdout)
    assert row[row.index("BTCUSDT") :][:5] == [
        "BTCUSDT",
        "2024-01-01",
        "00:00",
        "2024-01-01",
        "00:02",
    ]


def test_a_file_with_a_refused_row_is_not_written(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "bad.csv", generic().replace("11,13,10,12", "11,13,10,nan"))
    arguments = ("import", path, "--market-id", 1, "--symbol", "BAD")

    refused = run(*arguments)

    assert refused.exit_code == 1
    assert "nothing written; 1 refused" in refused.stdout
    assert "line 3: close must be a finite number, was nan" in refused.stderr
    assert "--skip-refused" in refused.stderr
    assert "BAD" not in run("list").stdout
    skipped = run(*arguments, "--skip-refused")
    assert skipped.exit_code == 0
    assert "2 written" in skipped.stdout


def test_one_broken_file_does_not_hide_the_good_one(run: Run, tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv", generic())
    broken = write(tmp_path / "broken.csv", "no candles here\n")

    result = run("import", broken, good, "--market-id", 1, "--symbol", "X")

    assert result.exit_code == 1
    assert "nothing of it was written" in result.stderr
    assert "3 written" in result.stdout


def test_generate_says_that_it_is_synthetic_and_is_repeatable(run: Run) -> None:
    arguments = ("generate", "--symbol", "FAKE", "--days", 2, "--seed", 5, "--gap-pct", 10)

    first, second, listed = run(*arguments), run(*arguments), run("list")

    assert first.exit_code == second.exit_code == 0, first.output
    assert "synthetic candles, seed 5" in first.stdout
    assert ": 0 written" in second.stdout
    assert "synthetic" in listed.stdout


def test_generate_never_touches_imported_candles(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "real.csv", generic())
    run("import", path, "--market-id", 1, "--symbol", "REAL")

    result = run("generate", "--symbol", "REAL")

    assert result.exit_code == 1
    assert "not synthetic" in result.stderr


def test_a_server_that_is_down_is_a_sentence(tmp_path: Path) -> None:
    stores = Stores(
        candles=ClickHouseServer(host="127.0.0.1", port=1), strategies_url="sqlite:///x"
    )

    result = CliRunner().invoke(app, ["list"], obj=stores)

    assert result.exit_code == 1
    assert "The candle store is not available" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("symbol", ["", "  "])
def test_an_empty_symbol_is_refused(run: Run, symbol: str) -> None:
    assert run("generate", "--symbol", symbol).exit_code == 2
