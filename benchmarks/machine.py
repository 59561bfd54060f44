"""Where and when something was measured, in one line."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("numpy", "numba")


def describe() -> str:
    """Processor, cores, versions, date and commit."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    n_cores = n_processors()
    return (
        f"{_processor()}, {n_cores} cores; {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}; "
        f"{datetime.now(UTC):%Y-%m-%d}, commit {_commit()}"
    )


def n_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _commit() -> str:
    commit = _git("rev-parse", "--short", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--", "backtest", "schema", "resolvers", "bff")
    return f"{commit} with changes" if changed else commit


def _git(*arguments: str) -> str:
    if shutil.which("git") is None:
        return ""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, check=False, text=True
    )
    return done.stdout.strip()
