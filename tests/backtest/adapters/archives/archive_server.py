"""An archive on loopback: the paths and checksum files of the real ones, with faults on demand."""

import gzip
import hashlib
import io
import threading
import zipfile
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.waiting import PATIENCE_S

MINUTE_MS = 60_000


def midnight_ms(day: str) -> int:
    """Epoch milliseconds of a day such as 2024-01-31."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def klines(first_ms: int, n: int, *, step_ms: int = MINUTE_MS, price: float = 10.0) -> str:
    """Rows as Binance publishes them."""
    rows = (
        f"{first_ms + i * step_ms},{price},{price + 2},{price - 1},{price + 1},1.5,"
        f"{first_ms + (i + 1) * step_ms - 1},15.5,7,0.5,5.5,0\n"
        for i in range(n)
    )
    return "".join(rows)


def zipped(text: str | bytes, name: str = "klines.csv") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def gzipped(text: str | bytes) -> bytes:
    return gzip.compress(text.encode() if isinstance(text, str) else text, mtime=0)


class ArchiveServer(ThreadingHTTPServer):
    """What is published is in `files`; what was asked for is in `asked`, with its range.

    `faults[path]` are met one by one by the requests for that path: a status with headers, `cut`
    (half of the body, then the connection is closed), `stall` (half of it, then nothing until
    `released`), `other part` (a range that was not asked for).
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[str | tuple[int, dict[str, str]]]] = defaultdict(list)
        self.asked: list[tuple[str, str]] = []
        self.stalled = threading.Event()
        self.released = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def publish(self, path: str, content: bytes, *, checksum: str | None = None) -> None:
        """A file and the file of its SHA-256, which may be another one's."""
        name = path.rpartition("/")[2]
        digest = checksum or hashlib.sha256(content).hexdigest()
        self.files[path] = content
        self.files[f"{path}.CHECKSUM"] = f"{digest}  {name}\n".encode()

    def n_asked(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)

    def ranges(self, path: str) -> Sequence[str]:
        return [part for asked, part in self.asked if asked == path]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: ArchiveServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server, path = self.server, self.path
        server.asked.append((path, self.headers.get("Range", "")))
        fault = server.faults[path].pop(0) if server.faults[path] else None
        if isinstance(fault, tuple):
            status, headers = fault
            self._send(status, b"no", headers)
        elif path not in server.files:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
        else:
            self._send_file(server.files[path], fault)

    def _send_file(self, content: bytes, fault: str | None) -> None:
        tag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        headers, status = {"ETag": tag}, 200
        asked = self.headers.get("Range", "")
        if asked and self.headers.get("If-Range") == tag:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
            if first >= len(content):
                self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            first += fault == "other part"
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            content, status = content[first:], 206
        self._send(status, content, headers, fault)

    def _send(
        self, status: int, content: bytes, headers: dict[str, str], fault: str | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault not in {"cut", "stall"}:
            self.wfile.write(content)
            return
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.close_connection = True
        if fault == "stall":
            self.server.stalled.set()
            assert self.server.released.wait(PATIENCE_S)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nobody reads it."""


@contextmanager
def running_archive() -> Generator[ArchiveServer]:
    server = ArchiveServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
