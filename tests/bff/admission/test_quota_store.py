"""Several processes count together, and each by itself while their store does not answer."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import closing, contextmanager
from uuid import UUID

import pytest
from throttled import per_day

from backtest.errors import RateLimited
from bff.admission import quota_store
from bff.admission.quota_store import QuotaStore
from bff.admission.quotas import Quota
from tests.bff.admission.redis_server import running_redis
from tests.ports import silent_port
from tests.waiting import PATIENCE_S, wait_for

USER, ANOTHER = UUID(int=1), UUID(int=2)


def is_refused(quota: Quota, user: UUID = USER) -> bool:
    try:
        asyncio.run(quota.take(user))
    except RateLimited:
        return True
    return False


@contextmanager
def stores(n: int, url: str) -> Generator[list[QuotaStore]]:
    """As many as there would be processes."""
    opened = [QuotaStore(url) for _ in range(n)]
    try:
        yield opened
    finally:
        for store in opened:
            store.close()


@pytest.fixture(autouse=True)
def _no_refill(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken does not come back during a test, however busy the machine is."""
    monkeypatch.setattr("bff.admission.quotas.per_min", per_day)


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is there answers in time, however busy the machine is."""
    monkeypatch.setattr(quota_store, "ANSWER_S", PATIENCE_S)


@pytest.fixture(params=["nobody listens", "silent"])
def gone(request: pytest.FixtureRequest) -> Generator[str]:
    """A store that cannot be reached, or takes connections and says nothing."""
    if request.param == "nobody listens":
        with silent_port() as port:
            yield f"redis://:hunter2@127.0.0.1:{port}/0"
        return
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        yield f"redis://:hunter2@127.0.0.1:{mute.getsockname()[1]}/0"


@pytest.mark.usefixtures("_patient")
def test_three_processes_allow_together_what_one_allows() -> None:
    with running_redis() as url, stores(3, url) as opened:
        quotas = [Quota(6, "requests", store) for store in opened]

        refused = [is_refused(quotas[n % 3]) for n in range(9)]

        assert refused == [False] * 6 + [True] * 3
        assert not is_refused(quotas[0], ANOTHER)


@pytest.mark.usefixtures("_patient")
def test_time_of_threads_is_counted_together_and_apart_from_requests() -> None:
    with running_redis() as url, stores(2, url) as opened:
        here, there = (Quota(6, "run_ms", store) for store in opened)
        requests = Quota(6, "requests", opened[0])

        here.spend(USER, 4)
        asyncio.run(there.check(USER))
        there.spend(USER, 9)

        with pytest.raises(RateLimited):
            asyncio.run(here.check(USER))
        assert not is_refused(requests)


def test_without_the_store_each_process_counts_for_itself(gone: str) -> None:
    with stores(2, gone) as opened:
        quotas = [Quota(2, "requests", store) for store in opened]

        refused = [[is_refused(quota) for _ in range(3)] for quota in quotas]

        assert refused == [[False, False, True]] * 2


def test_a_store_that_is_silent_is_left_alone_for_a_moment(
    gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota_store, "AGAIN_AFTER_S", PATIENCE_S)
    asked: list[QuotaStore] = []

    with stores(1, gone) as (store,):
        assert not store.answers(lambda: _ask(store, asked))
        assert not store.answers(lambda: _ask(store, asked))

    assert len(asked) == 1


def test_what_is_wrong_is_told_without_the_password(gone: str) -> None:
    with stores(1, gone) as (store,):
        told = store.problem()

    assert told is not None
    assert "each process counts quotas separately" in told
    assert "hunter2" not in told


@pytest.mark.usefixtures("_patient")
def test_a_store_that_is_back_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota_store, "AGAIN_AFTER_S", 0.01)

    with silent_port() as port, stores(2, f"redis://127.0.0.1:{port}/0") as opened:
        here, there = (Quota(2, "requests", store) for store in opened)
        assert [is_refused(here) for _ in range(3)] == [False, False, True]
        with running_redis(port):
            wait_for(lambda: opened[0].problem() is None)
            wait_for(lambda: opened[0].answers(lambda: None) and opened[1].answers(lambda: None))
            refused = [is_refused(quota) for quota in (here, there, here, there)]

    assert refused == [False, False, True, True]


def _ask(store: QuotaStore, asked: list[QuotaStore]) -> None:
    asked.append(store)
    store.counts.exists("roehub:ping")
