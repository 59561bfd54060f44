"""An interrupt ends a run at once, here and on a service, and the next run works."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.bff.served import ROOT
from tests.roehub.conftest import Places
from tests.waiting import wait_for
from trials.soak.leaving import Scene

# Much more work than an interrupt may wait for: every trade of 540,000 variants on minutes, ranked
# by what only exact numbers tell.
LONG = """
import signal
# ignored where the tests run in the background of a shell, and inherited from there
signal.signal(signal.SIGINT, signal.default_int_handler)
GRID = dict(
    instrument="binance:spot:BTCUSDT", timeframe="1m", start="2024-01-04", end="2024-01-20",
    indicators={"ma.ema": {"window": range(2, 302)}, "roc": {"window": range(2, 302)}},
    stop_loss=list(range(1, 7)), preselect=90_000, ranking="return_over_max_drawdown",
)
SHORT = {**GRID, "timeframe": "1h", "indicators": "ma.ema", "top_k": 3}
"""
HERE = f"""
import sys, threading, roehub
{LONG}
try:
    roehub.run(store=sys.argv[1], **GRID)
except KeyboardInterrupt:
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("roehub")]
    again = roehub.run(store=sys.argv[1], progress=False, **SHORT)
    print("interrupted", left, len(again), flush=True)
"""
FAR = f"""
import sys, roehub
{LONG}
with roehub.connect(sys.argv[1], sys.argv[2], face=sys.argv[3]) as service:
    try:
        service.run(**GRID)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print(len(service.run(**SHORT)), flush=True)
"""


class Terminal:
    """A program whose standard error is a terminal, and what it has shown there."""

    def __init__(self, script: str, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        self.shown = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *words],
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            # With one thread a run takes long enough to be interrupted on any machine.
            env=os.environ | {"PYTHONPATH": str(ROOT), "ROEHUB_ENV": "dev", "ROEHUB_THREADS": "1"},
        )
        os.close(theirs)

    def until(self, claim: Callable[[bytes], object]) -> None:
        """Read what is shown until it is as claimed."""
        while not claim(self.shown):
            try:
                read = os.read(self._ours, 4_096)
            except OSError:
                pytest.fail(f"ended: {self.shown!r}, {self._ended()}")
            self.shown += read

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def printed(self) -> str:
        """All that it prints, read to its end, as is the terminal: a full one stops its writer."""
        reader = threading.Thread(target=self._read_on)
        reader.start()
        out, _ = self.process.communicate()
        reader.join()
        return out

    def _ended(self) -> str:
        out, _ = self.process.communicate()
        return f"printed {out!r}, exit code {self.process.returncode}"

    def _read_on(self) -> None:
        with contextlib.suppress(OSError):  # it has ended
            while read := os.read(self._ours, 4_096):
                self.shown += read

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self._ours)


@contextmanager
def terminal(script: str, *words: str) -> Iterator[Terminal]:
    opened = Terminal(script, *words)
    try:
        yield opened
    finally:
        opened.close()


def test_an_interrupt_in_a_terminal_ends_the_run_that_its_bar_shows(places: Places) -> None:
    with terminal(HERE, str(places.store)) as python:
        python.until(lambda shown: b"stage a" in shown and b" %" in shown)

        python.interrupt()

        assert python.printed().split("\n")[0] == "interrupted [] 3"
        assert b"report" not in python.shown  # it did not go on to its end


@pytest.mark.parametrize("face", ["rest", "graphql"])
def test_an_interrupt_ends_the_run_on_a_service(face: str, places: Places) -> None:
    path = {"rest": "/backtests", "graphql": "/graphql"}[face]
    scene = Scene(service=places.service, candles=None)  # pyright: ignore[reportArgumentType]
    n_left = scene.n_left(path)
    with terminal(FAR, places.address, places.token, face) as python:
        wait_for(lambda: scene.n_running() == 1)

        python.interrupt()

        wait_for(lambda: scene.n_left(path) == n_left + 1)
        wait_for(lambda: scene.n_running() == 0)
        assert python.printed().split() == ["interrupted", "3"]
