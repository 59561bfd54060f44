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
    budget = MemoryBudget(10)
    budget.take(8, Control())
    taken = threading.Event()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: (budget.take(5, Control()), taken.set()))
        wait_for(lambda: budget._line)
        assert not taken.is_set()
        budget.give(8)
        waiting.result(PATIENCE_S)

    assert budget.n_taken == 5


def test_a_small_run_does_not_overtake_a_large_one() -> None:
    budget = MemoryBudget(10)
    budget.take(8, Control())

    with ThreadPoolExecutor(1) as threads:
        large = threads.submit(budget.take, 9, Control())
        wait_for(lambda: budget._line)
        with pytest.raises(DeadlineExceeded):
            budget.take(1, Control(0.1))
        budget.give(8)
        large.result(PATIENCE_S)

    assert budget.n_taken == 9


def test_who_leaves_takes_nothing() -> None:
    budget = MemoryBudget(10)
    budget.take(10, Control())
    gone = Control()
    gone.cancel()

    with pytest.raises(RunCancelled):
        budget.take(1, gone)
    budget.give(10)

    assert budget.n_taken == 0
    budget.take(10, Control())
