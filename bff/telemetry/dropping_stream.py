"""Standard error that never makes anybody wait: what nobody reads is dropped, and counted.

A full pipe would otherwise stop whoever logs, the thread that answers requests and stops the
process among them.
See: docs/reliability.md
"""

import atexit
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog

log = structlog.stdlib.get_logger(__name__)

MAX_BYTES = 1 << 20
AT_ONCE_BYTES = 1 << 16
LAST_LINES_S = 1.0


class DroppingStream(io.TextIOBase):
    """Text that a thread of its own hands to a file descriptor, as fast as that takes it.

    Args:
        descriptor: Open for writing, blocking or not; nobody else writes half lines to it.
        max_bytes: What may wait; beyond it text is dropped.
        on_dropped: Called with the number of dropped lines once there is room again; what it
            writes is not dropped.
    """

    encoding = "utf-8"

    def __init__(
        self, descriptor: int, *, on_dropped: Callable[[int], None], max_bytes: int = MAX_BYTES
    ) -> None:
        self._descriptor = descriptor
        self._on_dropped = on_dropped
        self._max_bytes = max_bytes
        self._waiting: deque[bytes] = deque()
        self._n_bytes = self._n_dropped = 0
        self._state = threading.Condition()
        self._pump = threading.Thread(target=self._hand_over, name="stderr", daemon=True)
        self._pump.start()

    def write(self, text: str, /) -> int:
        """Take the text, or drop it."""
        data = text.encode("utf-8", "backslashreplace")
        with self._state:
            is_own = threading.current_thread() is self._pump
            if self._n_bytes + len(data) > self._max_bytes and not is_own:
                self._n_dropped += max(text.count("\n"), 1)
            else:
                self._waiting.append(data)
                self._n_bytes += len(data)
                self._state.notify_all()
        return len(text)

    def drain(self, within_s: float) -> bool:
        """Wait until everything is handed over, but not for long; whether it was."""
        with self._state:
            return self._state.wait_for(lambda: not self._n_bytes, within_s)

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Whether a person may be reading."""
        return os.isatty(self._descriptor)

    def fileno(self) -> int:
        """The descriptor behind it."""
        return self._descriptor

    def _hand_over(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._waiting)
                data = self._next()
            with suppress(OSError):  # a reader that has left
                self._write_out(data)
            with self._state:
                self._n_bytes -= len(data)
                n_dropped, self._n_dropped = self._n_dropped, 0
                self._state.notify_all()
            if n_dropped:
                self._on_dropped(n_dropped)

    def _next(self) -> bytes:
        pieces = [self._waiting.popleft()]
        n_bytes = len(pieces[0])
        while self._waiting and n_bytes + len(self._waiting[0]) <= AT_ONCE_BYTES:
            n_bytes += len(self._waiting[0])
            pieces.append(self._waiting.popleft())
        return b"".join(pieces)

    def _write_out(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])


_streams: list[DroppingStream] = []


def never_wait_for_stderr() -> None:
    """Replace `sys.stderr` in this process; what waits at its end has a second to be read."""
    if sys.stderr is sys.__stderr__:
        sys.stderr = DroppingStream(sys.stderr.fileno(), on_dropped=_log_dropped)
        _streams.append(sys.stderr)
        atexit.register(flush_last_lines)


def flush_last_lines() -> None:
    """For a process that is about to end without `atexit`."""
    for stream in _streams:
        stream.drain(LAST_LINES_S)


def _log_dropped(n_lines: int) -> None:
    log.warning("log_lines_dropped", n=n_lines)
