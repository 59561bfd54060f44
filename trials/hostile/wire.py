"""Connections that say what no client library would."""

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

from trials.hostile import limits

HONEST, HOSTILE = "127.0.0.1", "127.0.0.2"
QUESTION = json.dumps({"query": "{ indicators { id } }"}).encode()


def connected(port: int, source: str = HONEST, *, window: int | None = None) -> socket.socket:
    """A connection from one of the machine's own addresses; `window` bytes may be on their way."""
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if window is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    line.settimeout(limits.LINE_S)
    line.bind((source, 0))
    line.connect(("127.0.0.1", port))
    return line


def request(
    path: str, body: bytes, token: str = "", headers: Mapping[str, str] | None = None
) -> bytes:
    """A POST of JSON as bytes."""
    all_headers = {
        "Host": "x",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **({"Authorization": f"Bearer {token}"} if token else {}),
        **(headers or {}),
    }
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {text}" for name, text in all_headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def question(token: str = "", headers: Mapping[str, str] | None = None) -> bytes:
    """A cheap query."""
    return request("/graphql", QUESTION, token, headers)


def run_of(body: Mapping[str, Any], token: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A grid over REST."""
    return request("/backtests", json.dumps(body).encode(), token, headers)


def answer_of(line: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer that is final; (0, …) when the connection ended first."""
    data = b""
    try:
        while True:
            while b"\r\n\r\n" not in data:
                data += _more(line)
            head, data = data.split(b"\r\n\r\n", 1)
            status = int(head.split(b" ", 2)[1])
            if status >= 200:
                break
        length = _length(head)
        while len(data) < length:
            data += _more(line)
    except OSError:
        return 0, data
    return status, data[:length]


def answered_run(port: int, body: Mapping[str, Any], token: str) -> tuple[int, bytes]:
    """Status and body of a grid over REST, on a connection of its own."""
    with connected(port) as line:
        line.sendall(run_of(body, token))
        return answer_of(line)


def honest_seconds(port: int) -> float | None:
    """How long a client that only asks a question waits for its 401; None when it gets none."""
    started = time.monotonic()
    try:
        with connected(port) as line:
            line.settimeout(limits.HONEST_S)
            line.sendall(question())
            status, _ = answer_of(line)
    except OSError:
        return None
    return time.monotonic() - started if status == 401 else None


def _more(line: socket.socket) -> bytes:
    data = line.recv(1 << 16)
    if not data:
        raise ConnectionResetError
    return data


def _length(head: bytes) -> int:
    for field in head.lower().split(b"\r\n"):
        if field.startswith(b"content-length:"):
            return int(field.partition(b":")[2])
    return 0
