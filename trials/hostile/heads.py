"""Heads and trailers without an end."""

import socket
import time

from trials.hostile import limits
from trials.hostile.service import Service
from trials.hostile.verdict import Verdict
from trials.hostile.wire import connected, honest_seconds, question

GROWTH_MIB = 64
STOP_AT_MIB = 1_024
CHUNKED = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
)
FLOODS: dict[str, tuple[bytes, bytes]] = {
    "fields of a head": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"A:\r\n" * 16_384),
    "one field of a head": (b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"a" * 65_536),
    "a URL": (b"GET /", b"a" * 65_536),
    "fields of trailers": (CHUNKED + b"0\r\n", b"A:\r\n" * 16_384),
    "one field of trailers": (CHUNKED + b"0\r\nA: ", b"a" * 65_536),
    "an extension of a chunk": (CHUNKED + b"2;a=", b"a" * 65_536),
    "blank lines": (b"", b"\r\n" * 32_768),
}


def flood(service: Service, name: str) -> Verdict:
    """Send it for some seconds, or until a gigabyte is taken, or the connection is closed."""
    opening, endless = FLOODS[name]
    before = service.resident_mib()
    ends_at = time.monotonic() + limits.FLOOD_S
    sent, is_closed, most = 0, False, before
    with connected(service.port) as line:
        try:
            line.sendall(opening)
            while time.monotonic() < ends_at and most < STOP_AT_MIB:
                sent += line.send(endless)
                most = max(most, service.resident_mib())
        except OSError:
            is_closed = True
        honest = honest_seconds(service.port)
    return Verdict(
        holds=is_closed and most - before < GROWTH_MIB and honest is not None,
        seen=f"{'closed' if is_closed else 'open'} after {sent / (1 << 20):.1f} MiB sent, "
        f"{most - before} MiB more memory",
    )


def drip(service: Service) -> Verdict:
    """After an answer, a blank line each half second: bytes must not win time."""
    with connected(service.port) as line:
        line.sendall(question())
        started = time.monotonic()
        is_closed = False
        while not is_closed and time.monotonic() - started < limits.DRIP_S:
            is_closed = _is_closed_after(line, b"\r\n", 0.5)
        lasted = time.monotonic() - started
    return Verdict(
        holds=is_closed, seen=f"{'closed' if is_closed else 'open'} after {lasted:.1f} s"
    )


def _is_closed_after(line: socket.socket, data: bytes, seconds: float) -> bool:
    line.settimeout(seconds)
    try:
        line.sendall(data)
        while line.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
