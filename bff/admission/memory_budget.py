"""Memory that concurrent runs share: a run waits until its estimate fits beside the others.

See: docs/reliability.md
"""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from backtest.control import Control
from backtest.errors import MemoryExceeded
from bff.telemetry.facts import note

POLL_S = 0.02
SMALL_SHARE = 8  # a claim of one part in eight of the reserve is small


class MemoryBudget:
    """A number of bytes that is handed out in order of asking; safe from any thread.

    In order, so that small runs that keep coming cannot starve a large one. Who has some already
    and needs more comes first: the sooner that run ends, the sooner there is room. Small claims
    have a reserve of their own beside it, so that they need not wait for large ones either.

    Args:
        n_bytes: What all runs together may hold.
        reserve_bytes: What small ones may hold beyond it.
    """

    def __init__(self, n_bytes: int, reserve_bytes: int = 0) -> None:
        self.n_bytes = n_bytes
        self._free = n_bytes
        self._reserve = reserve_bytes
        self._free_reserve = reserve_bytes
        self._lent: dict[Control, int] = {}
        self._line: deque[object] = deque()
        self._state = threading.Condition()
        self._held: dict[Control, int] = {}

    @property
    def n_taken(self) -> int:
        """Bytes that runs hold now."""
        return self.n_bytes - self._free + self._reserve - self._free_reserve

    def largest(self) -> Control | None:
        """The run that holds most, of those that were not asked to stop."""
        with self._state:
            going = [control for control in self._held if not control.is_cancelled]
            return max(going, key=self._held.__getitem__, default=None)

    def take(self, n_bytes: int, control: Control, *, is_first: bool = False) -> None:
        """Return when the bytes are the caller's; `give` them back afterwards.

        Args:
            n_bytes: How many.
            control: Whose they will be.
            is_first: Whether the caller comes before all that wait.

        Raises:
            MemoryExceeded: They would not fit into an empty budget.
            DeadlineExceeded: The control's deadline passed first.
            RunCancelled: The control was cancelled first.
        """
        if n_bytes > self.n_bytes:
            raise MemoryExceeded("preflight", estimated_bytes=n_bytes, memory_bytes=self.n_bytes)
        turn = object()
        with self._state:
            if self._lend(n_bytes, control):
                return
            (self._line.appendleft if is_first else self._line.append)(turn)
            try:
                while self._line[0] is not turn or n_bytes > self._free:
                    self._state.wait(POLL_S)
                    control.check()
                self._free -= n_bytes
                self._held[control] = n_bytes
            finally:
                self._line.remove(turn)
                self._state.notify_all()

    @contextmanager
    def lent_to(self, control: Control) -> Generator[None]:
        """Let runs under a control claim their bytes here, in a block.

        A later claim takes the place of the one before, whose bytes are free meanwhile: two runs
        that wait for each other's would never end.
        """
        n_claims = 0

        def exchange(n_bytes: int) -> None:
            nonlocal n_claims
            self.give(control)
            self.take(n_bytes, control, is_first=n_claims > 0)
            n_claims += 1
            note(estimated_bytes=n_bytes)

        control.on_claim(exchange)
        try:
            yield
        finally:
            self.give(control)

    def give(self, control: Control) -> None:
        """Hand back what a control holds."""
        with self._state:
            self._free += self._held.pop(control, 0)
            self._free_reserve += self._lent.pop(control, 0)
            self._state.notify_all()

    def _lend(self, n_bytes: int, control: Control) -> bool:
        """Give a small claim its bytes of the reserve, if they are there."""
        fits = n_bytes <= min(self._free_reserve, self._reserve // SMALL_SHARE)
        if fits:
            self._free_reserve -= n_bytes
            self._lent[control] = n_bytes
        return fits
