"""Processes of the service, each on ports of its own, and how they are replaced one by one."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port
from tests.waiting import PATIENCE_S, wait_for
from trials.deploy.packages import Installed
from trials.deploy.programs import said

SECRET = "s" * 32
PER_MINUTE = 300
CONFIG = f"""
version: 1
server: {{trusted_proxies: ["127.0.0.1"]}}
compute: {{requests_per_user_minute: {PER_MINUTE}}}
"""


@dataclass(kw_only=True)
class Process:
    """One of them; the ports stay when it is replaced."""

    number: int
    folder: Path
    environ: dict[str, str]
    port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    running: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it says on standard error; what it says on standard output is beside it."""
        return self.folder / f"{self.number}.log"

    @property
    def output(self) -> Path:
        """Its standard output."""
        return self.folder / f"{self.number}.out"

    def start(self, installed: Installed) -> None:
        """Return when it is ready."""
        words = ["serve", "--port", str(self.port), "--metrics-port", str(self.metrics_port)]
        with self.log.open("ab") as log, self.output.open("ab") as output:
            self.running = process = subprocess.Popen(
                [installed.program, *words], env=self.environ, stderr=log, stdout=output
            )
        wait_for(lambda: process.poll() is not None or self.is_ready())
        assert process.poll() is None, self.log.read_text(encoding="utf-8")[-2_000:]

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        process = self.running
        assert process is not None
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE_S)

    def version(self) -> str:
        """Of the program that runs."""
        assert self.running is not None
        words = Path(f"/proc/{self.running.pid}/cmdline").read_bytes().split(b"\0")
        return said([words[1].decode(), "--version"]).split()[-1]

    def is_ready(self) -> bool:
        """By its own word."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.metrics_port}/readyz", timeout=2
            ) as told:
                return told.status == 200
        except (OSError, urllib.error.HTTPError):
            return False


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Three processes over the same stores."""

    processes: tuple[Process, ...]

    def start(self, installed: Installed) -> str:
        """One after the other."""
        for process in self.processes:
            process.start(installed)
        return f"{len(self.processes)} processes are ready"

    def replace(self, installed: Installed) -> list[int]:
        """Each process by one of another version, while the others answer; the exit codes."""
        codes: list[int] = []
        for process in self.processes:
            codes.append(process.stop())
            process.start(installed)
        return codes

    def stop(self) -> str:
        """All of them."""
        codes = [process.stop() for process in self.processes]
        assert codes == [0] * len(codes), codes
        return "each ended with 0"

    def logs(self) -> str:
        """Every line is an object of JSON, and standard output is empty."""
        lines = [
            line
            for process in self.processes
            for line in process.log.read_text(encoding="utf-8").splitlines()
        ]
        assert all(isinstance(json.loads(line), dict) for line in lines)
        n_bytes = sum(process.output.stat().st_size for process in self.processes)
        assert n_bytes == 0
        return f"{len(lines)} lines, all JSON; 0 bytes on standard output"


@contextmanager
def fleet(folder: Path, environ: dict[str, str], n_processes: int = 3) -> Generator[Fleet]:
    """Not started yet; killed at the end of the block unless they have ended."""
    processes = tuple(Process(number=n, folder=folder, environ=environ) for n in range(n_processes))
    try:
        yield Fleet(processes=processes)
    finally:
        for process in processes:
            if process.running is not None and process.running.poll() is None:
                process.running.kill()
                process.running.wait()


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Of a process in `prod`, and of the commands beside it; of this shell only its cache."""
    config = folder / "backtest.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME") if name in os.environ
    }
    return kept | {
        "ROEHUB_ENV": "prod",
        "ROEHUB_DATA_DIR": str(folder / "data"),
        "ROEHUB_BACKTEST_CONFIG": str(config),
        "IDENTITY_JWT_SECRET": SECRET,
        "COLUMNS": "200",
        **more,
    }
