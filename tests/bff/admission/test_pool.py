import asyncio
import threading
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from starlette.types import Message, Receive
from throttled import per_day

from backtest.control import Control
from backtest.errors import BacktestError, DeadlineExceeded, Overloaded, RateLimited, RunCancelled
from bff.admission.pool import RunPool
from bff.admission.quotas import Quota
from tests.waiting import PATIENCE_S, wait_for


@pytest.fixture
def pool() -> Iterator[RunPool]:
    pool = RunPool(running=1, waiting=1, retry_after_s=9)
    yield pool
    pool.close()


async def stays() -> Message:
    await asyncio.sleep(3_600)
    raise AssertionError


def is_idle(pool: RunPool) -> bool:
    """Whether nothing waits for a thread, then whether nothing has one."""
    return pool.n_waiting == pool.n_running == 0


def leaves_when(event: threading.Event) -> Receive:
    async def receive() -> Message:
        await asyncio.to_thread(event.wait, PATIENCE_S)
        return {"type": "http.disconnect"}

    return receive


class Patient:
    """Work that only its control can end."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended_by: list[type[BacktestError]] = []
        self.ended = threading.Event()

    def __call__(self, control: Control) -> None:
        self.started.set()
        try:
            while True:
                control.check()
                time.sleep(0.002)
        except BacktestError as exc:
            self.ended_by.append(type(exc))
            raise
        finally:
            self.ended.set()


def test_the_outcome_comes_from_another_thread(pool: RunPool) -> None:
    name = asyncio.run(pool.run_in_thread(stays, lambda _: threading.current_thread().name))

    assert name.startswith("run")


def test_an_error_of_the_work_is_raised(pool: RunPool) -> None:
    def fail(_: Control) -> None:
        raise ValueError("the reason")

    with pytest.raises(ValueError, match="the reason"):
        asyncio.run(pool.run_in_thread(stays, fail))


def test_a_client_that_leaves_ends_its_run(pool: RunPool) -> None:
    work = Patient()

    with pytest.raises(RunCancelled):
        asyncio.run(pool.run_in_thread(leaves_when(work.started), work))

    assert work.ended.wait(PATIENCE_S)
    assert work.ended_by == [RunCancelled]


def test_a_body_that_is_still_to_be_read_does_not_look_like_leaving(pool: RunPool) -> None:
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await stays()

    assert asyncio.run(pool.run_in_thread(receive, lambda _: 7)) == 7


def test_a_deadline_ends_the_run(pool: RunPool) -> None:
    work = Patient()

    with pytest.raises(DeadlineExceeded):
        asyncio.run(pool.run_in_thread(stays, work, 0.05))

    wait_for(lambda: is_idle(pool))


def test_work_that_outlives_its_deadline_is_told_of_it(
    pool: RunPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, control = threading.Event(), Control()
    monkeypatch.setattr("bff.admission.pool._watched", lambda *_: control)

    with pytest.raises(DeadlineExceeded):
        asyncio.run(pool.run_in_thread(stays, lambda _: release.wait(PATIENCE_S), 0.05))

    release.set()
    assert isinstance(control.reason, DeadlineExceeded)


def test_a_deadline_is_answered_even_when_the_work_does_not_look(pool: RunPool) -> None:
    release = threading.Event()

    with pytest.raises(DeadlineExceeded):
        asyncio.run(pool.run_in_thread(stays, lambda _: release.wait(PATIENCE_S), 0.05))

    release.set()


def test_a_deadline_counts_while_waiting_for_a_thread(pool: RunPool) -> None:
    first, never = Patient(), Patient()

    async def both() -> None:
        blocking = asyncio.ensure_future(pool.run_in_thread(stays, first))
        await asyncio.to_thread(first.started.wait, PATIENCE_S)
        with pytest.raises(DeadlineExceeded):
            await pool.run_in_thread(stays, never, 0.05)
        blocking.cancel()

    asyncio.run(both())

    assert not never.started.is_set()
    assert first.ended.wait(PATIENCE_S)


def test_more_than_the_places_is_refused_at_once_and_places_come_back(pool: RunPool) -> None:
    gone = threading.Event()

    async def crowd() -> list[type[BacktestError]]:
        tasks = [
            asyncio.ensure_future(pool.run_in_thread(leaves_when(gone), Patient())) for _ in "123"
        ]
        await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
        gone.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        return [type(item) for item in outcomes if isinstance(item, BacktestError)]

    assert asyncio.run(crowd()) == [RunCancelled, RunCancelled, Overloaded]
    assert asyncio.run(pool.run_in_thread(stays, lambda _: "again")) == "again"


def test_one_user_cannot_take_all_places() -> None:
    pool = RunPool(running=1, waiting=9, per_user=1)
    greedy, modest = UUID(int=1), UUID(int=2)
    work = Patient()

    async def crowd() -> None:
        running = asyncio.ensure_future(pool.run_in_thread(stays, work, user_id=greedy))
        await asyncio.to_thread(work.started.wait, PATIENCE_S)
        with pytest.raises(RateLimited):
            await pool.run_in_thread(stays, lambda _: None, user_id=greedy)
        other = asyncio.ensure_future(pool.run_in_thread(stays, lambda _: "mine", user_id=modest))
        running.cancel()
        assert await other == "mine"
        assert await pool.run_in_thread(stays, lambda _: "again", user_id=greedy) == "again"

    asyncio.run(crowd())
    pool.close()


def test_closing_ends_what_runs_and_refuses_what_comes() -> None:
    pool = RunPool(running=1, waiting=0)
    work = Patient()

    async def run_and_close() -> None:
        running = asyncio.ensure_future(pool.run_in_thread(stays, work))
        await asyncio.to_thread(work.started.wait, PATIENCE_S)
        await asyncio.to_thread(pool.close)
        with pytest.raises(RunCancelled):
            await running
        with pytest.raises(RunCancelled):
            await pool.run_in_thread(stays, lambda _: None)

    asyncio.run(run_and_close())

    assert work.ended.is_set()


def test_a_user_who_waits_is_served_after_one_call_of_another() -> None:
    pool = RunPool(running=1, waiting=9)
    work, order = Patient(), list[str]()

    async def crowd() -> None:
        first = asyncio.ensure_future(pool.run_in_thread(stays, work, user_id=UUID(int=1)))
        await asyncio.to_thread(work.started.wait, PATIENCE_S)
        calls = [
            asyncio.ensure_future(
                pool.run_in_thread(
                    stays, lambda _, name=name: order.append(name), user_id=UUID(int=user)
                )
            )
            for user, name in ((1, "greedy 1"), (1, "greedy 2"), (1, "greedy 3"), (2, "modest"))
        ]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(*calls)

    asyncio.run(crowd())
    pool.close()

    assert order == ["modest", "greedy 1", "greedy 2", "greedy 3"]


def test_the_wait_of_a_refused_caller_follows_from_recent_runs() -> None:
    pool = RunPool(running=1, waiting=1, retry_after_s=77)
    told: list[int] = []

    async def refused() -> None:
        work = [Patient(), Patient()]
        calls = [asyncio.ensure_future(pool.run_in_thread(stays, item)) for item in work]
        await asyncio.to_thread(work[0].started.wait, PATIENCE_S)
        with pytest.raises(Overloaded) as refusal:
            await pool.run_in_thread(stays, lambda _: None)
        told.append(refusal.value.retry_after_s)
        for call in calls:
            call.cancel()
        await asyncio.to_thread(wait_for, lambda: is_idle(pool))

    asyncio.run(refused())
    pool._long._recent_s.clear()
    pool._long._recent_s.extend([4.0, 8.0])
    asyncio.run(refused())
    pool.close()

    assert told == [77, 12]


def test_draining_refuses_what_waits_and_comes_and_lets_finish_what_runs() -> None:
    pool = RunPool(running=1, waiting=3)
    started, release = threading.Event(), threading.Event()

    def work(_: Control) -> str:
        started.set()
        assert release.wait(PATIENCE_S)
        return "finished"

    async def drain() -> str:
        running = asyncio.ensure_future(pool.run_in_thread(stays, work))
        await asyncio.to_thread(started.wait, PATIENCE_S)
        waiting = asyncio.ensure_future(pool.run_in_thread(stays, lambda _: "never"))
        await asyncio.sleep(0)
        pool.drain()
        with pytest.raises(Overloaded):
            await waiting
        with pytest.raises(Overloaded):
            await pool.run_in_thread(stays, lambda _: "never")
        release.set()
        return await running

    assert asyncio.run(drain()) == "finished"
    pool.close()


def test_whoever_waits_for_a_cancelled_run_is_told_before_the_run_looks() -> None:
    pool = RunPool(running=1, waiting=1)
    started, release = threading.Event(), threading.Event()

    def work(_: Control) -> str:
        started.set()
        assert release.wait(PATIENCE_S)
        return "too late"

    async def cancel() -> None:
        running = asyncio.ensure_future(pool.run_in_thread(stays, work))
        await asyncio.to_thread(started.wait, PATIENCE_S)
        pool.cancel_running()
        try:
            with pytest.raises(RunCancelled):
                await asyncio.wait_for(running, PATIENCE_S)
            assert pool.n_running == 1
        finally:
            release.set()

    asyncio.run(cancel())
    pool.close()

    assert pool.n_running == 0


def test_a_user_who_has_used_up_their_time_is_refused_until_there_is_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bff.admission.quotas.per_min", per_day)
    pool = RunPool(running=1, waiting=1, quota=Quota(1))
    user, other = UUID(int=1), UUID(int=2)

    async def spend() -> None:
        await pool.run_in_thread(stays, lambda _: None, user_id=user)
        with pytest.raises(RateLimited):
            await pool.run_in_thread(stays, lambda _: None, user_id=user)
        await pool.run_in_thread(stays, lambda _: None, user_id=other)

    asyncio.run(spend())
    pool.close()


def test_a_short_call_waits_for_no_long_one_and_has_places_of_its_own() -> None:
    pool = RunPool(running=1, waiting=1, short=1, retry_after_s=9)
    may_end = threading.Event()

    async def calls() -> None:
        def long(_: Control) -> bool:
            return may_end.wait(PATIENCE_S)

        running = [asyncio.ensure_future(pool.run_in_thread(stays, long)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await pool.run_in_thread(stays, long)

        assert await pool.run_in_thread(stays, lambda _: 7, is_short=True) == 7
        may_end.set()
        assert await asyncio.gather(*running) == [True, True]

    asyncio.run(calls())
    pool.close()


def test_a_call_that_only_looked_short_keeps_no_short_one_waiting() -> None:
    pool = RunPool(running=1, waiting=2, short=1, short_s=0.0)
    may_end = threading.Event()

    async def calls() -> None:
        def long(_: Control) -> bool:
            return may_end.wait(PATIENCE_S)

        late = [
            asyncio.ensure_future(pool.run_in_thread(stays, long, is_short=True)) for _ in range(2)
        ]
        await asyncio.sleep(0)

        assert await pool.run_in_thread(stays, lambda _: 7, is_short=True) == 7
        may_end.set()
        assert await asyncio.gather(*late) == [True, True]

    asyncio.run(calls())
    pool.close()


def test_calls_that_only_looked_short_take_no_more_threads_than_there_are_places() -> None:
    pool = RunPool(running=1, waiting=1, short=1, short_s=0.0, retry_after_s=9)
    may_end = threading.Event()

    async def calls() -> None:
        def long(_: Control) -> bool:
            return may_end.wait(PATIENCE_S)

        late = [
            asyncio.ensure_future(pool.run_in_thread(stays, long, is_short=True)) for _ in range(2)
        ]
        await asyncio.to_thread(wait_for, lambda: pool.n_running == len(late))
        with pytest.raises(Overloaded):
            await pool.run_in_thread(stays, long, is_short=True)
        may_end.set()
        assert await asyncio.gather(*late) == [True, True]
        assert await pool.run_in_thread(stays, lambda _: 7, is_short=True) == 7

    asyncio.run(calls())
    pool.close()
