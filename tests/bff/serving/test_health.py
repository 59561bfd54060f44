import threading

import pytest

from backtest.errors import CandlesUnavailable
from bff.serving import health as monitoring
from bff.serving.health import Readiness
from tests.waiting import PATIENCE_S, wait_for


class Silent:
    """A store that says nothing until it is told to."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.n_asked = 0

    def ping(self) -> None:
        self.n_asked += 1
        assert self.may_answer.wait(PATIENCE_S)


def down() -> None:
    raise CandlesUnavailable


def good() -> None:
    return None


def going() -> bool:
    return False


@pytest.fixture
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "READY_FOR_S", -1.0)


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that answers is waited for, however busy the machine is."""
    monkeypatch.setattr(monitoring, "ANSWER_S", PATIENCE_S)


@pytest.mark.usefixtures("_patient")
def test_a_store_that_is_down_is_named() -> None:
    readiness = Readiness({"candles": down, "strategies": good}, going)

    assert readiness.page() == (503, b"down: candles\n")


def test_silent_stores_are_told_as_down_without_their_answer() -> None:
    stores = {"candles": Silent(), "strategies": Silent()}
    readiness = Readiness({name: store.ping for name, store in stores.items()}, going)

    page = readiness.page()

    assert page == (503, b"down: candles, strategies\n")
    for store in stores.values():
        store.may_answer.set()


@pytest.mark.usefixtures("_asked_anew")
def test_a_silent_store_is_asked_by_one_thread_and_is_ready_once_it_answers() -> None:
    store = Silent()
    readiness = Readiness({"candles": store.ping}, going)

    pages = [readiness.page() for _ in range(2)]
    wait_for(lambda: store.n_asked)
    n_asked = store.n_asked
    store.may_answer.set()

    assert pages == [(503, b"down: candles\n")] * 2
    assert n_asked == 1
    wait_for(lambda: readiness.page() == (200, b"ready\n"))


@pytest.mark.usefixtures("_asked_anew", "_patient")
def test_a_bug_in_a_ping_is_not_taken_for_a_store_that_is_down() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    readiness = Readiness({"candles": broken}, going)

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            readiness.page()


def test_stores_are_not_asked_while_the_process_is_stopping() -> None:
    store = Silent()

    assert Readiness({"candles": store.ping}, lambda: True).page() == (503, b"stopping\n")
    assert store.n_asked == 0
