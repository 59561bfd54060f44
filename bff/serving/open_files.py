"""As many open files as the machine allows, and how many connections that leaves room for.

See: docs/security.md#threats-and-limits
"""

import sys

import structlog

log = structlog.stdlib.get_logger(__name__)

OTHERS = 128


def room_for_connections(wanted: int) -> int:
    """How many connections there may be so that stores, logs and runs can still open files.

    The soft limit of open files is raised as far as its owner may, where it is too low.
    """
    if sys.platform == "win32":
        return wanted
    import resource  # noqa: PLC0415 - not everywhere

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHERS
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    room = min(wanted, max(most - OTHERS, most // 4))
    if room < wanted:
        log.warning("open_file_limit_low", limit=most, connections=room, wanted=wanted)
    return room
