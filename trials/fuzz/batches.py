"""What `make fuzz` sends, in batches that any process can make and send by itself."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from bff.app import create_app
from tests.bff.doubles import token
from tests.bff.hostile import hostile_bodies
from tests.e2e.agreement import candles, compared_variants
from tests.e2e.world import opened_over
from trials.fuzz.asking import (
    GRAPHQL_BODY,
    REST_BODY,
    Tally,
    send_all,
    services_without_candles,
)
from trials.fuzz.generated import graphql_documents, openapi_bodies

REST, GRAPHQL = "/backtests", "/graphql"
SEED = 97
MANGLED = 490_000
BATCH = 10_000


@dataclass(frozen=True, kw_only=True)
class Task:
    """A batch of requests to one face; `make` gives them wherever the batch is sent."""

    name: str
    path: str
    make: Callable[[], list[bytes]]


def tasks(share: float) -> Iterator[Task]:
    """Everything that should not break the door, the slow batches first."""

    def count(n: int) -> int:
        return round(n * share)

    yield Task(
        name="OpenAPI, allowed",
        path=REST,
        make=partial(openapi_bodies, count(7_500), is_valid=True),
    )
    yield Task(
        name="OpenAPI, not allowed",
        path=REST,
        make=partial(openapi_bodies, count(7_500), is_valid=False),
    )
    yield Task(name="SDL, allowed", path=GRAPHQL, make=partial(graphql_documents, count(5_000)))
    for path, base in ((REST, REST_BODY), (GRAPHQL, GRAPHQL_BODY)):
        for n, first in enumerate(range(0, count(MANGLED), BATCH)):
            size = min(BATCH, count(MANGLED) - first)
            make = partial(hostile_bodies, base, seed=SEED + n, count=size)
            yield Task(name="mangled", path=path, make=make)


def sent(task: Task) -> Tally:
    """Send a batch."""
    built = services_without_candles()
    try:
        return asyncio.run(send_all(create_app(built), task.path, task.make(), token(built)))
    finally:
        built.close()


def agreed(first: int, last: int) -> int:
    """Compare the faces on valid requests; how many variants both told alike."""
    with opened_over(candles()) as faces:
        return sum(compared_variants(faces, number) for number in range(first, last))


def be_quiet() -> None:
    """Log nothing that was expected."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
