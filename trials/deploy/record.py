"""What was played, one row each, and what became of it."""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.tables import table

HEADER = ("what", "how", "result")
PLACES = ("/usr/sbin", "/sbin")  # where some programs are that only root is supposed to start


def program(name: str) -> str | None:
    """Where a program of the machine is."""
    return shutil.which(name) or next(
        (str(path) for folder in PLACES if (path := Path(folder) / name).exists()), None
    )


def said(words: list[str], env: Mapping[str, str] | None = None, code: int = 0) -> str:
    """What a command printed; both streams."""
    done = subprocess.run(
        words, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env
    )
    assert done.returncode == code, (
        f"`{' '.join(words)}` ended with {done.returncode}: {done.stdout}"
    )
    return done.stdout


@dataclass
class Record:
    """Rows of the table; a row that failed is told as what went wrong."""

    rows: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    n_failed: int = 0

    def tried(self, what: str, how: str, play: Callable[[], str], *programs: str) -> bool:
        """Play one row; whether it was played and is good.

        Args:
            what: What is shown.
            how: By which command or program.
            play: Returns what was seen, or raises.
            programs: What the machine must have; where it has not, the row says so.
        """
        missing = [name for name in programs if program(name) is None]
        started = time.monotonic()
        if missing:
            return self._add(what, how, f"not tried here: no {', '.join(missing)}", good=False)
        try:
            seen = play()
        except Exception as exc:  # noqa: BLE001 - whatever went wrong is what the row tells
            self.n_failed += 1
            return self._add(what, how, f"FAILED: {_one_line(exc)}", good=False)
        took_s = time.monotonic() - started
        return self._add(what, how, f"{seen} ({took_s:.0f} s)" if took_s >= 5 else seen, good=True)

    def text(self) -> str:
        """The table."""
        return table(HEADER, self.rows)

    def _add(self, what: str, how: str, result: str, *, good: bool) -> bool:
        print(f"{what}: {result}", flush=True)
        self.rows.append((what, how, result))
        return good


def _one_line(exc: Exception) -> str:
    told = " ".join(f"{type(exc).__name__}: {exc}".split()).replace("|", "/")
    return told if len(told) < 600 else f"{told[:200]} … {told[-400:]}"
