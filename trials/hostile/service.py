"""`serve` of this or another working copy as a process of its own, and what it costs."""

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bff.config.secret import TEST_SECRET
from bff.http.tokens import issue_token
from tests.bff.doubles import USER
from tests.bff.served import children
from trials.hostile import limits

ROOT = Path(__file__).resolve().parents[2]
OPEN_FILES = 1_024
SAMPLE_S = 0.1
MIB = 1 << 20
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
    """A running process and where it listens; the token is good for a day."""

    process: subprocess.Popen[bytes]
    port: int
    lines: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)
    is_read: threading.Event = field(default_factory=threading.Event)

    @property
    def token(self) -> str:
        return issue_token(TEST_SECRET, user_id=USER, paid_level="pro", ttl_s=86_400)

    def pids(self) -> list[int]:
        """The process that answers, then the one that computes."""
        return [self.process.pid, *children(self.process.pid)]

    def resident_mib(self) -> int:
        """Memory of the process that answers."""
        return _status_mib(self.process.pid, "VmRSS")


def _status_mib(pid: int, name: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return 0
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


@contextmanager
def measured(service: Service) -> Generator[list[int]]:
    """Most MiB that each of its processes held during the block, also where they end in it."""
    pids = service.pids()
    peaks = [0] * len(pids)
    ended = threading.Event()
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")

    def sample() -> None:
        while not ended.wait(SAMPLE_S):
            peaks[:] = [
                max(peak, _status_mib(pid, "VmHWM")) for peak, pid in zip(peaks, pids, strict=True)
            ]

    sampling = threading.Thread(target=sample)
    sampling.start()
    try:
        yield peaks
        time.sleep(2 * SAMPLE_S)
    finally:
        ended.set()
        sampling.join()


@contextmanager
def running(copy: Copy, *options: str, env: dict[str, str] | None = None) -> Generator[Service]:
    """A fresh process that may open 1 024 files; killed at the end of the block."""
    command = [sys.executable, "-m", "bff", "serve", "--port", "0", *options]
    with subprocess.Popen(
        ["/bin/sh", "-c", f'ulimit -n {OPEN_FILES}; exec "$@"', "sh", *command],
        env=copy.environ | (env or {}),
        cwd=copy.root,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield _announced(process)
        finally:
            process.kill()


def _announced(process: subprocess.Popen[bytes]) -> Service:
    """What it says is read until `is_read` is cleared; then its pipe fills."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    is_read = threading.Event()
    is_read.set()
    threading.Thread(target=_read, args=(process, lines, is_read), daemon=True).start()
    told = ""
    while line := lines.get(timeout=limits.STARTED_S):
        told += line
        found = re.search(r"Serving on \S+:(\d+)", line)
        if found:
            return Service(process=process, port=int(found[1]), lines=lines, is_read=is_read)
    raise AssertionError(told)


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
