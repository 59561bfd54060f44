"""Who holds the directory of the embedded engine, which only one process may use at a time."""

import fcntl
import os
import re
from pathlib import Path

_STATUS_FILE = "status"


def other_holder(directory: Path) -> int | None:
    """The process id of another process that has the engine open here.

    The engine keeps an advisory lock on the file `status` and writes its process id into it.
    Asking first is what spares the user the engine's own lines on standard error.

    Returns:
        None when the directory is free, belongs to this process, or does not exist; 0 when
        somebody holds it who left no readable process id.
    """
    try:
        descriptor = os.open(directory / _STATUS_FILE, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        holder = _written_pid(descriptor)
        return None if holder == os.getpid() else holder
    else:
        return None
    finally:
        os.close(descriptor)


def _written_pid(descriptor: int) -> int:
    found = re.search(rb"PID:\s*(\d+)", os.read(descriptor, 4096))
    return int(found.group(1)) if found else 0
