"""The short ones of the trials, against one process; those that end it have their own."""

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S
from trials.hostile import folders, limits, machine, readers, starts
from trials.hostile.plan import ENDING, LONG, TRIALS, Start, Trial
from trials.hostile.service import ROOT, Copy, Service, running
from trials.processes import Costs

SHORT = {name: trial for name, trial in TRIALS.items() if name not in ENDING} | {
    LONG: readers.begun_behind_a_halted_run
}
SERVER = "{drain_seconds: 5, connections: {head_max_seconds: 3, answer_stall_seconds: 1}}"


@pytest.fixture(scope="module", autouse=True)
def _patient() -> Generator[None]:
    """No clock is looked at here, beyond the end of hope."""
    with pytest.MonkeyPatch.context() as patch:
        for name in vars(limits):
            if name.endswith("_S"):
                patch.setattr(limits, name, max(PATIENCE_S, getattr(limits, name)))
        yield


def copy_in(folder: Path) -> Copy:
    return Copy(root=ROOT, folder=folder, server=SERVER)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = copy_in(tmp_path_factory.mktemp("hostile"))
    copy.generate(8)
    return copy


@pytest.fixture(scope="module")
def service(filled: Copy) -> Generator[Service]:
    with running(filled) as service:
        yield service


@pytest.mark.parametrize("trial", SHORT.values(), ids=SHORT)
def test_the_service_holds(service: Service, trial: Trial) -> None:
    verdict = trial(service)

    assert verdict.holds, verdict.seen


def test_slow_readers_do_not_hold_up_the_end(filled: Copy) -> None:
    patient = replace(
        filled, server="{drain_seconds: 5, connections: {answer_stall_seconds: 3600}}"
    )
    with running(patient) as service:
        verdict = readers.stopped(service)
        told = list(iter(partial(service.lines.get, timeout=PATIENCE_S), ""))

    assert verdict.holds, verdict.seen
    assert any("slow_client_dropped" in line for line in told)


def test_a_log_that_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    patient = replace(copy_in(tmp_path), server="{connections: {head_max_seconds: 3600}}")
    with running(patient) as service:
        verdict = machine.unread_log(service)

    assert verdict.holds, verdict.seen


# What else a machine does has tests of its own, nearer to the code that meets it.
@pytest.mark.parametrize(
    "start",
    [machine.killed_supervisor, folders.taken_away, starts.little_space, starts.two_imports],
)
def test_the_service_bears_its_machine(tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    copy = copy_in(folder)
    copy.generate(8)

    verdict = start(copy, Costs())

    assert verdict.holds, verdict.seen
