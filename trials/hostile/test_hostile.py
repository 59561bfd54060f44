"""The short ones of the trials, against one process; those that end it have their own."""

from collections.abc import Generator
from pathlib import Path

import pytest

from trials.hostile import crowds, heads, machine, readers, upgrades
from trials.hostile.service import ROOT, Copy, Service, running

SERVER = "{drain_seconds: 5, connections: {head_max_seconds: 0.5, answer_stall_seconds: 1}}"


def copy_in(folder: Path) -> Copy:
    return Copy(root=ROOT, folder=folder, server=SERVER)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    copy = copy_in(tmp_path_factory.mktemp("hostile"))
    copy.generate(8)
    with running(copy) as service:
        yield service


@pytest.mark.parametrize("name", heads.FLOODS)
def test_a_flood_ends_early_and_takes_no_memory(service: Service, name: str) -> None:
    verdict = heads.flood(service, name)

    assert verdict.holds, verdict.seen


@pytest.mark.parametrize("sources", [(crowds.HOSTILE,), crowds.MANY], ids=["one", "50"])
def test_silent_connections_keep_nobody_out(service: Service, sources: tuple[str, ...]) -> None:
    verdict = crowds.silent(service, sources)

    assert verdict.holds, verdict.seen


def test_an_offer_of_a_websocket_is_answered_as_what_it_is(service: Service) -> None:
    verdict = upgrades.websockets(service)

    assert verdict.holds, verdict.seen


def test_an_offer_of_http_2_is_answered_as_what_it_is(service: Service) -> None:
    verdict = upgrades.http_2(service)

    assert verdict.holds, verdict.seen


def test_blank_lines_win_no_time(service: Service) -> None:
    verdict = heads.drip(service)

    assert verdict.holds, verdict.seen


def test_a_half_closed_client_gets_its_answer(service: Service) -> None:
    verdict = readers.half_closed(service)

    assert verdict.holds, verdict.seen


def test_half_a_head_behind_a_run_does_not_cut_it(service: Service) -> None:
    verdict = readers.begun_behind(service, readers.LONG)

    assert verdict.holds, verdict.seen


def test_slow_readers_are_dropped(service: Service) -> None:
    verdict = readers.dropped(service)

    assert verdict.holds, verdict.seen


def test_slow_readers_do_not_hold_up_the_end(tmp_path: Path) -> None:
    copy = copy_in(tmp_path)
    copy.generate(8)
    with running(copy) as service:
        verdict = readers.stopped(service)

    assert verdict.holds, verdict.seen


def test_a_log_that_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    with running(copy_in(tmp_path)) as service:
        verdict = machine.unread_log(service)

    assert verdict.holds, verdict.seen


def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    verdict = machine.killed_supervisor(copy_in(tmp_path))

    assert verdict.holds, verdict.seen
