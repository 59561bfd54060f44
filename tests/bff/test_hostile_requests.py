"""`HOSTILE_REQUESTS=1000000 make test` sends a million; the default is quick."""

import asyncio
import os
from typing import Any

import pytest

from bff.app import create_app
from tests.bff.doubles import token
from tests.bff.hostile import hostile_bodies
from trials.fuzz.asking import GRAPHQL_BODY, REST_BODY, send_all, services_without_candles

COUNT = int(os.environ.get("HOSTILE_REQUESTS", "3000"))


@pytest.mark.timeout(900 + COUNT // 100)
@pytest.mark.parametrize(
    ("path", "base"),
    [("/backtests", REST_BODY), ("/graphql", GRAPHQL_BODY)],
    ids=["rest", "graphql"],
)
def test_no_request_is_answered_with_anything_undocumented(path: str, base: dict[str, Any]) -> None:
    built = services_without_candles()
    app, good_token = create_app(built), token(built)
    bodies = hostile_bodies(base, seed=20_240_101, count=COUNT // 2)

    tally = asyncio.run(send_all(app, path, bodies, good_token))

    assert tally.found == []
    assert tally.n_requests == COUNT // 2
    built.close()
