"""The real service as a process of its own, over a store that has bad moments."""

import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bff.config.secret import signing_secret
from bff.config.settings import load_settings
from bff.http.tokens import issue_token
from tests.bff.served import children, monitors
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 5.0
N_USERS = 8
CONFIG = """
version: 1
backtest: {{sync: {{sync_deadline_seconds: {deadline_s}}}}}
server: {{drain_seconds: {drain_s}, {server}}}
compute: {{threads: 2, running_runs: 2, waiting_runs: 16, runs_per_user: 6}}
"""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running process, where it listens and tells its health, and tokens of several users.

    Of several workers `process` is the supervisor, and the health that of one of them.
    """

    process: subprocess.Popen[str]
    port: int
    monitor: str
    tokens: tuple[str, ...]

    def resident_bytes(self) -> int:
        """Physical memory of the process and of the one it started for runs."""
        pid = self.process.pid
        return sum(map(_resident_bytes, (pid, *children(pid))))

    def computing(self) -> tuple[int, ...]:
        """The processes that it started for runs."""
        return tuple(children(self.process.pid))


def _resident_bytes(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def running_store(folder: Path, *, seed: int, share: float) -> Generator[int]:
    """The port of a candle server in a process of its own."""
    with running_module("trials.soak.store", str(seed), str(share)) as port:
        yield port


@contextmanager
def running_module(name: str, *words: str) -> Generator[int]:
    """The port that a module prints, which serves until its standard input closes."""
    with subprocess.Popen(
        [sys.executable, "-m", name, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@contextmanager
def running_service(
    folder: Path,
    store_port: int,
    *,
    deadline_s: float = DEADLINE_S,
    module: str = "bff",
    n_workers: int = 1,
    server: str = "",
) -> Generator[Service]:
    """A fresh process, or several behind one port, all of which serve by then.

    Killed at the end of the block unless it has ended by itself. `server` is what its
    configuration says under that key beside the drain, as YAML.
    """
    config = folder / "backtest.yaml"
    text = CONFIG.format(deadline_s=deadline_s, drain_s=DEADLINE_S, server=server)
    config.write_text(text, encoding="utf-8")
    environ = {
        "ROEHUB_ENV": "test",
        "ROEHUB_DATA_DIR": str(folder),
        "ROEHUB_BACKTEST_CONFIG": str(config),
        "CH_HOST": "127.0.0.1",
        "CH_PORT": str(store_port),
    }
    words = ["serve", "--port", "0", "--metrics-port", "0", "--workers", str(n_workers)]
    words += ["--wait-for-stores", str(PATIENCE_S)]
    with subprocess.Popen(
        [sys.executable, "-m", module, *words],
        env=os.environ | environ,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            port, monitor = _told_addresses(process, n_workers)
            yield Service(process=process, port=port, monitor=monitor, tokens=_tokens(environ))
        finally:
            process.kill()


@contextmanager
def running_attackers(service: Service, *, n_clients: int, seed: int) -> Generator[Counter[str]]:
    """Clients that mean harm, as long as the block; then the counter holds how attacks ended."""
    seen: Counter[str] = Counter()
    words = (str(service.port), service.tokens[0], str(n_clients), str(seed))
    with subprocess.Popen(
        [sys.executable, "-m", "trials.soak.attackers", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        yield seen
        told, _ = process.communicate()
        seen.update(json.loads(told))


def _told_addresses(process: subprocess.Popen[str], n_workers: int) -> tuple[int, str]:
    assert process.stderr is not None
    told = ""
    while len(ports := re.findall(r"Serving on \S+:(\d+)", told)) < n_workers:
        line = process.stderr.readline()
        assert line, told
        told += line
    threading.Thread(target=deque, args=(process.stderr, 0), daemon=True).start()
    return int(ports[0]), monitors(told)[0]


def _tokens(environ: dict[str, str]) -> tuple[str, ...]:
    secret = signing_secret(load_settings(environ).environment)
    return tuple(
        issue_token(secret, user_id=UUID(int=n + 1), paid_level="pro", ttl_s=86_400)
        for n in range(N_USERS)
    )
