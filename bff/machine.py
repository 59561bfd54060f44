"""What this machine, or its part that the container gets, offers.

See: docs/memory.md
"""

import os
import sys
from pathlib import Path

# What a process that compiles holds in the end, and some room.
_COMPILER_BYTES = 1 << 30
_MOST_COMPILERS = 4


def n_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory of the machine, or what the control group may hold where that is less."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        allowed = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return physical
    return min(physical, int(allowed)) if allowed.isdecimal() else physical


def n_compilers() -> int:
    """How many processes may compile kernels at once."""
    return min(n_processors(), memory_bytes() // _COMPILER_BYTES, _MOST_COMPILERS)
