import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backtest.control import Control
from backtest.errors import DeadlineExceeded, GuardExceeded, RunCancelled
from bff.admission.memory_budget import MemoryBudget


def test_what_can_never_fit_is_refused_at_once() -> None:
    with pytest.raises(GuardExceeded):
        MemoryBudget(10).take(11, Control(5))


def test_a_run_waits_until_others_have_given_enough_back() -> None:
    budget = MemoryBudget(10)
    budget.take(8, Control())
    taken = threading.Event()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: (budget.take(5, Control(10)), taken.set()))
        assert not taken.wait(0.1)
        budget.give(8)
        waiting.result(10)

    assert budget.n_taken == 5


def test_a_small_run_does_not_overtake_a_large_one() -> None:
    budget = MemoryBudget(10)
    budget.take(8, Control())

    with ThreadPoolExecutor(1) as threads:
        large = threads.submit(budget.take, 9, Control(10))
        while not budget._line:
            pass
        with pytest.raises(DeadlineExceeded):
            budget.take(1, Control(0.1))
        budget.give(8)
        large.result(10)

    assert budget.n_taken == 9


def test_who_leaves_takes_nothing() -> None:
    budget = MemoryBudget(10)
    budget.take(10, Control())
    gone = Control(5)
    gone.cancel()

    with pytest.raises(RunCancelled):
        budget.take(1, gone)
    budget.give(10)

    assert budget.n_taken == 0
    budget.take(10, Control(0.1))
