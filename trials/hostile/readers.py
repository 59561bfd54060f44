"""Clients that do not take what they asked for, or have more to say while they wait."""

import os
import pathlib
import signal
import socket
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from trials.hostile import limits
from trials.hostile.service import Service, eventually
from trials.hostile.verdict import Verdict
from trials.hostile.wire import answer_of, connected, honest_seconds, run_of

N_READERS = 4
WINDOW_BYTES = 4_096
START = datetime(2024, 1, 1, 12, tzinfo=UTC)
DAYS = 35


def windows(indicator_id: str, n: int) -> Mapping[str, Any]:
    """So many moving averages."""
    return {
        "indicator_id": indicator_id,
        "source": {"mode": "explicit", "values": ["close"]},
        "params": {"window": {"mode": "range", "start": 3, "stop_incl": 2 + n, "step": 1}},
    }


def run(*indicators: Mapping[str, Any], days: int, trades: int) -> Mapping[str, Any]:
    """A grid over so many days of minutes whose answer lists the trades of so many variants."""
    return {
        "time_range": {"start": START.isoformat(), "end": (START + timedelta(days)).isoformat()},
        "warmup_bars": 20,
        "top_k": trades,
        "top_trades_n": trades,
        "template": {
            "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
            "timeframe": "1m",
            "indicator_grids": list(indicators),
        },
    }


LARGE = run(windows("ma.sma", 8), days=7, trades=8)
SMALL = run(windows("ma.sma", 4), days=1, trades=1)
LONGEST = {
    **run(windows("ma.sma", 300), windows("ma.ema", 500), days=DAYS - 1, trades=1),
    "ranking": {"primary_metric": "max_drawdown_pct"},
}


@contextmanager
def slow_readers(service: Service, body: Mapping[str, Any]) -> Generator[list[socket.socket]]:
    """Connections on which an answer has begun, of which one byte a second is taken."""
    with ExitStack() as stack:
        lines: list[socket.socket] = []
        for _ in range(N_READERS):
            line = stack.enter_context(connected(service.port, window=WINDOW_BYTES))
            line.sendall(run_of(body, service.token))
            line.recv(1)
            lines.append(line)
        ended = threading.Event()
        reader = threading.Thread(target=_sip, args=(lines, ended))
        reader.start()
        try:
            yield lines
        finally:
            ended.set()
            reader.join()


def dropped(service: Service, body: Mapping[str, Any] = LARGE) -> Verdict:
    """Each must be let go, and its memory with it."""
    before = service.resident_mib()
    with slow_readers(service, body):
        held = service.resident_mib() - before
        after_s = eventually(lambda: _n_connections(service) == 0, limits.DROPPED_S)
        honest = honest_seconds(service.port)
    seen = "still there" if after_s is None else f"dropped after {after_s:.0f} s"
    return Verdict(
        holds=after_s is not None and honest is not None,
        seen=f"{seen}; {N_READERS} answers held {held} MiB",
    )


def stopped(service: Service, body: Mapping[str, Any] = LARGE) -> Verdict:
    """SIGTERM while they read."""
    with slow_readers(service, body):
        started = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        code = service.process.wait(3 * limits.STOPPED_S)
        lasted = time.monotonic() - started
    return Verdict(
        holds=code == 0 and lasted < limits.STOPPED_S,
        seen=f"ended with {code} {lasted:.1f} s after SIGTERM",
    )


def half_closed(service: Service, body: Mapping[str, Any] = SMALL) -> Verdict:
    """A client that says at once that it will send no more."""
    with connected(service.port) as line:
        line.sendall(run_of(body, service.token))
        line.shutdown(socket.SHUT_WR)
        status, content = answer_of(line)
    return Verdict(
        holds=status == 200,
        seen=f"answered with {status}, {len(content)} bytes" if status else "no answer",
    )


def begun_behind(service: Service, body: Mapping[str, Any]) -> Verdict:
    """Half a head behind a run that takes longer than a head may."""
    with connected(service.port) as line:
        started = time.monotonic()
        line.sendall(run_of(body, service.token) + b"GET / HTTP/1.1\r\nHost")
        status, _ = answer_of(line)
        lasted = time.monotonic() - started
    told = f"answered with {status}" if status else "cut"
    return Verdict(holds=status == 200, seen=f"{told} after {lasted:.1f} s")


def begun_behind_a_halted_run(service: Service) -> Verdict:
    """The same, behind a run that ends when another connection has lost its half a head."""
    half_a_head = b"GET / HTTP/1.1\r\nHost"
    with connected(service.port) as line, connected(service.port) as other:
        (runs,) = service.computing()
        os.kill(runs, signal.SIGSTOP)
        try:
            line.sendall(run_of(SMALL, service.token) + half_a_head)
            other.sendall(half_a_head)
            is_cut = other.recv(1) == b""
        finally:
            os.kill(runs, signal.SIGCONT)
        status, _ = answer_of(line)
    told = f"answered with {status}" if status else "cut"
    return Verdict(holds=status == 200 and is_cut, seen=told)


def _sip(lines: list[socket.socket], ended: threading.Event) -> None:
    while not ended.wait(1.0):
        for line in lines:
            line.settimeout(0.01)
            try:
                line.recv(1)
            except OSError:
                continue


def _n_connections(service: Service) -> int:
    """Open ones, as the system sees them from the service's side."""
    wanted = f":{service.port:04X}"
    with pathlib.Path("/proc/net/tcp").open(encoding="ascii") as table:
        rows = [row.split() for row in table][1:]
    return sum(1 for row in rows if row[1].endswith(wanted) and row[3] == "01")
