"""What `run --html` fills the page with."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from backtest.control import Control
from backtest.run import Backtester
from bff.commands import html_report
from bff.commands.html_report import NoReportPage, write_report
from resolvers.market import Market
from resolvers.service import BacktestService
from schema.parse import parse_request
from schema.strategy_spec import read_spec
from tests.bff.doubles import USER, services
from tests.e2e.grids import GRID, candles
from tests.e2e.world import Shelf

PAGE = '<script type="application/json">{{report}}</script>'


def written(path: Path) -> dict[str, Any]:
    settings = services().settings
    defaults, policy, feed = settings.grid_defaults, settings.policy(cpus=1), candles()
    backtester = Backtester(
        candles=feed, strategies=Shelf(), defaults=defaults, read_spec=read_spec, policy=policy
    )
    service = BacktestService(
        backtester=backtester, defaults=defaults, policy=policy, market=Market(feed, list)
    )
    request = parse_request({**GRID, "top_k": 60})
    response = service.run(request, user_id=USER, control=Control())
    write_report(path, service, request, response, 1.5)
    backtester.close()
    (text,) = re.findall(r"<script[^>]*>(.*)</script>", path.read_text(encoding="utf-8"), re.DOTALL)
    assert "<" not in text
    return json.loads(text)


def test_the_report_holds_the_answer_and_what_is_drawn_of_its_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_report, "report_page", lambda: PAGE)

    report = written(tmp_path / "report.html")

    variants = report["answer"]["variants"]
    assert len(variants) == 50
    assert variants[0]["report"]["trades"]
    assert {variant["report"]["trades"] for variant in variants[1:] if variant["report"]} == {None}
    assert report["range"] == {
        "start": "1970-01-01T01:00:00.000Z",
        "end": "1970-01-01T14:10:00.000Z",
    }
    assert report["seconds"] == 1.5
    assert report["bars"]["bars_per_point"] == 1
    assert len(report["bars"]["points"]) == 790
    assert len(report["curve"]) == 790
    own = {one["indicator_id"]: one["stretches"] for one in report["indicator_signals"]}
    assert list(own) == [
        one["indicator_id"] for one in variants[0]["payload"]["indicator_selections"]
    ]
    for stretches in (report["signal"], *own.values()):
        assert sum(one["n_bars"] for one in stretches) == 790
    assert any(one["n_long"] for one in report["signal"])
    returned = report["curve"][-1]["equity"] / 10_000 - 1
    assert returned * 100 == pytest.approx(variants[0]["total_return_pct"])


def test_more_bars_than_may_be_asked_for_are_drawn_of_a_longer_timeframe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_report, "report_page", lambda: PAGE)
    monkeypatch.setattr("resolvers.market.MAX_BARS", 200)

    report = written(tmp_path / "report.html")

    assert report["answer"]["timeframe"] == "1m"
    assert report["bars"]["bars_per_point"] == 5
    assert len(report["bars"]["points"]) == 790 / 5


def test_without_the_page_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_report, "report_page", lambda: None)

    with pytest.raises(NoReportPage, match="make console"):
        written(tmp_path / "report.html")

    assert list(tmp_path.iterdir()) == []
