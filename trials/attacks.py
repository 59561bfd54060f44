"""What it costs to refuse a document that was made to cost much."""

import asyncio
import json
import logging
import time

import structlog

from benchmarks.tables import Benchmark, Finding
from bff.app import create_app
from tests.bff.doubles import token
from trials.fuzz.asking import GRAPHQL_BODY, REST_BODY, ask, services_without_candles
from trials.fuzz.attacks import ATTACKS, GRAPHQL, REST

REPEATS = 5
LIMIT_MS = 50


async def refusals() -> list[list[str]]:
    """Size, status and the least CPU time of each attack."""
    built = services_without_candles()
    app, good_token = create_app(built), token(built)
    for path, body in ((REST, REST_BODY), (GRAPHQL, GRAPHQL_BODY)):
        await ask(app, path, json.dumps(body).encode(), good_token)
    rows: list[list[str]] = []
    for name, (path, body) in ATTACKS.items():
        costs: list[float] = []
        status = 0
        for _ in range(REPEATS):
            start = time.process_time()
            status, _ = await ask(app, path, body, good_token)
            costs.append((time.process_time() - start) * 1_000)
        rows.append([name, f"{len(body) / 1_000:.1f}", str(status), f"{min(costs):.1f}"])
    built.close()
    return rows


def measure() -> list[Finding]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    rows = asyncio.run(refusals())
    worst = max(float(row[-1]) for row in rows)
    return [
        Finding(
            key="attacks",
            question="What does it cost to refuse a hostile document?",
            header=("attack", "KB", "status", "CPU ms"),
            rows=rows,
            notes=(
                f"The most expensive one took {worst:.1f} ms of CPU; {LIMIT_MS} are allowed.",
                f"The least of {REPEATS} times, the whole application in process, no network.",
            ),
        )
    ]


ATTACKS_PAGE = Benchmark(name="attacks", title="Hostile documents", measure=measure)
