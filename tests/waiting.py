"""Waiting for what must happen, on a machine that may be slow."""

import time
from collections.abc import Callable

# Nothing takes this long on a machine that does nothing else; one that is busy may need it.
PATIENCE_S = 120.0
POLL_S = 0.01


def wait_for(claim: Callable[[], object], *, within_s: float = PATIENCE_S) -> None:
    """Return as soon as a claim holds.

    Raises:
        AssertionError: It did not within the time, which is no measure of speed but the end of
            hope.
    """
    ends_at = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < ends_at, f"did not happen within {within_s:g} s"
        time.sleep(POLL_S)
