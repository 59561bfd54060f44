"""The thread pool: cancellation, deadline, failure, sharing; nothing keeps running."""

import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from backtest.control import Control
from backtest.engine.workers.chunks import Workers, spans
from backtest.errors import DeadlineExceeded, RunCancelled
from tests.waiting import PATIENCE_S, wait_for


@pytest.fixture
def workers():
    pool = Workers(2)
    yield pool
    pool.close()


def test_every_chunk_runs_once_and_progress_ends_at_the_total(workers: Workers) -> None:
    done: list[int] = []
    seen: list[tuple[str, int, int]] = []
    control = Control(on_progress=lambda stage, n, total: seen.append((stage, n, total)))

    workers.run("signals", [lambda i=i: done.append(i) for i in range(17)], control)

    assert sorted(done) == list(range(17))
    assert seen[-1] == ("signals", 17, 17)
    assert [n for _, n, _ in seen] == sorted(n for _, n, _ in seen)


def test_no_chunks_is_no_work(workers: Workers) -> None:
    workers.run("signals", [], Control())


def test_a_cancelled_run_starts_no_further_chunk(workers: Workers) -> None:
    control = Control()
    started: list[int] = []

    def chunk(number: int) -> None:
        started.append(number)
        control.cancel()
        time.sleep(0.01)

    with pytest.raises(RunCancelled):
        workers.run("signals", [lambda i=i: chunk(i) for i in range(50)], control)

    n_started = len(started)
    finish_what_was_handed_out(workers)
    assert n_started <= workers.threads
    assert len(started) == n_started


def finish_what_was_handed_out(workers: Workers) -> None:
    """Whatever had been handed out before comes before this."""
    workers.run("signals", [lambda: None] * workers.threads, Control())


def test_a_run_past_its_deadline_ends_after_the_chunks_under_way(workers: Workers) -> None:
    running = threading.Semaphore(0)

    def chunk() -> None:
        time.sleep(0.03)
        running.release()

    with pytest.raises(DeadlineExceeded):
        workers.run("signals", [chunk] * 50, Control(0.01))

    n_finished = 0
    while running.acquire(blocking=False):
        n_finished += 1
    assert n_finished <= workers.threads
    finish_what_was_handed_out(workers)
    assert not running.acquire(blocking=False)


def test_the_pool_serves_the_next_run_after_a_cancelled_one(workers: Workers) -> None:
    cancelled = Control()
    cancelled.cancel()
    with pytest.raises(RunCancelled):
        workers.run("signals", [lambda: None], cancelled)
    done: list[int] = []

    workers.run("signals", [lambda: done.append(1)], Control())

    assert done == [1]


def test_a_failing_chunk_fails_the_run_after_the_others_have_ended(workers: Workers) -> None:
    ended = threading.Event()

    def slow() -> None:
        time.sleep(0.05)
        ended.set()

    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        workers.run("signals", [slow, broken], Control())

    assert ended.is_set()


def test_runs_that_share_the_pool_both_finish(workers: Workers) -> None:
    done: list[str] = []

    def run(name: str) -> None:
        workers.run("signals", [lambda: done.append(name)] * 20, Control())

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (done.count("a"), done.count("b")) == (20, 20)


def test_spans_cover_everything_in_order() -> None:
    assert spans(5, 2) == [(0, 2), (2, 4), (4, 5)]
    assert spans(0, 3) == []


def test_every_other_chunk_is_of_the_run_that_has_used_the_least() -> None:
    workers = Workers(1)
    long, short = Control(), Control()
    long.spend(100.0)
    order: list[str] = []
    all_wait = threading.Event()

    def wait_for_all() -> None:
        assert all_wait.wait(PATIENCE_S)

    futures = [workers._hand_out(wait_for_all, long)]
    futures += [workers._hand_out(lambda: order.append("long"), long) for _ in range(20)]
    futures += [workers._hand_out(lambda: order.append("short"), short) for _ in range(5)]
    all_wait.set()
    for future in futures:
        future.result(PATIENCE_S)
    workers.close()

    assert order[:10].count("short") == 5
    assert order.count("long") == 20


def test_a_long_run_goes_on_while_short_ones_keep_coming() -> None:
    workers = Workers(1)
    long = Control()
    long.spend(100.0)
    order: list[str] = []
    ended = threading.Event()

    def shorts() -> None:
        while not ended.is_set():
            workers.run("signals", [lambda: order.append("short")], Control())

    with ThreadPoolExecutor(3) as runs:
        coming = [runs.submit(shorts) for _ in range(2)]
        workers.run("signals", [lambda: order.append("long")] * 20, long)
        ended.set()
        for run in coming:
            run.result(PATIENCE_S)
    workers.close()

    assert order.count("long") == 20


def test_an_idle_thread_holds_nothing_of_its_last_run(workers: Workers) -> None:
    class Arrays:
        def read(self) -> None:
            pass

    arrays = Arrays()
    held = weakref.ref(arrays)

    workers.run("report", [arrays.read for _ in range(8)], Control())
    del arrays

    wait_for(lambda: held() is None)
