"""Known mistakes and their answers: the right code, and the same bytes in every process."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.asking import MAX_ANSWER_BYTES
from tests.fuzz.mistakes import MISTAKES, REPEATS, answers, digest

HASH_SEEDS = os.environ.get("HASH_SEEDS", "1 2").split()
ROOT = Path(__file__).parents[2]

Told = dict[str, set[tuple[int, bytes]]]


@pytest.fixture(scope="module")
def told() -> Told:
    return asyncio.run(answers(REPEATS // 5))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_one_documented_answer(told: Told, name: str) -> None:
    ((status, body),) = told[name]

    content = json.loads(body)
    error = content.get("error") or content["errors"][0]["extensions"]
    assert (status, error["code"]) == MISTAKES[name].expected
    assert len(body) < MAX_ANSWER_BYTES


def test_an_answer_does_not_depend_on_the_process(told: Told) -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-m", "tests.fuzz.mistakes"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in HASH_SEEDS
    }

    assert digests == {digest(told)}
