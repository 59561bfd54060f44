"""`candles list` and `candles check` as people and machines see them."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from backtest.adapters.candles.coverage import Coverage
from backtest.types import MINUTE_MS
from bff.commands import candle_list
from bff.commands.candle_list import bar, format_duration, format_share
from tests.backtest.adapters.candle_texts import generic, write
from tests.bff.commands.conftest import Run


def runs(*pairs: tuple[int, int]) -> Coverage:
    firsts, lasts = (
        MINUTE_MS * np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True)
    )
    return Coverage(step_ms=MINUTE_MS, firsts=firsts, lasts=lasts)


def test_a_bar_is_full_only_where_nothing_is_missing() -> None:
    found = runs((0, 99), (101, 199), (399, 399), (450, 499))

    assert bar(found, 5, is_ascii=False) == "█▇·▁▅"
    assert bar(found, 5, is_ascii=True) == "87.15"


def test_almost_all_is_not_all() -> None:
    assert format_share(1_000_000, 1_000_000) == "100 %"
    assert format_share(999_999, 1_000_000) == "99.99 %"
    assert format_duration(90 * 60_000) == "1h 30m"
    assert format_duration(2 * 86_400_000) == "2d"


def test_the_list_shows_how_full_a_range_is(run: Run) -> None:
    run("generate", "--symbol", "HOLES", "--days", 3, "--gap-pct", 20)

    listed = run("list")

    assert listed.exit_code == 0, listed.output
    assert "HOLES" in listed.stdout
    assert "80." in listed.stdout or "79." in listed.stdout
    assert "▇" in listed.stdout


def test_a_terminal_of_any_width_shows_everything(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("generate", "--symbol", "NARROW", "--days", 2, "--gap-pct", 10)

    for width in (200, 131, 60, 20, 4):
        written = io.StringIO()
        terminal = Console(file=written, width=width, force_terminal=True, color_system=None)
        monkeypatch.setattr(candle_list, "Console", lambda terminal=terminal, **_: terminal)
        assert run("list").exit_code == 0

        shown = "".join(written.getvalue().split())
        for text in ("NARROW", "1m", "2024-01-01", "2024-01-02", "▇"):
            assert text in shown, written.getvalue()


def test_an_empty_store_says_how_to_fill_it(run: Run) -> None:
    assert "candles import" in run("list").stdout
    assert run("list", "--json").stdout.strip() == "[]"


def test_the_list_for_machines(run: Run, tmp_path: Path) -> None:
    times = [1_704_067_200_000 + 60_000 * place for place in (0, 1, 5)]
    path = write(tmp_path / "candles.csv", generic(times))
    run("import", path, "--market-id", 1, "--symbol", "JSON")

    (listed,) = json.loads(run("list", "--json").stdout)

    assert listed == {
        "market_id": 1,
        "symbol": "JSON",
        "length": "1m",
        "first": "2024-01-01T00:00:00Z",
        "last": "2024-01-01T00:05:00Z",
        "candles": 3,
        "expected": 6,
        "filled_pct": 50.0,
        "rows": 3,
        "gaps": {
            "count": 1,
            "missing": 3,
            "longest": {
                "first": "2024-01-01T00:02:00Z",
                "last": "2024-01-01T00:04:00Z",
                "candles": 3,
            },
        },
        "coverage": [1.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        "sources": ["import"],
    }


def test_a_history_with_a_gap_does_not_pass_the_check(run: Run, tmp_path: Path) -> None:
    times = [1_704_067_200_000 + 60_000 * place for place in (0, 1, 5)]
    path = write(tmp_path / "candles.csv", generic(times))
    run("import", path, "--market-id", 1, "--symbol", "HOLE")

    checked, as_json = run("check"), run("check", "--json", "--symbol", "hole")

    assert checked.exit_code == as_json.exit_code == 1, checked.output
    assert "1:HOLE 1m: 3 candles, 2024-01-01 00:00 to 2024-01-01 00:05 UTC" in checked.stdout
    assert "gaps: 1 gap, 3 candles of 1m are missing" in checked.stdout
    assert "2024-01-01 00:02 (3m)" in checked.stdout
    (instrument,) = json.loads(as_json.stdout)
    gaps = next(found for found in instrument["findings"] if found["kind"] == "gaps")
    assert gaps["places"] == [
        {"first": "2024-01-01T00:02:00Z", "last": "2024-01-01T00:04:00Z", "size": 3}
    ]
    assert gaps["count"] == 1


def test_a_whole_history_passes_the_check(run: Run) -> None:
    run("generate", "--symbol", "WHOLE", "--days", 2)

    checked = run("check", "--market-id", 1)

    assert checked.exit_code == 0, checked.output
    assert "nothing looks wrong" in checked.stdout


def test_made_up_candles_among_real_ones_do_not_pass_the_check(run: Run, tmp_path: Path) -> None:
    run("generate", "--symbol", "MIXED", "--days", 1)
    path = write(tmp_path / "candles.csv", generic())
    run("import", path, "--market-id", 1, "--symbol", "MIXED")

    checked = run("check")

    assert checked.exit_code == 1
    assert "synthetic: synthetic candles from `candles generate` are mixed" in checked.stdout


def test_a_check_of_what_is_not_stored_is_a_mistake(run: Run) -> None:
    run("generate", "--symbol", "THERE", "--days", 1)

    checked = run("check", "--market-id", 2, "--symbol", "AWAY")

    assert checked.exit_code == 2
    assert "the store holds no candles of 2:AWAY" in checked.stderr
