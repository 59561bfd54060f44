"""Known mistakes and their answers: the right code, and the same bytes in every process."""

import asyncio
import json

import pytest

from trials.fuzz.asking import MAX_ANSWER_BYTES
from trials.fuzz.mistakes import MISTAKES, answers, digest, digest_in_process

Told = dict[str, set[tuple[int, bytes]]]


@pytest.fixture(scope="module")
def told() -> Told:
    return asyncio.run(answers(10))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_one_documented_answer(told: Told, name: str) -> None:
    ((status, body),) = told[name]

    content = json.loads(body)
    error = content.get("error") or content["errors"][0]["extensions"]
    assert (status, error["code"]) == MISTAKES[name].expected
    assert len(body) < MAX_ANSWER_BYTES


def test_an_answer_does_not_depend_on_the_process(told: Told) -> None:
    assert {digest_in_process(seed) for seed in ("1", "2")} == {digest(told)}
