"""The process of runs within its own memory: a run goes, the process stays."""

import mmap
import os
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from backtest.control import Control
from backtest.errors import MemoryExceeded
from bff.admission.memory_budget import MemoryBudget
from bff.config.sections import Compute
from bff.config.settings import load_settings
from bff.runner.client import RunnerProcess
from bff.runner.memory_watch import MemoryWatch, held_bytes, limit_bytes
from resolvers.service import BacktestService
from tests.bff import even_runner

GIB = 1 << 30


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerProcess]:
    folder = tmp_path_factory.mktemp("runner")
    settings = load_settings({"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(folder)})
    with closing(RunnerProcess(settings, even_runner.__name__)) as made:
        yield made


def where(_service: BacktestService, _control: Control) -> int:
    return os.getpid()


def ask_for_too_much(_service: BacktestService, _control: Control) -> int:
    return np.empty(1 << 46, np.uint8).size


def holding(budget: MemoryBudget, n_bytes: int) -> Control:
    control = Control()
    budget.take(n_bytes, control)
    return control


def test_an_array_that_no_machine_has_room_for_is_a_refusal(runner: RunnerProcess) -> None:
    before = runner.do(where, Control())

    with pytest.raises(MemoryExceeded) as caught:
        runner.do(ask_for_too_much, Control())

    assert caught.value.details["error"] == "memory_bytes_exceeded"
    assert runner.do(where, Control()) == before


def test_the_largest_run_goes_and_only_when_there_is_too_much() -> None:
    budget, held = MemoryBudget(100), [99]
    small, large, larger = (holding(budget, n_bytes) for n_bytes in (10, 30, 40))
    watch = MemoryWatch(100, budget, lambda: held[0])

    assert not watch.look()
    held[0] = 101
    assert watch.look()
    with pytest.raises(MemoryExceeded):
        larger.check()
    large.check()
    assert watch.look()
    with pytest.raises(MemoryExceeded):
        large.check()
    small.check()


def test_nothing_goes_where_nothing_runs() -> None:
    assert not MemoryWatch(100, MemoryBudget(100), lambda: 101).look()


def test_the_limit_is_what_was_configured_or_what_the_machine_can_give() -> None:
    small = Compute(memory_bytes=1 << 20, reserve_bytes=0, candle_cache_bytes=0)
    endless = Compute(memory_bytes=1 << 60)

    assert 1 * GIB < limit_bytes(small) < 2 * GIB
    assert limit_bytes(endless) < 1 << 50


def test_the_memory_of_this_process_is_known() -> None:
    n_bytes = 1 << 26
    before = held_bytes()
    # Pages of the system's own: an allocator could take what another test has given back.
    with mmap.mmap(-1, n_bytes) as block:
        block.write(b"x" * n_bytes)
        held = held_bytes()

    assert held - before > n_bytes // 2
