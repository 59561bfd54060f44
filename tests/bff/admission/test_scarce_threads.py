"""A machine without a thread left: nothing is lost by it, and nothing needs a restart."""

import asyncio
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from starlette.types import Message

from backtest.control import Control
from backtest.engine.workers.chunks import Workers
from backtest.errors import Overloaded
from bff.admission.pool import RunPool
from tests.waiting import PATIENCE_S

USER = UUID(int=1)


class Scarcity:
    """Lets so many threads be started, then none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.n_left = 1_000
        start = threading.Thread.start

        def scarce(thread: threading.Thread) -> None:
            if thread.name in {"run", "backtest"}:
                if self.n_left == 0:
                    raise RuntimeError("can't start new thread")
                self.n_left -= 1
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", scarce)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Scarcity:
    return Scarcity(monkeypatch)


@pytest.fixture
def pool() -> Iterator[RunPool]:
    pool = RunPool(running=2, waiting=2, per_user=2, retry_after_s=7)
    yield pool
    pool.close()


async def stays() -> Message:
    await asyncio.sleep(3_600)
    raise AssertionError


def test_a_call_without_a_thread_is_refused_and_its_place_is_free(
    pool: RunPool, threads: Scarcity
) -> None:
    async def calls() -> None:
        threads.n_left = 0
        for _ in range(5):
            with pytest.raises(Overloaded) as caught:
                await pool.run_in_thread(stays, lambda _: 1, user_id=USER)
            assert caught.value.retry_after_s == 7
        assert (pool.n_running, pool.n_waiting) == (0, 0)

        threads.n_left = 10
        assert await pool.run_in_thread(stays, lambda _: 1, user_id=USER) == 1

    asyncio.run(calls())


def test_a_call_waits_for_the_thread_that_is_there(pool: RunPool, threads: Scarcity) -> None:
    may_end = threading.Event()

    async def calls() -> None:
        threads.n_left = 1
        first = asyncio.ensure_future(
            pool.run_in_thread(stays, lambda _: may_end.wait(PATIENCE_S), user_id=USER)
        )
        second = asyncio.ensure_future(
            pool.run_in_thread(stays, lambda _: threading.current_thread().name, user_id=USER)
        )
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (pool.n_running, pool.n_waiting) == (1, 1)

        may_end.set()
        assert await asyncio.gather(first, second) == [True, "run"]

    asyncio.run(calls())


def test_chunks_are_done_by_the_threads_that_there_are(threads: Scarcity) -> None:
    workers = Workers(4)
    done: list[int] = []
    chunks = [lambda n=n: done.append(n) for n in range(20)]
    threads.n_left = 0

    with pytest.raises(Overloaded):
        workers.run("signals", chunks, Control())
    assert done == []
    threads.n_left = 1
    workers.run("signals", chunks, Control())

    assert done == list(range(20))
    threads.n_left = 10
    workers.run("signals", chunks, Control())
    assert len(done) == 40
    workers.close()
