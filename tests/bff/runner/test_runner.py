"""Runs in a process of their own: what comes back, what is cancelled, and what a crash costs."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from backtest.control import Control
from backtest.engine.shards import Found, Shard
from backtest.errors import (
    BacktestError,
    CandlesUnavailable,
    DeadlineExceeded,
    GuardExceeded,
    InvalidRequest,
    MemoryExceeded,
    NoMarketData,
    Overloaded,
    Problem,
    RateLimited,
    RunCancelled,
    RunnerUnavailable,
    StrategyNotFound,
)
from backtest.types import Bars
from bff.admission.memory_budget import MemoryBudget
from bff.config.settings import load_settings
from bff.http.errors import Code, RoehubError
from bff.runner import client as apart
from bff.runner import connection, server
from bff.runner.client import RunnerProcess
from bff.runner.local import Job, LocalRunner, PreparedRunner
from bff.telemetry.facts import collect, note
from resolvers.service import BacktestService
from tests.bff import deaf_process, even_runner
from tests.bff.doubles import Courier, services
from tests.waiting import PATIENCE_S, wait_for

FAILURES = (
    InvalidRequest([Problem(("template", 0), "code", "message")], "headline"),
    NoMarketData(),
    GuardExceeded("too many", error="max", stage="stage_a", n=7),
    StrategyNotFound(UUID(int=1)),
    RateLimited(3),
    Overloaded(4),
    CandlesUnavailable("down"),
    DeadlineExceeded(5.0),
)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is starting, or has no processor, is not one that hangs."""
    monkeypatch.setattr(apart, "SILENT_S", PATIENCE_S)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerProcess]:
    folder = tmp_path_factory.mktemp("runner")
    settings = load_settings({"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(folder)})
    with closing(RunnerProcess(settings, even_runner.__name__)) as made:
        yield made


def where(_service: BacktestService, _control: Control) -> tuple[int, int]:
    return os.getpid(), os.getpriority(os.PRIO_PROCESS, 0)


def end_the_process(_service: BacktestService, _control: Control) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_control(_service: BacktestService, control: Control) -> None:
    while True:
        control.check()
        time.sleep(0.002)


def divide_by_zero(_service: BacktestService, _control: Control) -> float:
    return 1 / 0


def give_what_cannot_travel(_service: BacktestService, _control: Control) -> object:
    return threading.Lock()


class Unreadable:
    """Travels, but nobody can read it."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("no number",)


def give_what_cannot_be_read(_service: BacktestService, _control: Control) -> Unreadable:
    return Unreadable()


def hold(_load: bytes, _service: BacktestService, _control: Control) -> None:
    """A job that is large on its way."""


def exit_the_thread(_service: BacktestService, _control: Control) -> None:
    raise SystemExit


def note_what_cannot_travel(_service: BacktestService, _control: Control) -> None:
    note(lock=threading.Lock())


def fall_silent(_service: BacktestService, _control: Control) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
    threading.Event().wait()  # a process that stops goes on for a moment


def limits(_service: BacktestService, control: Control) -> tuple[float | None, float | None]:
    return control.limit_s, control.remaining_s()


class BeginAndWait:
    """A job that tells by a file that it has begun, and ends with its control."""

    def __init__(self, told: Path) -> None:
        self.told = told

    def __call__(self, service: BacktestService, control: Control) -> None:
        self.told.touch()
        wait_for_control(service, control)


def tell_progress(_service: BacktestService, control: Control) -> bool:
    control.spend(1.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "REPORT_EVERY_S", PATIENCE_S)  # however slow this machine is
        for done in range(1, 4):
            control.progress("stage_a", done, 3)
    return control.is_watched


def tell_facts(_service: BacktestService, control: Control) -> None:
    control.claim(1_000)
    note(stage_a_variants=7)


class FailWith:
    """A job that raises one of the failures."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, _service: BacktestService, _control: Control) -> None:
        error = FAILURES[self.n]
        error.add_note("advice")
        raise error


def test_jobs_are_done_elsewhere_with_a_lower_priority(tmp_path: Path) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    settings = load_settings({"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(tmp_path)})

    with closing(RunnerProcess(settings)) as runner:
        pid, niceness = runner.do(where, Control())

        assert pid == runner.pid != os.getpid()
    assert niceness == min(19, before + 10)


@pytest.mark.parametrize("n", range(len(FAILURES)))
def test_a_failure_comes_back_as_it_was(runner: RunnerProcess, n: int) -> None:
    expected = FAILURES[n]

    with pytest.raises(type(expected)) as caught:
        runner.do(FailWith(n), Control())

    shown = {**vars(caught.value)}
    assert shown.pop("__notes__") == ["advice"]
    assert shown == {key: value for key, value in vars(expected).items() if key != "__notes__"}
    assert str(caught.value) == str(expected)


def test_progress_comes_back_before_the_answer_where_somebody_watches(
    runner: RunnerProcess,
) -> None:
    told: list[tuple[str, int, int, float]] = []
    control = Control(on_progress=lambda *reached: told.append((*reached, control.used_s)))

    assert runner.do(tell_progress, control)

    # what follows at once is more than anybody can look at
    assert told == [("stage_a", 1, 3, 1.5)]
    assert not runner.do(tell_progress, Control())


def test_a_cancelled_job_ends_over_there(runner: RunnerProcess, tmp_path: Path) -> None:
    control = Control()
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(runner.do, BeginAndWait(tmp_path / "begun"), control)
        wait_for((tmp_path / "begun").exists)
        control.cancel()

        with pytest.raises(RunCancelled):
            job.result(PATIENCE_S)


def test_a_cancelled_job_is_told_why(runner: RunnerProcess, tmp_path: Path) -> None:
    control = Control()
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(runner.do, BeginAndWait(tmp_path / "begun"), control)
        wait_for((tmp_path / "begun").exists)
        control.cancel(DeadlineExceeded(2))

        with pytest.raises(DeadlineExceeded) as ended:
            job.result(PATIENCE_S)

    assert ended.value.details == DeadlineExceeded(2).details


def test_a_job_that_was_cancelled_before_it_began_ends_too(runner: RunnerProcess) -> None:
    control = Control()
    control.cancel()

    with pytest.raises(RunCancelled):
        runner.do(wait_for_control, control)


def test_the_deadline_goes_along_with_what_is_left_of_it(runner: RunnerProcess) -> None:
    limit_s, left_s = runner.do(limits, Control(7_200, left_s=3_600))

    assert limit_s == 7_200
    assert left_s is not None
    assert 0 < left_s <= 3_600


def test_a_job_past_its_deadline_ends_over_there(runner: RunnerProcess) -> None:
    with pytest.raises(DeadlineExceeded) as caught:
        runner.do(wait_for_control, Control(0.4, left_s=0.0))

    assert caught.value.details == {"deadline_seconds": 0.4}


def test_what_was_noted_over_there_is_known_here(runner: RunnerProcess) -> None:
    facts = collect()

    runner.do(tell_facts, Control())

    assert facts == {"stage_a_variants": 7, "estimated_bytes": 1_000}


def test_a_bug_is_masked_over_there_and_known_by_its_id(runner: RunnerProcess) -> None:
    facts = collect()

    for job in (divide_by_zero, give_what_cannot_travel, exit_the_thread):
        with pytest.raises(RoehubError) as caught:
            runner.do(job, Control())

        assert caught.value.code is Code.UNEXPECTED_ERROR
        assert facts["error_id"] == caught.value.details["error_id"]


def fail_to_get_ready(_runner: PreparedRunner, _control: Control) -> None:
    raise ZeroDivisionError


def test_a_process_that_cannot_get_ready_is_told_by_the_id_of_its_bug(
    runner: RunnerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = collect()
    monkeypatch.setattr(apart, "_ping", fail_to_get_ready)

    with pytest.raises(RunnerUnavailable) as caught:
        runner.ping()

    assert facts["error_id"] in caught.value.__notes__[0]


def test_a_fact_that_cannot_travel_does_not_keep_the_reply(runner: RunnerProcess) -> None:
    with pytest.raises(RoehubError):
        runner.do(note_what_cannot_travel, Control())


def test_many_jobs_at_once_get_their_own_answers(runner: RunnerProcess) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: runner.do(Double(n), Control()), range(400)))

    assert found == [2 * n for n in range(400)]


class Double:
    """A job with an argument."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, _service: BacktestService, _control: Control) -> int:
        return 2 * self.n


@pytest.mark.parametrize("crash", [end_the_process, give_what_cannot_be_read])
def test_a_crash_fails_what_ran_and_the_next_job_has_another_process(
    runner: RunnerProcess, tmp_path: Path, crash: Job[object]
) -> None:
    lost, _ = runner.do(where, Control())
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(runner.do, BeginAndWait(tmp_path / "begun"), Control())
        wait_for((tmp_path / "begun").exists)
        with pytest.raises(RunnerUnavailable):
            runner.do(crash, Control())
        with pytest.raises(RunnerUnavailable):
            waiting.result(PATIENCE_S)

    assert_replaced(runner, lost)


def test_a_process_that_falls_silent_is_ended_and_the_next_job_has_another(
    runner: RunnerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "SILENT_S", 0.5)
    lost, _ = runner.do(where, Control())
    unheard = Control()
    with ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(runner.do, BeginAndWait(tmp_path / "begun"), Control())
        wait_for((tmp_path / "begun").exists)
        silent = threads.submit(runner.do, fall_silent, unheard)
        wait_for(lambda: _is_stopped(lost))
        unheard.cancel()
        for job in (silent, waiting):
            with pytest.raises(RunnerUnavailable):
                job.result(PATIENCE_S)

    assert_replaced(runner, lost)


def assert_replaced(runner: RunnerProcess, lost: int) -> None:
    pid, _ = runner.do(where, Control())
    assert pid != lost
    wait_for(lambda: not _lives(lost))


def test_a_process_that_had_settled_is_replaced_before_anybody_asks(
    runner: RunnerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "SETTLED_S", 0.0)
    lost, _ = runner.do(where, Control())
    with pytest.raises(RunnerUnavailable):
        runner.do(end_the_process, Control())

    wait_for(lambda: runner.pid not in {lost, None})


def test_closing_ends_the_process_and_what_runs_in_it(tmp_path: Path) -> None:
    settings = load_settings({"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(tmp_path)})
    runner = RunnerProcess(settings, even_runner.__name__)
    pid, _ = runner.do(where, Control())
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(runner.do, BeginAndWait(tmp_path / "begun"), Control())
        wait_for((tmp_path / "begun").exists)
        runner.close()

        with pytest.raises(BacktestError):
            job.result(PATIENCE_S)

    assert runner.pid is None
    assert not _lives(pid)
    with pytest.raises(RunnerUnavailable):
        runner.do(where, Control())


def test_claims_are_given_back_when_a_job_ends() -> None:
    budget, asked = MemoryBudget(100), services()
    here = LocalRunner(
        service=asked.service,
        candles=asked.candles,
        strategies=asked.strategies,
        memory=budget,
        close=lambda: None,
    )
    held: list[int] = []

    def job(_: BacktestService, control: Control) -> None:
        control.claim(30)
        control.claim(60)
        held.append(budget.n_taken)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: here.do(job, Control()), range(8)))

    assert len(held) == 8
    assert 60 <= max(held) <= 100
    assert budget.n_taken == 0


def test_the_double_of_other_tests_carries_as_the_process_does() -> None:
    runner = services().runner

    assert isinstance(runner, Courier)
    with pytest.raises(GuardExceeded):
        runner.do(FailWith(2), Control())


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _is_stopped(pid: int) -> bool:
    """Whether no thread of a process goes on."""
    stats: list[str] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # threads come and go
            stats.append((task / "stat").read_text(encoding="utf-8"))
    return bool(stats) and all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


def test_a_process_that_reads_nothing_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever sends holds the connection, and waits until there is room in the socket."""
    monkeypatch.setattr(connection, "END_S", 0.2)
    settings = load_settings({"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(tmp_path)})
    reads_nothing = RunnerProcess(settings, deaf_process.__name__)
    large = partial(hold, bytes(4 * connection.SEND_BYTES))
    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(reads_nothing.do, large, Control())
        wait_for(lambda: reads_nothing.pid is not None)
        made = reads_nothing._connection
        assert made is not None
        wait_for(made._lock.locked)

        reads_nothing.close()

        assert isinstance(sending.exception(PATIENCE_S), RunnerUnavailable)
    assert made.process.returncode == -signal.SIGKILL


def test_a_shard_without_memory_is_told_as_a_run_without_memory() -> None:
    def look(*_: object) -> Found:
        raise MemoryError

    asked = services()
    here = LocalRunner(
        service=asked.service,
        candles=asked.candles,
        strategies=asked.strategies,
        memory=MemoryBudget(100),
        close=lambda: None,
        look_through=look,
    )

    with pytest.raises(MemoryExceeded) as caught:
        here.look(cast("Shard", None), cast("Bars", None), Control())

    assert caught.value.details["memory_bytes"] == 100
