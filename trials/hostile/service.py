"""`serve` of this or another working copy as a process of its own, and what it costs."""

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bff.config.secret import TEST_SECRET
from bff.http.tokens import issue_token
from tests.bff.doubles import USER
from tests.bff.served import children
from trials.hostile import limits
from trials.processes import Costs, measured, status_mib

ROOT = Path(__file__).resolve().parents[2]
OPEN_FILES = 1_024
GENERATE = "candles generate --symbol BTCUSDT --days"
CONFIG = """
version: 1
server: {server}
compute: {{threads: 1, running_runs: 2}}
"""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A working copy and a folder with its candles.

    `server` is what its configuration says under that key, as YAML.
    """

    root: Path
    folder: Path
    server: str = "{}"

    @property
    def environ(self) -> dict[str, str]:
        """Of its processes."""
        return os.environ | {
            "ROEHUB_ENV": "test",
            "ROEHUB_DATA_DIR": str(self.folder),
            "ROEHUB_BACKTEST_CONFIG": str(self._config()),
            "PYTHONPATH": str(self.root),
        }

    def generate(self, days: int) -> None:
        """Have candles of so many days."""
        subprocess.run(
            [sys.executable, "-m", "bff", *GENERATE.split(), str(days)],
            env=self.environ,
            cwd=self.root,
            check=True,
            capture_output=True,
        )

    def _config(self) -> Path:
        path = self.folder / "backtest.yaml"
        path.write_text(CONFIG.format(server=self.server), encoding="utf-8")
        return path


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running process and where it listens; the token is good for a day.

    Of several workers `process` is the supervisor.
    """

    process: subprocess.Popen[bytes]
    port: int
    n_workers: int = 1
    lines: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)
    is_read: threading.Event = field(default_factory=threading.Event)

    @property
    def token(self) -> str:
        return issue_token(TEST_SECRET, user_id=USER, paid_level="pro", ttl_s=86_400)

    def answering(self) -> list[int]:
        """The processes that answer."""
        first = self.process.pid
        return [first] if self.n_workers == 1 else children(first)

    def computing(self) -> list[int]:
        """Those that compute for them."""
        return [pid for one in self.answering() for pid in children(one)]

    def costing(self, costs: Costs) -> AbstractContextManager[None]:
        """Note what they cost during a block."""
        return measured(self.answering(), self.computing(), costs)

    def resident_mib(self) -> int:
        """Memory of the process that answers."""
        return status_mib(self.process.pid, "VmRSS")


class NotStarted(Exception):
    """A service ended before it served; what it had said."""


@contextmanager
def running(
    copy: Copy, *, env: dict[str, str] | None = None, n_workers: int = 1
) -> Generator[Service]:
    """A fresh process that may open 1 024 files; killed at the end of the block."""
    workers = ["--workers", str(n_workers)] if n_workers > 1 else []
    command = [sys.executable, "-m", "bff", "serve", "--port", "0", *workers]
    with subprocess.Popen(
        ["/bin/sh", "-c", f'ulimit -n {OPEN_FILES}; exec "$@"', "sh", *command],
        env=copy.environ | (env or {}),
        cwd=copy.root,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield _announced(process, n_workers)
        finally:
            process.kill()


def _announced(process: subprocess.Popen[bytes], n_workers: int) -> Service:
    """All of it serves. What it says is read until `is_read` is cleared; then its pipe fills."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    is_read = threading.Event()
    is_read.set()
    threading.Thread(target=_read, args=(process, lines, is_read), daemon=True).start()
    told = ""
    while line := lines.get(timeout=limits.STARTED_S):
        told += line
        ports = re.findall(r"Serving on \S+:(\d+)", told)
        if len(ports) == n_workers:
            return Service(
                process=process,
                port=int(ports[0]),
                n_workers=n_workers,
                lines=lines,
                is_read=is_read,
            )
    raise NotStarted(told)


def _read(
    process: subprocess.Popen[bytes], lines: "queue.SimpleQueue[str]", is_read: threading.Event
) -> None:
    assert process.stderr is not None
    while line := process.stderr.readline():
        lines.put(line.decode("utf-8", "replace"))
        is_read.wait()
    lines.put("")


def eventually(claim: Callable[[], bool], within_s: float) -> float | None:
    """After how many seconds something was so; None when it was not in time."""
    started = time.monotonic()
    while not claim():
        if time.monotonic() - started > within_s:
            return None
        time.sleep(0.02)
    return time.monotonic() - started
