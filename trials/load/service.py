"""`serve` as a process over a year of synthetic minutes, from this tree or from an older one."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx2 import Client, Response

from benchmarks.machine import ROOT
from bff.http.tokens import issue_token
from tests.bff.served import children

SECRET = "s" * 32
PATIENCE_S = 300.0
CONFIG = """
version: 1
backtest: {{sync: {{sync_deadline_seconds: {deadline_s}}}}}
compute: {{threads: 2, running_runs: 2, waiting_runs: 16, runs_per_user: 6}}
"""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A running service and the process in which it computes."""

    process: subprocess.Popen[str]
    address: str

    @property
    def runner(self) -> int | None:
        """The process of runs, where there is one."""
        return next(iter(children(self.process.pid)), None)

    def pids(self) -> list[int]:
        """Of both."""
        return [self.process.pid, *children(self.process.pid)]

    def post(
        self, path: str, body: Mapping[str, Any], user: int, patience_s: float = PATIENCE_S
    ) -> tuple[Response, float]:
        """One request of a user, and how long it took."""
        token = issue_token(SECRET, user_id=UUID(int=user), paid_level="pro", ttl_s=3_600)
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/graphql-response+json",
        }
        with Client(base_url=self.address, timeout=patience_s) as client:
            started = time.monotonic()
            answer = client.post(path, json=dict(body), headers=headers)
            return answer, time.monotonic() - started


def filled_store(folder: Path, tree: Path = ROOT) -> Path:
    """A data directory with a year of minutes, as a working copy stores them."""
    data = folder / "data"
    words = ["candles", "generate", "--symbol", "BTCUSDT", "--days", "366"]
    subprocess.run(
        [sys.executable, "-P", "-m", "bff", *words],
        env=os.environ
        | {"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(data), "PYTHONPATH": str(tree)},
        cwd=tree,
        check=True,
        capture_output=True,
    )
    return data


@contextmanager
def loaded(
    data: Path, folder: Path, tree: Path = ROOT, *, deadline_s: float = 60.0
) -> Generator[Loaded]:
    """A fresh process over a copy of the store, killed at the end of the block."""
    copied = folder / f"copy-{time.monotonic_ns()}"
    shutil.copytree(data, copied, symlinks=True)
    config = copied / "backtest.yaml"
    config.write_text(CONFIG.format(deadline_s=deadline_s), encoding="utf-8")
    environ = {
        "ROEHUB_ENV": "test",
        "ROEHUB_DATA_DIR": str(copied),
        "ROEHUB_BACKTEST_CONFIG": str(config),
        "IDENTITY_JWT_SECRET": SECRET,
        "PYTHONPATH": str(tree),
    }
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "bff", "serve", "--port", "0"],
        env=os.environ | environ,
        cwd=tree,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Loaded(process=process, address=_told_address(process))
        finally:
            process.kill()


def _told_address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if "Serving on " in line:
            threading.Thread(target=deque, args=(process.stderr, 0), daemon=True).start()
            return line.split("Serving on ")[1].split()[0]
    raise AssertionError("the service did not start")
