"""Run a blocking driver call while the run's control is watched."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from backtest.control import Control
from backtest.errors import BacktestError

T = TypeVar("T")

POLL_S = 0.02


def call_watched(work: Callable[[], T], *, control: Control, abandon: Callable[[], None]) -> T:
    """The result of `work()`, or the end of the run, whichever comes first.

    Args:
        work: Blocks in a driver that cannot be interrupted; runs in a thread of its own.
        control: Checked every 20 ms while `work` runs.
        abandon: Makes `work` end soon (kills the query). Called in a thread of its own, so that
            a server that does not answer cannot hold up the caller.

    Raises:
        BacktestError: What ended the run, such as its deadline or a lack of memory; `abandon` was
            called.
    """
    control.check()
    future: Future[T] = Future()
    _in_background(lambda: _settle(future, work))
    while not wait([future], timeout=POLL_S).done:
        try:
            control.check()
        except BacktestError:
            _in_background(abandon)
            raise
    return future.result()


def _in_background(call: Callable[[], None]) -> None:
    threading.Thread(target=call, name="clickhouse-call", daemon=True).start()


def _settle(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - handed over to the waiting thread as it is
        future.set_exception(error)
