"""`verify`: an answer is run again, and the first layer that differs is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from backtest.identity import ENGINE_SEMANTICS, canonical_json, sha256_hex
from backtest.ports import CandleFeed
from backtest.run import Backtester
from bff.cli import app
from resolvers.service import BacktestService
from schema.strategy_spec import read_spec
from tests.backtesters import minute_candles
from tests.bff.doubles import services, serving
from tests.e2e.grids import GRID, N_MINUTES, candles
from tests.e2e.world import Shelf, opened_over
from tests.faces import to_graphql
from tests.memory_feed import MemoryFeed

Verify = Callable[..., Result]
SMALL = GRID | {
    "top_k": 3,
    "top_trades_n": 2,
    "include": ["receipt", "evidence", "landscape", "intrabar"],
}
RECEIPT = {
    "sha256": "x",
    "request": {},
    "request_sha256": "x",
    "candles_sha256": "x",
    "engine_semantics": 1,
    "result_sha256": "x",
}
DOCUMENT = """
mutation ($i: RunBacktestInput!) { runBacktest(input: $i) {
  variants { variantKey totalReturnPct ranking { primary { metric } } report { rows { value } }
    payload { directionMode risk { slEnabled slPct tpEnabled tpPct } signals { indicatorId
      params { name value } } } }
  evidence { trials { tried } pbo { probability } conclusion { verdict reasons { text } } }
  landscape { interactions axes { kind } }
  receipt { sha256 requestSha256 candlesSha256 engineSemantics resultSha256 nBars request } } }
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    with opened_over(candles()) as (rest, graphql):
        told = rest.client.post("/backtests", json=SMALL, headers=rest.headers).json()
        sent = {name: value for name, value in SMALL.items() if name != "include"}
        return {"rest": told, "graphql": graphql.ask(DOCUMENT, {"i": to_graphql(sent)}).json()}


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Verify:
    """Verifies an answer against candles, in a process that was built around them."""
    monkeypatch.setenv("ROEHUB_ENV", "test")
    monkeypatch.setenv("ROEHUB_DATA_DIR", str(tmp_path))

    def run(answer: object, feed: CandleFeed | None = None) -> Result:
        bare = services()
        policy, defaults = bare.settings.policy(cpus=2), bare.settings.grid_defaults
        backtester = Backtester(
            candles=feed or candles(),
            strategies=Shelf(),
            defaults=defaults,
            read_spec=read_spec,
            policy=policy,
        )
        service = BacktestService(backtester=backtester, defaults=defaults, policy=policy)
        built = serving(bare, service, backtester.close)
        monkeypatch.setattr("bff.wiring.build", lambda *_: built)
        path = tmp_path / "answer.json"
        path.write_text(answer if isinstance(answer, str) else json.dumps(answer))
        return CliRunner().invoke(app, ["verify", str(path)])

    return run


@pytest.mark.parametrize("face", ["rest", "graphql"])
def test_an_untouched_answer_is_the_same(
    verify: Verify, answers: dict[str, dict[str, Any]], face: str
) -> None:
    result = verify(answers[face])

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("same: ")


def test_a_receipt_whose_request_is_none_any_more_says_what_is_wrong_with_it(
    verify: Verify, answers: dict[str, dict[str, Any]]
) -> None:
    result = verify(edited(answers["rest"], "receipt.request.template.timeframe", "7m"))

    assert result.exit_code == 1
    assert "Validation failed" in result.stderr
    assert "- template.timeframe: " in result.stderr


def edited(answer: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(answer))
    *steps, last = path.split(".")
    place: Any = copy
    for step in steps:
        place = place[int(step) if step.isdecimal() else step]
    place[int(last) if last.isdecimal() else last] = value
    return copy


def with_layer(answer: dict[str, Any], member: str, value: object) -> dict[str, Any]:
    """An answer whose receipt adds up all the same."""
    copy = edited(answer, f"receipt.{member}", value)
    receipt = copy["receipt"]
    layers = {
        "request": receipt["request_sha256"],
        "candles": receipt["candles_sha256"],
        "engine": receipt["engine_semantics"],
        "result": receipt["result_sha256"],
    }
    receipt["sha256"] = sha256_hex(canonical_json(layers))
    return copy


@pytest.mark.parametrize(
    ("path", "value", "code", "said"),
    [
        ("receipt.sha256", "0" * 64, 10, "receipt: its layers hash to "),
        ("receipt.candles_sha256", "0" * 64, 10, "receipt: its layers hash to "),
        ("receipt.request.top_k", 2, 11, "request: the answer says "),
        ("variants.1.total_return_pct", 1e6, 14, "result: variants.1.total_return_pct: the"),
        ("variants.0.report.rows.4.value", "7", 14, "result: variants.0.report.rows.4.value: the"),
        ("variants.0.intrabar.trades_touched_stop", 77, 14, "result: variants.0.intrabar.trades_"),
        ("notes", [], 14, "result: entries in notes: the answer says 0, this run gives "),
        ("data.candles_missing", 5, 14, "result: data.candles_missing: the answer says 5"),
        ("evidence.pbo.probability", 0.01, 15, "evidence: evidence.pbo.probability: the"),
        ("evidence.conclusion.verdict", "SURE", 15, "evidence: evidence.conclusion.verdict: the"),
        ("landscape.robust_order.0", 9, 16, "landscape: landscape.robust_order.0: the answer"),
    ],
)
def test_an_edited_answer_is_told_by_its_place(
    verify: Verify,
    answers: dict[str, dict[str, Any]],
    path: str,
    value: object,
    code: int,
    said: str,
) -> None:
    result = verify(edited(answers["rest"], path, value))

    assert result.stdout.startswith(f"differs: {said}")
    assert result.exit_code == code


@pytest.mark.parametrize(
    ("member", "value", "code", "layer"),
    [
        ("request_sha256", "1" * 64, 11, "request"),
        ("candles_sha256", "1" * 64, 12, "candles"),
        ("engine_semantics", ENGINE_SEMANTICS - 1, 13, "engine"),
        ("result_sha256", "1" * 64, 14, "result"),
    ],
)
def test_each_layer_of_a_receipt_that_adds_up_is_told_by_its_name(
    verify: Verify,
    answers: dict[str, dict[str, Any]],
    member: str,
    value: object,
    code: int,
    layer: str,
) -> None:
    """As another engine, or a forger who can add up, would have written it."""
    now = answers["rest"]["receipt"][member]

    result = verify(with_layer(answers["rest"], member, value))

    assert result.stdout == f"differs: {layer}: the answer says {value}, this run gives {now}\n"
    assert result.exit_code == code


def test_edited_evidence_of_the_other_face_is_told_too(
    verify: Verify, answers: dict[str, dict[str, Any]]
) -> None:
    place = "data.runBacktest.evidence.trials.tried"

    result = verify(edited(answers["graphql"], place, 3))

    assert result.stdout.startswith("differs: evidence: evidence.trials.tried: the answer says 3, ")
    assert result.exit_code == 15


def test_other_candles_are_told_before_the_result_that_they_change(
    verify: Verify, answers: dict[str, dict[str, Any]]
) -> None:
    minutes = minute_candles(N_MINUTES, seed=5, tick=1 / 16)
    minutes["close"] = np.where(np.arange(N_MINUTES) == 300, 90.0, minutes["close"])

    result = verify(answers["rest"], MemoryFeed(minutes))

    assert result.stdout.startswith("differs: candles: the answer says ")
    assert result.exit_code == 12


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([1], "does not hold the answer to a run"),
        ({"variants": []}, "has no receipt"),
        ({"variants": [1], "receipt": RECEIPT}, "does not hold the answer to a run"),
        ({"variants": 1, "receipt": RECEIPT}, "does not hold the answer to a run"),
        (
            {"data": {"runBacktest": {"variants": [None], "receipt": RECEIPT}}},
            "does not hold the answer to a run",
        ),
        ({"variants": [], "receipt": {"sha256": ""}}, "is missing request, request_sha256"),
    ],
)
def test_what_cannot_be_verified_says_why(verify: Verify, answer: object, said: str) -> None:
    result = verify(answer)

    assert result.exit_code == 1
    assert said in " ".join(result.stderr.split())
