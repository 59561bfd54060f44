"""`AGREEING_REQUESTS=10000 make test` compares ten thousand; the default is quick."""

import os
from collections.abc import Iterator

import numpy as np
import pytest

from tests.backtesters import minute_candles
from tests.e2e.answers import whole_answer
from tests.e2e.bodies import random_body
from tests.e2e.world import Faces, opened_over
from tests.memory_feed import MemoryFeed

COUNT = int(os.environ.get("AGREEING_REQUESTS", "200"))
N_MINUTES = 500


@pytest.fixture(scope="module")
def both() -> Iterator[Faces]:
    with opened_over(MemoryFeed(minute_candles(N_MINUTES, seed=3))) as faces:
        yield faces


@pytest.mark.timeout(3_600 if COUNT > 1_000 else 300)
def test_a_generated_request_has_one_result_whatever_the_face(both: Faces) -> None:
    rest, graphql = both

    n_variants = 0
    for number in range(COUNT):
        body = random_body(np.random.default_rng((17, number)), N_MINUTES)
        response = rest.client.post("/backtests", json=body, headers=rest.headers)
        if response.status_code == 422:
            told = rest.problems(body)
            assert told == ("validation_error", {("time_range", "empty_target")}), (number, told)
            assert graphql.problems(body) == told
            continue
        answer = response.json()
        assert response.status_code == 200, (number, answer)
        assert whole_answer(graphql, body) == answer, number
        n_variants += len(answer["variants"])

    assert n_variants > COUNT
