"""A timer that can be set anew.

See: docs/security.md#threats-and-limits
"""

import asyncio
from collections.abc import Callable


class Alarm:
    """Rings once, unless it is stopped in time.

    Args:
        loop: Whose time it is.
        seconds: From `start` to the ring.
        ring: Called then.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, ring: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Count from now; what was counted before does not matter."""
        self.stop()
        self._handle = self._loop.call_later(self._seconds, self._rings)

    def stop(self) -> None:
        """Do not ring."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _rings(self) -> None:
        self._handle = None
        self._ring()
