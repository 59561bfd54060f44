import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bff.served import EVEN_SERVE
from trials.soak.load import drain, soak
from trials.soak.record import Record
from trials.soak.service import running_service, running_store
from trials.soak.traffic import ASKS, CHEAP_ASKS

# Clients of a machine that is busy may take their time between two bytes.
PATIENT = "body_max_seconds: 3600, connections: {head_max_seconds: 3600}"

# What needs no run may be out of time on a machine that stood still.
LATE = tuple(f"{name}: 504 " for name in CHEAP_ASKS)


@pytest.fixture(scope="module")
def store_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running_store(tmp_path_factory.mktemp("store"), seed=1, share=0.1) as port:
        yield port


def test_a_loaded_service_gives_only_right_answers_and_documented_refusals(
    tmp_path: Path, store_port: int
) -> None:
    with running_service(tmp_path, store_port, module=EVEN_SERVE, server=PATIENT) as service:
        record = asyncio.run(soak(service, is_over=has_seen_all, n_clients=16, seed=1))

    assert [one for one in record.problems if not one.startswith(LATE)] == []


def has_seen_all(record: Record) -> bool:
    """Everything was asked for, and enough of it answered."""
    return record.statuses["run"]["200"] >= 30 and {ask.name for ask in ASKS} <= set(
        record.statuses
    )


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_service_that_is_stopped_under_load_loses_nothing(
    tmp_path: Path, store_port: int, n_workers: int
) -> None:
    seen = drain(
        tmp_path,
        store_port,
        n_clients=16,
        seed=1,
        module=EVEN_SERVE,
        n_workers=n_workers,
        server=PATIENT,
    )

    assert (seen["lost"], seen["exit codes other than 0"]) == (0, 0)
