"""The process of runs keeps within its own memory: a run is refused before the machine kills all.

See: docs/reliability.md
"""

import os
import resource
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from backtest.errors import MemoryExceeded
from bff.admission.memory_budget import MemoryBudget
from bff.config.sections import Compute
from bff.machine import memory_bytes

# Interpreter, machine code, the embedded store and what the allocators keep for later.
OVERHEAD_BYTES = 3 << 29
MACHINE_SHARE = 0.8
LOOK_S = 0.05
LOOKS_TO_SKIP = 20
FIRST_TO_GO = "500"

log = structlog.stdlib.get_logger(__name__)


class MemoryWatch:
    """A thread that ends the largest run when the process holds too much.

    What a run claims is an estimate. This is what holds where an estimate is wrong, or the machine
    is smaller than the configuration says.

    Args:
        limit_bytes: What the process may hold.
        memory: Who knows the runs.
        held_bytes: What the process holds now.
    """

    def __init__(
        self, limit_bytes: int, memory: MemoryBudget, held_bytes: Callable[[], int]
    ) -> None:
        self._limit_bytes = limit_bytes
        self._memory = memory
        self._held_bytes = held_bytes
        self._is_closed = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._watch, name="memory", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._is_closed.set()

    def look(self) -> bool:
        """End the largest run if that is needed; whether it was."""
        held = self._held_bytes()
        if held <= self._limit_bytes or (largest := self._memory.largest()) is None:
            return False
        log.warning("memory_exceeded", held_bytes=held, limit_bytes=self._limit_bytes)
        largest.cancel(MemoryExceeded("run", memory_bytes=self._memory.n_bytes))
        return True

    def _watch(self) -> None:
        looks_to_skip = 0
        while not self._is_closed.wait(LOOK_S):
            # a run needs a moment to end; ending the next one meanwhile would be for nothing
            if looks_to_skip:
                looks_to_skip -= 1
            elif self.look():
                looks_to_skip = LOOKS_TO_SKIP


def keep_within(compute: Compute, memory: MemoryBudget) -> MemoryWatch:
    """Watch this process, and let it be the one that goes where the machine has too little.

    Beyond the limit that is watched there is a hard one, for a single array that is larger than
    all that is left: its run fails with `MemoryError`.
    """
    limit = limit_bytes(compute)
    watch = MemoryWatch(limit, memory, held_bytes)
    watch.start()
    if sys.platform == "linux":
        with suppress(OSError, ValueError):
            soft = _status_bytes("VmData") + limit + OVERHEAD_BYTES
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    return watch


def limit_bytes(compute: Compute) -> int:
    """What the process may hold: what was configured, but not more than the machine can give."""
    lent = compute.memory_bytes + compute.reserve_bytes
    configured = lent + compute.candle_cache_bytes + OVERHEAD_BYTES
    return min(configured, round(MACHINE_SHARE * memory_bytes()))


def held_bytes() -> int:
    """Resident memory of this process; nothing where the machine does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == field:
            return int(rest.split()[0]) * 1024
    return 0
