"""`make fuzz`: a hundred thousand requests that should not break the door, ten thousand that agree.

`python -m tests.fuzz SHARE` does that share of it.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable

import structlog

from bff.app import create_app
from tests.bff.doubles import token
from tests.bff.hostile import hostile_bodies
from tests.e2e.agreement import candles, compared_variants
from tests.e2e.world import opened_over
from tests.fuzz.asking import (
    GRAPHQL_BODY,
    REST_BODY,
    Tally,
    send_all,
    services_without_candles,
)
from tests.fuzz.generated import graphql_documents, openapi_bodies
from tests.fuzz.mistakes import answers, digest, digest_in_process

REST, GRAPHQL = "/backtests", "/graphql"
SEED = 97
Part = tuple[str, str, int, Callable[[int], list[bytes]]]
PARTS: tuple[Part, ...] = (
    ("mangled", REST, 40_000, lambda n: hostile_bodies(REST_BODY, seed=SEED, count=n)),
    ("mangled", GRAPHQL, 40_000, lambda n: hostile_bodies(GRAPHQL_BODY, seed=SEED, count=n)),
    ("OpenAPI, allowed", REST, 7_500, lambda n: openapi_bodies(n, is_valid=True)),
    ("OpenAPI, not allowed", REST, 7_500, lambda n: openapi_bodies(n, is_valid=False)),
    ("SDL, allowed", GRAPHQL, 5_000, graphql_documents),
)
AGREEING = 10_000
BATCH = 2_500
REPEATS = 100
HASH_SEEDS = tuple(map(str, range(8)))


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    row = "| {:<20} | {:<10} | {:>8} | {:>7} | {:>10} | {} |"
    print(row.format("requests", "face", "sent", "seconds", "unexpected", "by status"))
    print(row.format("-" * 20, "-" * 10, "-" * 8, "-" * 7, "-" * 10, "---"))
    found: list[tuple[bytes, str]] = []
    for name, path, count, make in PARTS:
        start = time.perf_counter()
        tally = sent(path, make(round(count * share)))
        found += tally.found
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(tally.statuses.items()))
        seconds = round(time.perf_counter() - start)
        print(row.format(name, path, tally.n_requests, seconds, len(tally.found), statuses))
    start = time.perf_counter()
    n_agreeing = round(AGREEING * share)
    n_variants = agreed(n_agreeing)
    seconds = round(time.perf_counter() - start)
    told = f"{n_variants} variants compared"
    print(row.format("valid", "both", n_agreeing, seconds, 0, told))
    is_steady = steady(round(REPEATS * share) or 1)
    for body, problem in found[:20]:
        print(problem, body[:500])
    return 1 if found or not is_steady else 0


def sent(path: str, bodies: list[bytes]) -> Tally:
    """Send the bodies to one face."""
    built = services_without_candles()
    try:
        return asyncio.run(send_all(create_app(built), path, bodies, token(built)))
    finally:
        built.close()


def steady(repeats: int) -> bool:
    """Whether a mistake gets the same bytes again, in this process and in ones that hash apart."""
    told = asyncio.run(answers(repeats))
    digests = {digest(told), *map(digest_in_process, HASH_SEEDS)}
    is_steady = len(digests) == 1 and all(len(found) == 1 for found in told.values())
    word = "one answer" if is_steady else "DIFFERENT ANSWERS"
    print(f"{len(told)} mistakes, {repeats} times, hash seeds {' '.join(HASH_SEEDS)}: {word} each")
    return is_steady


def agreed(count: int) -> int:
    """Compare the faces on valid requests, with a fresh client from time to time."""
    n_variants = 0
    for first in range(0, count, BATCH):
        with opened_over(candles()) as faces:
            numbers = range(first, min(first + BATCH, count))
            n_variants += sum(compared_variants(faces, number) for number in numbers)
    return n_variants


if __name__ == "__main__":
    sys.exit(main())
