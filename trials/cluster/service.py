"""A real `serve`, and how it is asked."""

import os
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx2 import Client

from benchmarks.machine import ROOT
from bff.http.tokens import issue_token
from tests.waiting import wait_for
from trials.faults.asking import asked
from trials.load.service import SECRET

PATIENCE_S = 120.0
NOTHING: Mapping[str, str] = {}


@dataclass(kw_only=True)
class Served:
    """A running service and every line that it has logged."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list[str])

    def read(self, lines: Iterable[str]) -> None:
        """Keep every line until the process has ended."""
        with suppress(ValueError):  # closed with the process
            self.lines.extend(lines)

    @property
    def address(self) -> str | None:
        """Where it answers; None as long as it does not."""
        told = (line.split("Serving on ")[1].split()[0] for line in self.lines if "Serving" in line)
        return next(told, None)

    def count(self, event: str) -> int:
        """How often something was logged."""
        return sum(event in line for line in self.lines)

    def ask(
        self, face: str, body: Mapping[str, Any], user: int, patience_s: float = PATIENCE_S
    ) -> tuple[int, bytes]:
        """Status and content of one answer, over a connection of its own."""
        token = issue_token(SECRET, user_id=UUID(int=user + 1), paid_level="pro", ttl_s=3_600)
        with Client(base_url=self.address or "", timeout=patience_s) as client:
            return asked(client, token, face, body)


@contextmanager
def served(
    data: Path, cluster: str | None, config: str, environ: Mapping[str, str] = NOTHING
) -> Generator[Served]:
    """`serve` over a store, killed at the end of the block unless it has ended."""
    path = data / "backtest.yaml"
    path.write_text(config, encoding="utf-8")
    surroundings = {
        "ROEHUB_ENV": "test",
        "ROEHUB_DATA_DIR": str(data),
        "ROEHUB_BACKTEST_CONFIG": str(path),
        "IDENTITY_JWT_SECRET": SECRET,
        **environ,
        **({} if cluster is None else {"ROEHUB_CLUSTER": cluster}),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "bff", "serve", "--port", "0"],
        env=os.environ | surroundings,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        service = Served(process=process)
        assert process.stderr is not None
        threading.Thread(target=service.read, args=(process.stderr,), daemon=True).start()
        try:
            wait_for(lambda: service.address is not None)
            yield service
        finally:
            process.kill()
