"""What was played, one row each, and what became of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from trials.deploy.programs import program

HEADER = ("what", "how", "result")


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
        lines = [HEADER, ["---"] * len(HEADER), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _add(self, what: str, how: str, result: str, *, good: bool) -> bool:
        print(f"{what}: {result}", flush=True)
        self.rows.append((what, how, result))
        return good


def _one_line(exc: Exception) -> str:
    told = " ".join(f"{type(exc).__name__}: {exc}".split()).replace("|", "/")
    return told if len(told) < 600 else f"{told[:200]} … {told[-400:]}"
