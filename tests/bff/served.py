"""`serve` as a process of its own, and what it answers."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
# `bff` for a machine that is busy; trials/hostile and trials/console start `bff` itself.
EVEN_SERVE = "tests.bff.even_serve"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running process, its address, and what it had said on standard error by then."""

    process: subprocess.Popen[str]
    address: str
    told: str

    @property
    def monitor(self) -> str:
        """Where health and metrics are, where it was asked for them."""
        (address,) = monitors(self.told)
        return address


def monitors(told: str) -> list[str]:
    """Where health and metrics are, by what processes have said."""
    return re.findall(r"Health on (\S+)/readyz", told)


@contextmanager
def serving(
    folder: Path, *options: str, module: str = EVEN_SERVE, **environ: str
) -> Generator[Served]:
    """A process on a free port with its data in a folder; killed at the end of the block."""
    environment = os.environ | {
        "ROEHUB_ENV": "test",
        "ROEHUB_DATA_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    with subprocess.Popen(
        [sys.executable, "-m", module, "serve", "--port", "0", *options],
        env=environment | environ,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _announced(process)
        finally:
            process.kill()


def _announced(process: subprocess.Popen[str]) -> Served:
    assert process.stderr is not None
    told = ""
    for line in process.stderr:
        told += line
        found = re.search(r"Serving on (\S+)", line)
        if found:
            return Served(process=process, address=found[1], told=told)
    raise AssertionError(told)


def children(pid: int) -> list[int]:
    """Processes that any thread of a process has started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # threads come and go
            found += map(int, (task / "children").read_text(encoding="utf-8").split())
    return found


def start_that_ends(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A process that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", EVEN_SERVE, "serve", "--port", "0", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def answered(address: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and body of a request without a token; POST where there is a body to send."""
    request = urllib.request.Request(
        address, data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()
