"""Health and metrics on a port of their own, for an orchestrator and never for clients.

`/healthz` says that the process lives, `/readyz` that the stores answer and the process is not
about to stop, `/metrics` is Prometheus text where the extra `observability` is installed.
See: docs/reliability.md
"""

import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backtest.errors import BacktestError

Page = Callable[[], tuple[int, bytes]]
Ping = Callable[[], None]

READY_FOR_S = 2.0
ANSWER_S = 0.8


class Readiness:
    """Whether the process can serve; stores are asked at most every two seconds.

    An orchestrator waits for a second or so: a store that is silent for 0.8 s is told as down, and
    is not asked again before it has answered or given up.

    Args:
        pings: Return when a store answers, by its name.
        is_stopping: Whether the process is about to stop.
    """

    def __init__(self, pings: Mapping[str, Ping], is_stopping: Callable[[], bool]) -> None:
        self._pings = pings
        self._is_stopping = is_stopping
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._unanswered: dict[str, Future[bool]] = {}
        self._down: list[str] = []

    def page(self) -> tuple[int, bytes]:
        """200, or 503 with what is missing."""
        if self._is_stopping():
            return 503, b"stopping\n"
        with self._lock:
            if time.monotonic() - self._asked_at > READY_FOR_S:
                self._down = self._ask()
                self._asked_at = time.monotonic()
            down = list(self._down)
        return (503, f"down: {', '.join(down)}\n".encode()) if down else (200, b"ready\n")

    def _ask(self) -> list[str]:
        asked = {
            name: self._unanswered.pop(name, None) or _in_background(ping)
            for name, ping in self._pings.items()
        }
        wait(asked.values(), ANSWER_S)
        self._unanswered = {name: answer for name, answer in asked.items() if not answer.done()}
        return [
            name
            for name, answer in asked.items()
            if name in self._unanswered or not answer.result()
        ]


def _in_background(ping: Ping) -> Future[bool]:
    future: Future[bool] = Future()
    threading.Thread(target=_settle, args=(future, ping), name="readiness", daemon=True).start()
    return future


def _settle(future: Future[bool], ping: Ping) -> None:
    try:
        ping()
    except BacktestError:
        future.set_result(False)
    except Exception as error:  # noqa: BLE001 - handed over to the waiting thread as it is
        future.set_exception(error)
    else:
        future.set_result(True)


@contextmanager
def monitored(host: str, port: int, pages: Mapping[str, Page]) -> Generator[int]:
    """Serve pages by their path from a thread; yields the port.

    Raises:
        OSError: The port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            status, content = page() if page is not None else (404, b"not found\n")
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Probes every few seconds are no news."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, port), Handler)
    thread = threading.Thread(target=server.serve_forever, name="monitoring", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
