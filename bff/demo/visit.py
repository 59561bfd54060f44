"""A server of its own for the demo, and the calls of a client to both of its faces.

See: docs/commands.md
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

STOP_LIMIT_S = 15.0
CALL_LIMIT_S = 120.0


class DemoFailed(Exception):
    """The demo met something it did not expect; the message is for its reader."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer and how long the caller waited for it."""

    body: dict[str, Any]
    seconds: float


@contextmanager
def running_server(report: Callable[[str], None]) -> Generator[str]:
    """Start `serve` on a free port of 127.0.0.1, give its address, end it by its own pid.

    Args:
        report: Told when the server compiles kernels, which takes long the first time.

    Raises:
        DemoFailed: The server ended before it had an address.
    """
    command = [sys.executable, "-m", "bff", "serve", "--port", "0"]
    process = subprocess.Popen(  # noqa: S603
        command, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
    )
    try:
        yield _address(process, report)
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def post(url: str, body: dict[str, Any], token: str) -> Answer:
    """Send JSON with a bearer token and read the JSON answer.

    Raises:
        DemoFailed: The server refused.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - our own server
    start = time.perf_counter()
    try:
        with urlopen(request, timeout=CALL_LIMIT_S) as response:  # noqa: S310
            text = response.read()
    except HTTPError as refused:
        raise DemoFailed(f"{url} answered {refused.code}: {refused.read().decode()}") from refused
    return Answer(json.loads(text), time.perf_counter() - start)


def _address(process: subprocess.Popen[str], report: Callable[[str], None]) -> str:
    """The address that the server tells; what it says before is kept for a failure."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        found = re.search(r"Serving on (http\S+)", line)
        if found:
            # Nobody reads the log, and a full pipe would stop the server.
            threading.Thread(target=_read_out, args=(process.stderr,), daemon=True).start()
            return found[1]
        lines.append(line)
        if line.startswith("Preparing "):
            report(line.strip())
    raise DemoFailed("the server did not start:\n" + "".join(lines[-20:]))


def _read_out(pipe: IO[str]) -> None:
    with pipe:
        deque(pipe, 0)
