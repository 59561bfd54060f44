"""The examples of docs/identity.md: what the page says is hashed, hashed, is what the code says."""

import json
import re
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from backtest.control import Control
from backtest.run import Backtester
from bff.config.settings import load_settings
from resolvers.hashes import spec_hash
from resolvers.mapping import to_response
from schema.parse import parse_request
from schema.response import BacktestResponse
from schema.strategy_spec import read_spec
from tests.backtesters import USER, NoStrategies, minute_candles
from tests.memory_feed import MemoryFeed

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"### `(\w+)`\n(?:(?!###).)*?```json\n(.*?)\n```\n\n`([0-9a-f]{64})`", re.DOTALL
)
EXAMPLES = {name: (text, told) for name, text, told in EXAMPLE.findall(PAGE)}
N_MINUTES = 6 * 24 * 60


def block(kind: str) -> Any:
    found = re.search(rf"```json {kind}\n(.*?)\n```", PAGE, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def answer_to(**options: Any) -> BacktestResponse:
    """What the code answers to the page's request."""
    request = parse_request(block("request") | options)
    candles = minute_candles(N_MINUTES)
    candles["ts_open"] += request.time_range.end_ms - N_MINUTES * 60_000
    settings = load_settings({})
    backtester = Backtester(
        candles=MemoryFeed(candles),
        strategies=NoStrategies(),
        defaults=settings.grid_defaults,
        read_spec=read_spec,
        policy=settings.policy(cpus=2),
    )
    control = Control()
    with closing(backtester):
        return to_response(backtester.run(request, user_id=USER, control=control), control)


@pytest.fixture(scope="module")
def hashes() -> dict[str, str | None]:
    """What the code says of the page's request and of its stored payload."""
    answer = answer_to()
    (variant,) = answer.variants
    return {
        "indicator_variant_key": variant.indicator_variant_key,
        "variant_key": variant.variant_key,
        "grid_request_hash": answer.grid_request_hash,
        "engine_params_hash": answer.engine_params_hash,
        "spec_hash": spec_hash(block("spec")),
    }


def test_every_hash_has_an_example(hashes: dict[str, str | None]) -> None:
    assert EXAMPLES.keys() == hashes.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_what_the_code_hashes(name: str, hashes: dict[str, str | None]) -> None:
    text, told = EXAMPLES[name]

    assert sha256(text.encode()).hexdigest() == told
    assert told == hashes[name]


@pytest.mark.parametrize("name", ["grid_request_hash", "engine_params_hash"])
@pytest.mark.parametrize("option", [{"distinct": True}, {"min_trades": 1}, {"prior_trials": 5}])
def test_what_is_asked_for_is_a_member_of_both_texts(option: dict[str, Any], name: str) -> None:
    members = json.loads(EXAMPLES[name][0]) | option
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))

    assert getattr(answer_to(**option), name) == sha256(text.encode()).hexdigest()
