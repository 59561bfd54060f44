"""Whether both faces say the same to a generated request."""

from typing import Any

import numpy as np

from tests.backtesters import minute_candles
from tests.e2e.answers import whole_answer
from tests.e2e.bodies import random_body
from tests.e2e.world import Faces
from tests.faces import only_asked_for
from tests.memory_feed import MemoryFeed

N_MINUTES = 500
SEED = 17
EMPTY = ("validation_error", {("time_range", "empty_target")})


def candles() -> MemoryFeed:
    return MemoryFeed(minute_candles(N_MINUTES, seed=3))


def body_number(number: int) -> dict[str, Any]:
    return random_body(np.random.default_rng((SEED, number)), N_MINUTES)


def compared_variants(faces: Faces, number: int) -> int:
    """How many variants both faces told alike of one request; the generator makes no wrong ones."""
    rest, graphql = faces
    body = body_number(number)
    response = rest.client.post("/backtests", json=body, headers=rest.headers)
    if response.status_code == 422:
        assert rest.problems(body) == graphql.problems(body) == EMPTY, number
        return 0
    answer = response.json()
    assert response.status_code == 200, (number, answer)
    assert whole_answer(graphql, body) == only_asked_for(answer), number
    return len(answer["variants"])
