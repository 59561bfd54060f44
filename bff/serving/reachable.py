"""Whether something listens where a store should be, asked before anything else is begun.

See: docs/reliability.md#start-and-stop
"""

import socket
import time

CONNECT_S = 2.0
AGAIN_AFTER_S = 0.25


def unreachable(host: str, port: int, *, within_s: float) -> str | None:
    """Try to connect until something listens; the reason if nothing does in time.

    Args:
        host: A name or an address.
        port: Of TCP.
        within_s: How long to go on trying; once at least.
    """
    ends_at = time.monotonic() + within_s
    while True:
        reason = _refusal(host, port)
        if reason is None or time.monotonic() + AGAIN_AFTER_S > ends_at:
            return reason
        time.sleep(AGAIN_AFTER_S)


def _refusal(host: str, port: int) -> str | None:
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except OSError as exc:
        return exc.strerror or str(exc)
    except UnicodeError:  # a label that is empty or too long, as in `127.0.0..1`
        return "not a valid host name"
    return None
