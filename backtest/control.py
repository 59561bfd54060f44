"""The handle of one run: cancel it, give it a deadline, watch it."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from fractions import Fraction
from math import floor
from typing import Literal

from backtest.errors import BacktestError, DeadlineExceeded, RunCancelled

# What a run can be at. The published schema lists them, so that a client has words for each.
Stage = Literal[
    "signals",
    "stage_a",
    "stage_b",
    "exact",
    "report",
    "replay",
    "evidence_rows",
    "reality_check",
    "pbo_champions",
    "pbo_ranks",
    "walk_forward",
]
ProgressCallback = Callable[[str, int, int], None]


class Control:
    """Shared between a run and whoever started it; every method may be called from any thread.

    Args:
        deadline_s: Seconds from now after which `check` raises; None for no deadline.
        on_progress: Called as `(stage, done, total)` after each finished chunk.
        left_s: What is left of the deadline where the run began before now.

    Attributes:
        limit_s: The deadline as it was given.
        used_s: Seconds that threads have worked for the run.
    """

    def __init__(
        self,
        deadline_s: float | None = None,
        on_progress: ProgressCallback | None = None,
        left_s: float | None = None,
    ) -> None:
        self._cancelled = threading.Event()
        self._reason: BacktestError | None = None
        self._lock = threading.Lock()
        self._cancel_callbacks: list[Callable[[], None]] = []
        self.limit_s = deadline_s
        self.used_s = 0.0
        left_s = deadline_s if left_s is None else left_s
        self._expires_at = None if left_s is None else time.monotonic() + left_s
        self._on_progress = on_progress
        self._on_claim: Callable[[int], None] | None = None
        self._claimed = self._at_first = 0
        self._part: tuple[Fraction, Fraction, int] | None = None
        self._most = 0

    def cancel(self, reason: BacktestError | None = None) -> None:
        """Ask the run to stop; it does so at the end of the chunk under way.

        Args:
            reason: What the run is told; by default that whoever started it does not wait for it.
        """
        with self._lock:
            if not self._cancelled.is_set():
                self._reason = reason
            self._cancelled.set()
            callbacks, self._cancel_callbacks = self._cancel_callbacks, []
        for callback in callbacks:
            callback()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody called `cancel`."""
        return self._cancelled.is_set()

    @property
    def reason(self) -> BacktestError | None:
        """Why it was cancelled; None where it was not, or nobody waits for it."""
        return self._reason

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, in the thread that cancels, or at once if that has happened."""
        with self._lock:
            if not self._cancelled.is_set():
                self._cancel_callbacks.append(callback)
                return
        callback()

    def on_claim(self, claim: Callable[[int], None]) -> None:
        """Have `claim` called with the bytes a run is about to hold; it returns when it may."""
        self._on_claim = claim

    def remaining_s(self) -> float | None:
        """Seconds until the deadline, never negative; None without one."""
        if self._expires_at is None:
            return None
        return max(0.0, self._expires_at - time.monotonic())

    @property
    def is_watched(self) -> bool:
        """Whether somebody is told of progress."""
        return self._on_progress is not None

    def check(self) -> None:
        """Return, or end the run.

        Raises:
            RunCancelled: Somebody called `cancel`, without another reason.
            BacktestError: The reason that `cancel` was given.
            DeadlineExceeded: The time is up.
        """
        if self._cancelled.is_set():
            raise RunCancelled if self._reason is None else self._reason
        if self._expires_at is not None and time.monotonic() > self._expires_at:
            assert self.limit_s is not None
            raise DeadlineExceeded(self.limit_s)

    def spend(self, seconds: float) -> None:
        """Count time that a thread has worked for the run."""
        with self._lock:
            self.used_s += seconds

    def claim(self, n_bytes: int, at_first: int | None = None) -> None:
        """Return when the run may hold so many bytes in all, before it allocates them.

        Called again when a better estimate is known, which takes the place of the one before.

        Args:
            n_bytes: The most that it will hold.
            at_first: What of it is held before a better estimate is known; all, unless told.

        Raises:
            BacktestError: Whatever the owner of the memory says, or the run ended meanwhile.
        """
        self._claimed = n_bytes
        self._at_first = n_bytes if at_first is None else at_first
        if self._on_claim is not None:
            self._on_claim(n_bytes)

    def claim_beside(self, n_bytes: int) -> None:
        """The same for bytes beside those that the last `claim` has at first, until the next one.

        Raises:
            BacktestError: As from `claim`.
        """
        needed = self._at_first + n_bytes
        if self._on_claim is not None and needed > self._claimed:
            self._on_claim(needed)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` units of a stage, or of a `part` of it, are finished."""
        if self._on_progress is None:
            return
        if self._part is not None:
            before, own, whole = self._part
            # what is looked at twice has been looked at once
            self._most = max(self._most, floor(before + own * done / total))
            done, total = self._most, whole
        self._on_progress(stage, done, total)

    @contextmanager
    def part(self, before: int, own: int, total: int) -> Generator[None]:
        """What is reported inside is `own` of `total` units, `before` having gone.

        They are units of a stage, or of the part that this is a part of.
        """
        whole = self._part
        if whole is None:
            self._part, self._most = (Fraction(before), Fraction(own), total), before
        else:
            first, share, units = whole
            self._part = (first + share * before / total, share * own / total, units)
        try:
            yield
        finally:
            self._part = whole
