"""The handle of one run: cancel it, give it a deadline, watch it."""

import threading
import time
from collections.abc import Callable

from backtest.errors import DeadlineExceeded, RunCancelled

ProgressCallback = Callable[[str, int, int], None]


class Control:
    """Shared between a run and whoever started it; every method may be called from any thread.

    Args:
        deadline_s: Seconds from now after which `check` raises; None for no deadline.
        on_progress: Called as `(stage, done, total)` after each finished chunk.
        on_claim: Called with the bytes that a run is about to hold; returns when it may.
    """

    def __init__(
        self,
        deadline_s: float | None = None,
        on_progress: ProgressCallback | None = None,
        on_claim: Callable[[int], None] | None = None,
    ) -> None:
        self._cancelled = threading.Event()
        self._limit_s = deadline_s
        self._expires_at = None if deadline_s is None else time.monotonic() + deadline_s
        self._on_progress = on_progress
        self._on_claim = on_claim

    def cancel(self) -> None:
        """Ask the run to stop; it does so at the end of the chunk under way."""
        self._cancelled.set()

    def remaining_s(self) -> float | None:
        """Seconds until the deadline, never negative; None without one."""
        if self._expires_at is None:
            return None
        return max(0.0, self._expires_at - time.monotonic())

    def check(self) -> None:
        """Return, or end the run.

        Raises:
            RunCancelled: Somebody called `cancel`.
            DeadlineExceeded: The time is up.
        """
        if self._cancelled.is_set():
            raise RunCancelled
        if self._expires_at is not None and time.monotonic() > self._expires_at:
            assert self._limit_s is not None
            raise DeadlineExceeded(self._limit_s)

    def claim(self, n_bytes: int) -> None:
        """Return when the run may hold so many bytes; called once, before it allocates them.

        Raises:
            BacktestError: Whatever the owner of the memory says, or the run ended meanwhile.
        """
        if self._on_claim is not None:
            self._on_claim(n_bytes)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` units of a stage are finished."""
        if self._on_progress is not None:
            self._on_progress(stage, done, total)
