"""What processes hold and compute, as the system tells it.

See: docs/reliability.md
"""

import os
import re
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_S = 0.1


@dataclass(kw_only=True)
class Cost:
    """The most MiB that one process has held, and the processor time of all of a kind."""

    mib: int = 0
    cpu_s: float = 0.0

    def __str__(self) -> str:
        """For a table; empty where there was no such process."""
        return f"{self.mib} MiB, {self.cpu_s:.1f} s" if self.mib else ""


@dataclass(kw_only=True)
class Costs:
    """What answering has cost, and computing."""

    answers: Cost = field(default_factory=Cost)
    computes: Cost = field(default_factory=Cost)


@contextmanager
def measured(answering: Sequence[int], computing: Sequence[int], costs: Costs) -> Generator[None]:
    """Note what processes cost during the block, also where they end in it."""
    kinds = ((answering, costs.answers), (computing, costs.computes))
    before = {pid: cpu_s(pid) for pids, _ in kinds for pid in pids}
    for pid in before:
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    used = dict.fromkeys(before, 0.0)
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_S):
            for pids, cost in kinds:
                for pid in pids:
                    cost.mib = max(cost.mib, status_mib(pid, "VmHWM"))
                    used[pid] = max(used[pid], cpu_s(pid) - before[pid])
                cost.cpu_s = sum(used[pid] for pid in pids)

    sampling = threading.Thread(target=sample)
    sampling.start()
    try:
        yield
        time.sleep(2 * SAMPLE_S)
    finally:
        ended.set()
        sampling.join()


def status_mib(pid: int, name: str) -> int:
    """`VmRSS`, what a process holds, or `VmHWM`, the most that it held; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


def cpu_s(pid: int) -> float:
    """Processor time of a process, 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    fields = status.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
