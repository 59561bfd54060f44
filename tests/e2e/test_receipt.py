"""The receipt: what went into a run and what came out, and the request that asks it again."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.backtesters import minute_candles
from tests.e2e.grids import GRID, N_MINUTES, candles
from tests.e2e.world import Faces, opened_over
from tests.faces import to_graphql
from tests.memory_feed import MemoryFeed

ASKED = GRID | {"include": ["receipt"]}
DOCUMENT = """
mutation ($i: RunBacktestInput!) { runBacktest(input: $i) { receipt {
  sha256 requestSha256 candlesSha256 engineSemantics resultSha256 nBars request } } }
"""


@pytest.fixture(scope="module")
def both() -> Iterator[Faces]:
    with opened_over(candles()) as faces:
        yield faces


@pytest.fixture(scope="module")
def receipt(both: Faces) -> dict[str, Any]:
    return both[0].run(ASKED)["receipt"]


def test_both_faces_give_the_same_receipt(both: Faces, receipt: dict[str, Any]) -> None:
    told = both[1].ask(DOCUMENT, {"i": to_graphql(GRID)}).json()["data"]["runBacktest"]["receipt"]

    assert list(told.values()) == list(receipt.values())


def test_its_request_asks_the_same_again(both: Faces, receipt: dict[str, Any]) -> None:
    again = both[0].run(receipt["request"] | {"include": ["receipt"]})

    assert again == both[0].run(ASKED)


@pytest.mark.parametrize(
    "change",
    [{"top_k": 11}, {"warmup_bars": 29}, {"ranking": {"primary_metric": "profit_factor"}}],
)
def test_another_request_has_another_first_layer(
    both: Faces, receipt: dict[str, Any], change: dict[str, Any]
) -> None:
    other = both[0].run(ASKED | change)["receipt"]

    assert other["request_sha256"] != receipt["request_sha256"]
    assert other["sha256"] != receipt["sha256"]


@pytest.mark.parametrize("series", ["open", "high", "low", "close", "volume"])
def test_one_changed_minute_of_the_warm_up_is_another_second_layer(
    receipt: dict[str, Any], series: str
) -> None:
    minutes = minute_candles(N_MINUTES, seed=5, tick=1 / 16)
    minutes[series] = np.where(np.arange(N_MINUTES) == 40, minutes[series] + 0.5, minutes[series])

    with opened_over(MemoryFeed(minutes)) as (rest, _):
        other = rest.run(ASKED)["receipt"]

    assert other["request_sha256"] == receipt["request_sha256"]
    assert other["candles_sha256"] != receipt["candles_sha256"]
