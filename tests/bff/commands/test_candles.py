import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backtest.adapters.candles.connection import ClickHouseServer
from bff.commands.candles import app
from bff.commands.stores import Stores
from tests.backtest.adapters.candle_texts import (
    FIRST_MS,
    HEADER,
    ROWS,
    generic,
    kline,
    write,
    write_zip,
)
from tests.bff.commands.conftest import Run


def words(text: str) -> Sequence[str]:
    return re.findall(r"[^\s│┃]+", text)


def test_import_list_and_import_again(run: Run, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "BTCUSDT-1m.zip", klines=kline(1_000))

    first = run("import", path, "--market-id", 1, "--symbol", " btcusdt ")
    second = run("import", path, "--market-id", 1, "--symbol", "BTCUSDT")
    listed = run("list")

    assert first.exit_code == second.exit_code == listed.exit_code == 0, first.output
    assert "3 rows read; 3 written, 0 already stored; 0 refused" in first.stdout
    assert "0 written, 3 already stored" in second.stdout
    row = words(listed.stdout)
    assert row[row.index("BTCUSDT") :][:6] == [
        "BTCUSDT",
        "1m",
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
    assert "nothing was written" in result.stderr
    assert "3 written" in result.stdout


def test_a_dry_run_says_what_would_happen_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "file.zip", klines=kline(1_000))
    arguments = ("import", path, "--market-id", 1, "--symbol", "DRY")

    foretold = run(*arguments, "--dry-run")

    assert foretold.exit_code == 0
    assert "Binance klines, no header (CSV, microseconds)" in foretold.stdout
    assert "3 would be written, from 2024-01-01 00:00 to 2024-01-01 00:02 UTC" in foretold.stdout
    assert not (tmp_path / "candles").exists()
    assert "3 written" in run(*arguments).stdout


def test_hours_are_refused_with_the_step_that_was_found(run: Run, tmp_path: Path) -> None:
    hours = [f"{FIRST_MS + i * 3_600_000},{ROWS[0]}" for i in range(5)]
    path = write(tmp_path / "hours.csv", "\n".join([HEADER, *hours]))
    arguments = ("import", path, "--market-id", 1, "--symbol", "X")

    refused = run(*arguments, "--skip-refused")

    assert refused.exit_code == 1
    assert "nothing written" in refused.stdout
    assert "the times step by 1h, but 1m candles are expected; pass --interval 1h" in (
        refused.stderr
    )
    assert "--skip-refused" not in refused.stderr
    taken = run(*arguments, "--interval", "1h")
    assert taken.exit_code == 0, taken.output
    assert "5 written" in taken.stdout
    assert "1h candles, stored separately from 1m candles" in taken.stdout
    assert "1h" in run("list").stdout
    assert run(*arguments, "--interval", "15m").exit_code == 1


@pytest.mark.parametrize("interval", ["1w", "7m", "30s", "0m", "hour", ""])
def test_a_length_that_does_not_divide_a_day_is_refused(
    run: Run, tmp_path: Path, interval: str
) -> None:
    path = write(tmp_path / "c.csv", generic())

    result = run("import", path, "--market-id", 1, "--symbol", "X", "--interval", interval)

    assert result.exit_code == 2
    assert "divides a day" in result.stderr


def test_leaving_out_most_of_a_file_is_not_offered(run: Run, tmp_path: Path) -> None:
    bad = generic().replace("11,13,10,12", "11,13,10,nan").replace("12,14,11,13", "12,14,11,nan")
    path = write(tmp_path / "bad.csv", bad)

    refused = run("import", path, "--market-id", 1, "--symbol", "X", "--skip-refused")

    assert refused.exit_code == 1
    assert "nothing written; 2 refused" in refused.stdout
    assert "Most rows are wrong" in refused.stderr


def test_local_times_are_taken_when_the_zone_is_said(run: Run, tmp_path: Path) -> None:
    times = [f"2024-01-01 02:0{i}" for i in range(3)]
    path = write(tmp_path / "local.csv", generic(times))
    arguments = ("import", path, "--market-id", 1, "--symbol", "LOCAL")

    refused = run(*arguments)
    taken = run(*arguments, "--timezone", "Europe/Athens")

    assert refused.exit_code == 1
    assert "the times have no time zone; pass --timezone" in refused.stderr
    assert taken.exit_code == 0
    assert "times without a zone are in Europe/Athens, as given" in taken.stdout
    assert "2024-01-01 00:00" in run("list").stdout


def test_an_unknown_zone_is_refused(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", generic())

    result = run("import", path, "--market-id", 1, "--symbol", "X", "--timezone", "Mars/Base")

    assert result.exit_code == 2
    assert "is not a time zone" in result.stderr


def test_generate_says_that_it_is_synthetic_and_is_repeatable(run: Run) -> None:
    arguments = ("generate", "--symbol", "FAKE", "--days", 2, "--seed", 5, "--gap-pct", 10)

    first, second, listed = run(*arguments), run(*arguments), run("list")

    assert first.exit_code == second.exit_code == 0, first.output
    assert "synthetic candles, seed 5" in first.stdout
    assert ": 0 written" in second.stdout
    assert "synthetic" in listed.stdout


@pytest.mark.parametrize("start", ["0900-01-01", "1969-12-31", "2099-12-31", "9999-12-31"])
def test_generate_refuses_days_that_no_import_would_take(run: Run, start: str) -> None:
    refused = run("generate", "--symbol", "FAKE", "--days", 2, "--start", start)

    assert refused.exit_code == 2
    assert "2 days must lie between 1970 and 2100" in " ".join(words(refused.stderr))


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
