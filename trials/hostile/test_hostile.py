"""The short ones of the trials, against one process; those that end it have their own."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S
from trials.hostile import limits, machine, readers
from trials.hostile.plan import ENDING, LONG, TRIALS, Trial
from trials.hostile.service import ROOT, Copy, Service, running

SHORT = {name: trial for name, trial in TRIALS.items() if name not in ENDING} | {
    LONG: partial(readers.begun_behind, body=readers.LONG)
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
    with running(filled) as service:
        verdict = readers.stopped(service)

    assert verdict.holds, verdict.seen


def test_a_log_that_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    with running(copy_in(tmp_path)) as service:
        verdict = machine.unread_log(service)

    assert verdict.holds, verdict.seen


def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    verdict = machine.killed_supervisor(copy_in(tmp_path))

    assert verdict.holds, verdict.seen
