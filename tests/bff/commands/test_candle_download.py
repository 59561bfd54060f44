"""`candles download` from an archive on loopback, as a person and as a script would use it."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.backtest.adapters.archives.archive_server import (
    ArchiveServer,
    klines,
    midnight_ms,
    running_archive,
    zipped,
)
from tests.bff.commands.conftest import Run
from tests.bff.served import ROOT
from tests.waiting import PATIENCE_S, wait_for


@pytest.fixture
def archive() -> Generator[ArchiveServer]:
    with running_archive() as server:
        yield server


def publish(archive: ArchiveServer, month: str, n: int = 3, symbol: str = "BTCUSDT") -> str:
    path = f"/data/spot/monthly/klines/{symbol}/1m/{symbol}-1m-{month}.zip"
    archive.publish(path, zipped(klines(midnight_ms(f"{month}-01"), n)))
    return path


def test_download_list_and_download_again(run: Run, archive: ArchiveServer, tmp_path: Path) -> None:
    for month in ("2023-02", "2023-03"):
        publish(archive, month)
    wanted = ("download", "--market-id", 1, "--symbol", "btcusdt", "--source", archive.address)
    dates = ("--from", "2023-01", "--to", "2023-03", "--folder", tmp_path / "files")

    first, second = run(*wanted, *dates), run(*wanted, *dates)

    assert first.exit_code == second.exit_code == 0, first.output
    assert "BTCUSDT-1m-2023-02.zip: 3 written, 0 already stored" in first.stdout
    assert "1:BTCUSDT 1m, 2023-01-01 to 2023-03-31: 6 written" in first.stdout
    assert "2 files imported, 0 already stored, 0 failed" in first.stdout
    assert "not published (yet): 2023-01\n" in first.stdout
    assert "0 files imported, 2 already stored, 0 failed" in second.stdout
    (listed,) = json.loads(run("list", "--json").stdout)
    assert (listed["symbol"], listed["candles"]) == ("BTCUSDT", 6)


def test_an_archive_that_has_nothing_says_what_to_check(
    run: Run, archive: ArchiveServer, tmp_path: Path
) -> None:
    found = run(
        *("download", "--market-id", 1, "--symbol", "NOSUCH", "--from", "2023-01-15"),
        *("--to", "2023-02", "--source", archive.address, "--folder", tmp_path / "files"),
    )

    assert found.exit_code == 1
    assert "The source has no 1m candles of NOSUCH for this period; check --symbol" in found.stderr


def test_a_file_that_failed_fails_the_command_and_not_the_others(
    run: Run, archive: ArchiveServer, tmp_path: Path
) -> None:
    archive.faults[publish(archive, "2023-01")] = [(403, {})]
    publish(archive, "2023-02")

    found = run(
        *("download", "--market-id", 1, "--symbol", "BTCUSDT", "--from", "2023-01"),
        *("--to", "2023-02", "--source", archive.address, "--folder", tmp_path / "files"),
    )

    assert found.exit_code == 1
    assert "the server answered 403 Forbidden" in found.stderr
    assert "1 file imported, 0 already stored, 1 failed" in found.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"--interval": "1w"}, "a whole number of minutes that divides a day evenly, was 1w"),
        ({"--interval": "7m"}, "a whole number of minutes that divides a day evenly, was 7m"),
        ({"--interval": "10m"}, "no archive of the market has candles of 10m, only of 1m, 3m"),
        ({"--from": "2023"}, "must be a month or a day such as 2023-01"),
        ({"--to": "2023-02-30"}, "must be a month or a day such as 2023-01"),
        ({"--from": "2023-03", "--to": "2023-01"}, "must not be after 2023-01-31, was 2023-03-01"),
        ({"--from": "2999-01"}, "must not be after"),
        ({"--symbol": "../../etc"}, "is not a valid exchange symbol"),
        ({"--symbol": "A" * 41}, "is not a valid exchange symbol"),
        ({"--market-id": "4", "--symbol": "BTCUSD"}, "count their volume in dollars"),
        ({"--market-id": "4", "--symbol": "BTCUSDH24"}, "count their volume in dollars"),
        ({"--market-id": "7"}, "market 7 has no archive (only 1, 2, 3, 4 have one)"),
        ({"--exchange": "nosuch"}, "ccxt has no exchange named nosuch"),
        ({"--source": "ftp://mirror"}, "must be an address such as https://mirror.example"),
        ({"--source": "http://"}, "must be an address such as https://mirror.example"),
        ({"--source": "http://["}, "must be an address such as https://mirror.example"),
        ({"--source": "http://a:b"}, "must be an address such as https://mirror.example"),
        ({"--from": "9999-12"}, "must be a month or a day such as 2023-01"),
        ({"--interval": "9" * 5_000 + "m"}, "a whole number of minutes that divides a day evenly"),
    ],
)
def test_what_cannot_be_downloaded_is_refused_before_anything_is_asked(
    run: Run, tmp_path: Path, options: dict[str, str], sentence: str
) -> None:
    given = {"--market-id": "1", "--symbol": "BTCUSDT", "--from": "2023-01"} | options
    arguments = [word for pair in given.items() for word in pair]

    refused = run("download", *arguments, "--folder", tmp_path / "files")

    assert refused.exit_code == 2
    assert sentence in " ".join(refused.stderr.replace("│", " ").split())
    assert not (tmp_path / "files").exists()


def test_a_download_that_was_killed_goes_on_where_it_was(
    archive: ArchiveServer, tmp_path: Path
) -> None:
    publish(archive, "2023-01")
    path = publish(archive, "2023-02", n=10_000)
    archive.faults[path] = ["stall"]
    command = [sys.executable, "-m", "tests.bff.commands.patient_download", "candles", "download"]
    command += ["--market-id", "1"]
    command += ["--symbol", "BTCUSDT", "--from", "2023-01", "--to", "2023-02"]
    command += ["--source", archive.address]
    environment = os.environ | {
        "ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)
    }  # fmt: skip

    killed = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert archive.stalled.wait(PATIENCE_S)
    assert killed.stdout is not None
    assert killed.stdout.readline().startswith("BTCUSDT-1m-2023-01.zip: 3 written")
    wait_for(lambda: any(note.stat().st_size for note in tmp_path.rglob("*.holds")))
    wait_for(lambda: any(part.stat().st_size for part in tmp_path.rglob("*.part")))
    killed.kill()
    killed.wait(PATIENCE_S)
    killed.stdout.close()
    archive.released.set()

    again = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )

    assert "1 file imported, 1 already stored, 0 failed" in again.stdout
    assert "BTCUSDT-1m-2023-02.zip: 10,000 written" in again.stdout
    assert archive.ranges(path)[-1].startswith("bytes=")
    assert not list(tmp_path.rglob("*.part*"))
