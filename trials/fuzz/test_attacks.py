"""Every attack is refused; what that costs is measured by `python -m benchmarks attacks`."""

import asyncio
import json

import pytest

from bff.app import create_app
from tests.bff.doubles import token
from trials.fuzz.asking import MAX_ANSWER_BYTES, ask, services_without_candles
from trials.fuzz.attacks import ATTACKS

Told = dict[str, tuple[int, bytes]]


@pytest.fixture(scope="module")
def told() -> Told:
    async def tell() -> Told:
        built = services_without_candles()
        app, good_token = create_app(built), token(built)
        answers = {
            name: await ask(app, path, body, good_token) for name, (path, body) in ATTACKS.items()
        }
        built.close()
        return answers

    return asyncio.run(tell())


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_in_few_words(told: Told, name: str) -> None:
    status, answer = told[name]

    # What the use-case refuses was executed, which plain GraphQL clients see as 200 without data.
    assert status in {200, 400, 413, 422}
    assert len(answer) < MAX_ANSWER_BYTES
    assert json.loads(answer).get("data") is None
