"""Memory that concurrent runs share: a run waits until its estimate fits beside the others.

See: docs/reliability.md
"""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from backtest.control import Control
from backtest.errors import GuardExceeded
from bff.telemetry.facts import note

POLL_S = 0.02


class MemoryBudget:
    """A number of bytes that is handed out in order of asking; safe from any thread.

    In order, so that small runs that keep coming cannot starve a large one.

    Args:
        n_bytes: What all runs together may hold.
    """

    def __init__(self, n_bytes: int) -> None:
        self.n_bytes = n_bytes
        self._free = n_bytes
        self._line: deque[object] = deque()
        self._state = threading.Condition()

    @property
    def n_taken(self) -> int:
        """Bytes that runs hold now."""
        return self.n_bytes - self._free

    def take(self, n_bytes: int, control: Control) -> None:
        """Return when the bytes are the caller's; `give` them back afterwards.

        Raises:
            GuardExceeded: They would not fit into an empty budget.
            DeadlineExceeded: The control's deadline passed first.
            RunCancelled: The control was cancelled first.
        """
        if n_bytes > self.n_bytes:
            raise GuardExceeded(
                "The run would need more memory than the service may use; shorten the range",
                error="memory_bytes_exceeded",
                stage="preflight",
                estimated_bytes=n_bytes,
                memory_bytes=self.n_bytes,
            )
        turn = object()
        with self._state:
            self._line.append(turn)
            try:
                while self._line[0] is not turn or n_bytes > self._free:
                    self._state.wait(POLL_S)
                    control.check()
                self._free -= n_bytes
            finally:
                self._line.remove(turn)
                self._state.notify_all()

    @contextmanager
    def lent_to(self, control: Control) -> Generator[None]:
        """Let runs under a control claim their bytes here, one after the other, in a block."""
        held = 0

        def exchange(n_bytes: int) -> None:
            nonlocal held
            self.give(held)
            held = 0
            self.take(n_bytes, control)
            held = n_bytes
            note(estimated_bytes=n_bytes)

        control.on_claim(exchange)
        try:
            yield
        finally:
            self.give(held)

    def give(self, n_bytes: int) -> None:
        """Hand bytes back."""
        with self._state:
            self._free += n_bytes
            self._state.notify_all()
