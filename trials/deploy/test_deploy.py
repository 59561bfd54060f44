"""The short part: rows that tell what happened, and the shipped proxy in front of processes."""

import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.ports import silent_port
from tests.waiting import PATIENCE_S
from trials.deploy.programs import program
from trials.deploy.proxies import certified, nginx
from trials.deploy.record import Record


@contextmanager
def answering(status: int, asked: list[int]) -> Generator[int]:
    """A process that answers everything with one status, and the port it has."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(status)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_row_tells_what_was_seen_what_went_wrong_and_what_is_missing() -> None:
    record = Record()

    good = record.tried("a", "b", lambda: "seen")
    failed = record.tried("c", "d", lambda: str(1 / 0))
    missing = record.tried("e", "f", lambda: "seen", "no-such-program")

    assert (good, failed, missing, record.n_failed) == (True, False, False, 1)
    assert [row[2] for row in record.rows] == [
        "seen",
        "FAILED: ZeroDivisionError: division by zero",
        "not tried here: no no-such-program",
    ]


@pytest.fixture
def trust(tmp_path: Path) -> ssl.SSLContext:
    if program("nginx") is None:
        pytest.skip("no nginx on this machine")
    return certified(tmp_path)


def statuses(folder: Path, trust: ssl.SSLContext, ports: list[int], path: str) -> list[int]:
    """Of six requests through the proxy."""
    with (
        nginx(folder, ports) as port,
        httpx2.Client(verify=trust, timeout=PATIENCE_S) as client,
    ):
        url = f"https://localhost:{port}{path}"
        return [client.post(url, content=b"{}").status_code for _ in range(6)]


@pytest.mark.parametrize(("path", "expected"), [("/backtests", {200}), ("/graphql", {200, 503})])
def test_only_what_writes_nothing_is_asked_of_another_process(
    tmp_path: Path, trust: ssl.SSLContext, path: str, expected: set[int]
) -> None:
    asked: list[int] = []

    with answering(503, asked) as stopping, answering(200, asked) as good:
        seen = statuses(tmp_path, trust, [stopping, good], path)

    assert set(seen) == expected
    assert set(asked) == {200, 503}


def test_a_process_that_is_away_costs_nothing(tmp_path: Path, trust: ssl.SSLContext) -> None:
    asked: list[int] = []

    with answering(200, asked) as good, silent_port() as away:
        seen = statuses(tmp_path, trust, [away, good], "/graphql")

    assert seen == asked == [200] * 6
