"""Mistakes that frameworks stumble over, over both faces, each with the answer it must get.

`python -m trials.fuzz.mistakes` prints a digest of every answer, to be compared between processes.
"""

import asyncio
import hashlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from bff.app import create_app
from tests.bff.doubles import token
from tests.bff.hostile import hostile_bodies
from trials.fuzz.asking import GRAPHQL_BODY, REST_BODY, ask, services_without_candles

INVALID = (422, "validation_error")
NOT_JSON = (400, "malformed_request")
TOO_LARGE = (413, "payload_too_large")
MEDIA = (415, "unsupported_media_type")
METHOD = (405, "method_not_allowed")
ROOM = 200_000
REST, GRAPHQL = "/backtests", "/graphql"


START = 'start: "2024-01-01T00:00:00Z"'
ESTIMATE = (
    "{{ estimateBacktest(input: {{saved: {{timeRange: {{{}}}, "
    'strategyId: "7c9e6679-7425-40de-944b-e07fc1f90ae7"}}}}) {{ isAllowed }} }}'
)


@dataclass(frozen=True)
class Mistake:
    """One wrong request and the status and code of its answer."""

    path: str
    body: bytes
    expected: tuple[int, str]
    method: str = "POST"
    content_type: bytes | None = b"application/json"


def with_value(base: Mapping[str, Any], place: tuple[Any, ...], literal: bytes) -> bytes:
    """The base as JSON with a raw literal in one place."""
    body = deepcopy(dict(base))
    target: Any = body
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = "@@"
    return json.dumps(body).encode().replace(b'"@@"', literal)


TOP_K = {REST: ("top_k",), GRAPHQL: ("variables", "input", "template", "topK")}
SYMBOL = {
    REST: ("template", "instrument_id", "symbol"),
    GRAPHQL: ("variables", "input", "template", "instrumentId", "symbol"),
}
UNKNOWN = {path: (*TOP_K[path][:-1], "n" * ROOM) for path in TOP_K}
EXTRA = {path: (*TOP_K[path][:-1], "extra") for path in TOP_K}
BASES = {REST: REST_BODY, GRAPHQL: GRAPHQL_BODY}
NUMBERS = {
    "NaN": b"NaN", "infinity": b"-Infinity", "1e400": b"1e400", "a number as text": b'"1"',
    "true": b"true", "a fraction": b"1.5", "5000 digits": b"9" * 5_000, "zero": b"0",
}  # fmt: skip
WHOLE_BODIES = {
    "a JSON string": (b'"text"', INVALID),
    "null": (b"null", INVALID),
    "a list": (b"[]", INVALID),
    "nothing": (b"", NOT_JSON),
    "bad UTF-8": (b'{"query": "\xff"}', NOT_JSON),
    "not JSON": (b"{'a': 1}", NOT_JSON),
    "100000 brackets": (b"[" * 100_000, INVALID),
    "10 MB": (b" " * 10_000_000, TOO_LARGE),
}


def of_both_faces() -> dict[str, Mistake]:
    """What can be done wrong over either face, by name."""
    found: dict[str, Mistake] = {}
    for path, base in BASES.items():
        good = json.dumps(base).encode()
        for name, literal in NUMBERS.items():
            found[f"{name} {path}"] = Mistake(path, with_value(base, TOP_K[path], literal), INVALID)
        texts = {
            "a lone surrogate": with_value(base, SYMBOL[path], rb'"\ud800"'),
            "a long value": with_value(base, EXTRA[path], b'"' + b"v" * ROOM + b'"'),
            "a long name": with_value(base, UNKNOWN[path], b"1"),
            "a repeated key": good[:-1] + b"," + good[1:],
        }
        found |= {f"{name} {path}": Mistake(path, body, INVALID) for name, body in texts.items()}
        found |= {
            f"{name} {path}": Mistake(path, body, expected)
            for name, (body, expected) in WHOLE_BODIES.items()
        }
        for media in (None, b"text/plain", b"application/x-www-form-urlencoded"):
            name = f"media type {media!r} {path}"
            found[name] = Mistake(path, good, MEDIA, content_type=media)
        for method in ("PUT", "DELETE", "PATCH"):
            found[f"{method} {path}"] = Mistake(path, good, METHOD, method=method)
    return found


def of_documents() -> dict[str, Mistake]:
    """What only a GraphQL document can do wrong."""
    literal = "{{ runBacktest(input: {{template: {{topK: {}}}}}) {{ mode }} }}"
    documents = {
        "a literal 1e400": (literal.format("1e400"), INVALID),
        "a literal of 5000 digits": (literal.format("9" * 5_000), INVALID),
        "a literal text for a number": (literal.format('"1"'), INVALID),
        "a literal surrogate": ('{ indicators(x: "\\ud800") { id } }', NOT_JSON),
        "a repeated member": (
            ESTIMATE.format(f'{START}, {START}, end: "2024-01-02T00:00:00Z"'),
            INVALID,
        ),
        "20000 aliases": ("{" + " ".join(f"a{i}: __typename" for i in range(9_000)) + "}", INVALID),
        "two runs": (
            "mutation { a: runBacktest(input: {}) { mode } b: runBacktest(input: {}) { mode } }",
            INVALID,
        ),
        "an unknown field": ("{ nope }", INVALID),
        "no document": ("", NOT_JSON),
        "a subscription": ("subscription { x }", INVALID),
        "many mistakes": ("{ a b c d e f(x: 1) indicators { x y z } }", INVALID),
    }
    mutation = "mutation { runBacktest(input: {}) { mode } }"
    found = {
        name: Mistake(GRAPHQL, json.dumps({"query": text}).encode(), expected)
        for name, (text, expected) in documents.items()
    }
    batch = json.dumps([{"query": mutation}]).encode()
    return found | {"a batch": Mistake(GRAPHQL, batch, INVALID)}


MISTAKES = {**of_both_faces(), **of_documents()}


async def answers(repeats: int) -> dict[str, set[tuple[int, bytes]]]:
    """The different answers that each mistake, and some hundred mangled requests, get."""
    built = services_without_candles()
    app, good_token = create_app(built), token(built)
    mangled = {
        f"{path} {i}": Mistake(path, body, INVALID)
        for path, base in BASES.items()
        for i, body in enumerate(hostile_bodies(base, seed=5, count=150))
    }
    told: dict[str, set[tuple[int, bytes]]] = {}
    for name, it in (MISTAKES | mangled).items():
        n_times = repeats if len(it.body) < ROOM else min(repeats, 3)
        told[name] = {
            await ask(
                app, it.path, it.body, good_token, method=it.method, content_type=it.content_type
            )
            for _ in range(n_times)
        }
    built.close()
    return told


def digest(told: dict[str, set[tuple[int, bytes]]]) -> str:
    """One text for all answers."""
    return hashlib.sha256(
        repr(sorted((name, *found) for name, found in told.items())).encode()
    ).hexdigest()


def digest_in_process(hash_seed: str) -> str:
    """The digest that another process finds, whose hashes of texts have another seed."""
    done = subprocess.run(
        [sys.executable, "-m", "trials.fuzz.mistakes"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(digest(asyncio.run(answers(1))))
