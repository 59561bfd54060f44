"""`run` before somebody's eyes: a table, a curve, candles and notes; JSON for everything else."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from bff.cli import app
from bff.console import report_page

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
REQUEST: dict[str, Any] = {
    "time_range": {"start": "2024-01-02T00:00:00Z", "end": "2024-01-05T00:00:00Z"},
    "warmup_bars": 40,
    "top_k": 2,
    "template": {
        "instrument_id": {"market_id": 1, "symbol": "SYNTHUSDT"},
        "timeframe": "1h",
        "indicator_grids": [
            {
                "indicator_id": "ma.sma",
                "params": {"window": {"mode": "explicit", "values": [5, 10, 20]}},
                "source": {"mode": "explicit", "values": ["close"]},
            }
        ],
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with three days of candles and the request, which asks for a fourth."""
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "request.json").write_text(json.dumps(REQUEST), encoding="utf-8")
    made = command(folder, "candles", "generate", "--symbol", "SYNTHUSDT", "--days", "3")
    assert made.exit_code == 0, made.output
    return folder


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(folder), "COLUMNS": "100"}


def command(folder: Path, *arguments: str) -> Result:
    """Where no terminal is looking."""
    return CliRunner().invoke(app, arguments, env=environment(folder))


def on_a_terminal(folder: Path, *arguments: str, **variables: str) -> str:
    """What a command writes to a terminal as its standard output."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bff", *arguments],
        env=environment(folder) | variables,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        written = b""
        while piece := _read(ours):
            written += piece
        assert process.stderr is not None
        assert process.wait() == 0, process.stderr.read()
    os.close(ours)
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # its other end was closed
        return b""


def test_a_terminal_gets_the_table_the_curve_the_candles_and_the_notes(folder: Path) -> None:
    shown = on_a_terminal(folder, "run", str(folder / "request.json"))

    assert "The best 2 of 3 variants" in shown
    assert "ma.sma" in shown
    assert "Equity of the best variant" in shown
    assert "█" in shown
    assert "Candles of 60 s from 2024-01-02T00:00 to 2024-01-03T23:59" in shown
    assert "- The candles end at 2024-01-03T23:59, before the end of the range:" in shown
    assert '"schema_version"' not in shown


def test_a_terminal_gets_the_conclusion_in_words_with_its_reasons(folder: Path) -> None:
    every = ("--include", "evidence,receipt", "--include", "landscape")
    shown = " ".join(on_a_terminal(folder, "run", str(folder / "request.json"), *every).split())

    assert "Is the best variant luck or skill? " in shown
    assert "- The best of 3 variants without skill would look at least this good against" in shown
    assert "each axis explains alone: ma.sma.window 100%." in shown
    assert "Receipt: " in shown


def test_what_the_request_or_the_command_line_includes_is_told(folder: Path) -> None:
    template = REQUEST["template"] | {
        "risk_grid": {"sl_enabled": True, "sl": {"mode": "explicit", "values": [0.01]}}
    }
    body = REQUEST | {"template": template, "include": ["receipt"]}
    request = folder / "including.json"
    request.write_text(json.dumps(body), encoding="utf-8")

    bare = json.loads(command(folder, "run", str(request)).stdout)
    more = json.loads(command(folder, "run", str(request), "--include", "intrabar").stdout)

    assert bare["receipt"] == more["receipt"] is not None
    assert bare["variants"][0]["intrabar"] is None
    assert more["variants"][0]["intrabar"]["trades_touched_stop"] > 0
    shown = on_a_terminal(folder, "run", str(request), "--include", "intrabar")
    assert "Within bars, the best variant touched its stop-loss in" in shown


def test_a_part_that_does_not_exist_is_refused_with_those_that_do(folder: Path) -> None:
    refused = command(folder, "run", str(folder / "request.json"), "--include", "horoscope")

    assert refused.exit_code == 2
    for word in ("horoscope", "evidence", "landscape", "receipt", "intrabar"):
        assert word in refused.stderr


@pytest.mark.skipif(report_page() is None, reason="the console is not built: make console")
def test_reports_that_a_service_withholds_are_there_with_a_page_too(folder: Path) -> None:
    configured = yaml.safe_load((CONFIGS / "dev" / "backtest.yaml").read_text(encoding="utf-8"))
    configured["backtest"]["reporting"] = {"eager_top_reports_enabled": False}
    (folder / "withheld.yaml").write_text(yaml.safe_dump(configured), encoding="utf-8")
    page = folder / "report.html"

    shown = on_a_terminal(
        folder,
        "run", str(folder / "request.json"), "--html", str(page),
        ROEHUB_BACKTEST_CONFIG=str(folder / "withheld.yaml"),
    )  # fmt: skip

    assert "The best 2 of 3 variants" in shown
    (held,) = re.findall(
        r'"application/json"[^>]*>(.*?)</script>', page.read_text(encoding="utf-8")
    )
    assert json.loads(held)["answer"]["variants"][0]["report"]["trades"]


def test_a_terminal_gets_the_json_that_is_asked_for(folder: Path) -> None:
    asked = json.loads(on_a_terminal(folder, "run", str(folder / "request.json"), "--json"))

    assert asked["data"]["candle_seconds"] == 60
    assert "range_beyond_candles" in {note["code"] for note in asked["notes"]}
