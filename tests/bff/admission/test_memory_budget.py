import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backtest.control import Control
from backtest.errors import DeadlineExceeded, GuardExceeded, RunCancelled
from bff.admission.memory_budget import MemoryBudget
from tests.waiting import PATIENCE_S, wait_for


def test_what_can_never_fit_is_refused_at_once() -> None:
    with pytest.raises(GuardExceeded):
        MemoryBudget(10).take(11, Control())


def test_a_run_waits_until_others_have_given_enough_back() -> None:
    budget, first = MemoryBudget(10), Control()
    budget.take(8, first)
    taken = threading.Event()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: (budget.take(5, Control()), taken.set()))
        wait_for(lambda: budget._line)
        assert not taken.is_set()
        budget.give(first)
        waiting.result(PATIENCE_S)

    assert budget.n_taken == 5


def test_a_small_run_does_not_overtake_a_large_one() -> None:
    budget, first = MemoryBudget(10), Control()
    budget.take(8, first)

    with ThreadPoolExecutor(1) as threads:
        large = threads.submit(budget.take, 9, Control())
        wait_for(lambda: budget._line)
        with pytest.raises(DeadlineExceeded):
            budget.take(1, Control(0.1))
        budget.give(first)
        large.result(PATIENCE_S)

    assert budget.n_taken == 9


def test_a_small_run_has_a_reserve_where_the_rest_is_taken() -> None:
    budget, small = MemoryBudget(10, reserve_bytes=16), Control()
    budget.take(10, Control())

    budget.take(2, small)

    assert budget.n_taken == 12
    budget.give(small)
    assert budget.n_taken == 10


@pytest.mark.parametrize(("n_before", "n_bytes"), [(0, 3), (8, 2)])
def test_what_is_not_small_or_finds_the_reserve_empty_waits(n_before: int, n_bytes: int) -> None:
    budget = MemoryBudget(10, reserve_bytes=16)
    budget.take(10, Control())
    for _ in range(n_before):
        budget.take(2, Control())

    with pytest.raises(DeadlineExceeded):
        budget.take(n_bytes, Control(0.1))


def test_who_leaves_takes_nothing() -> None:
    budget = MemoryBudget(10)
    everything = Control()
    budget.take(10, everything)
    gone = Control()
    gone.cancel()

    with pytest.raises(RunCancelled):
        budget.take(1, gone)
    budget.give(everything)

    assert budget.n_taken == 0
    budget.take(10, Control())


def test_who_needs_more_gives_back_first_and_comes_before_those_that_wait() -> None:
    budget, other = MemoryBudget(10), Control()
    budget.take(4, other)
    order: list[str] = []
    begun = threading.Event()

    def grow() -> None:
        control = Control()
        with budget.lent_to(control):
            control.claim(6)
            begun.set()
            while len(budget._line) == 0:
                control.check()
            control.claim(7)
            order.append("grew")

    def ask() -> None:
        control = Control()
        with budget.lent_to(control):
            control.claim(10)
            order.append("asked")

    with ThreadPoolExecutor(2) as threads:
        growing = threads.submit(grow)
        assert begun.wait(PATIENCE_S)
        asking = threads.submit(ask)
        while len(budget._line) < 2:
            assert not growing.done()
        budget.give(other)
        for run in (growing, asking):
            run.result(PATIENCE_S)

    assert order == ["grew", "asked"]
    assert budget.n_taken == 0


def test_two_runs_that_grow_at_once_both_end() -> None:
    budget = MemoryBudget(10)
    both_hold = threading.Barrier(2)

    def grow() -> None:
        control = Control()
        with budget.lent_to(control):
            control.claim(5)
            both_hold.wait(PATIENCE_S)
            control.claim(8)

    with ThreadPoolExecutor(2) as threads:
        for run in [threads.submit(grow) for _ in range(2)]:
            run.result(PATIENCE_S)

    assert budget.n_taken == 0
