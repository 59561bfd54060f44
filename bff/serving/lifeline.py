"""A worker does not outlive its supervisor, however that ends.

The supervisor holds the other end of the worker's standard input. The system closes it with the
supervisor, on every platform, even when it was killed.
See: docs/reliability.md
"""

import os
import signal
import threading

STDIN = 0


def end_with_supervisor() -> None:
    """Stop this process, as SIGTERM does, when its standard input ends."""
    threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def _wait() -> None:
    while os.read(STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
