"""All trials by the name that their table shows, each against a fresh service."""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from trials.hostile import crowds, heads, machine, readers, upgrades
from trials.hostile.service import Copy, Service, measured, running
from trials.hostile.verdict import Verdict

Trial = Callable[[Service], Verdict]
LONG, STOPPED, UNREAD = "half a head behind a run", "the same, and SIGTERM", "nobody reads the log"

TRIALS: dict[str, Trial] = {
    **{f"endless: {name}": partial(heads.flood, name=name) for name in heads.FLOODS},
    "blank lines after an answer": heads.drip,
    "1 100 silent connections, one address": crowds.silent,
    "1 100 silent connections, 50 addresses": partial(crowds.silent, sources=crowds.MANY),
    "1 100 offers of a WebSocket": upgrades.websockets,
    "offers of HTTP/2": upgrades.http_2,
    "4 readers of a byte a second": readers.dropped,
    STOPPED: readers.stopped,
    "half-closed after the request": readers.half_closed,
    LONG: partial(readers.begun_behind, body=readers.LONGEST),
    UNREAD: machine.unread_log,
}
KILLED_SUPERVISOR = "supervisor killed"
ENDING = {STOPPED, UNREAD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict and what it cost: seconds, and the most MiB of each process."""

    name: str
    holds: bool
    seen: str
    seconds: float
    answers_mib: int
    computes_mib: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def tried(root: Path, names: list[str]) -> list[Finding]:
    """Play the trials of these names against a working copy, one after the other."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    try:
        copy = Copy(root=root, folder=folder)
        copy.generate(readers.DAYS)
        return [_tried(copy, name) for name in names]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tried(copy: Copy, name: str) -> Finding:
    if name == KILLED_SUPERVISOR:
        return _finding(name, time.monotonic(), machine.killed_supervisor(copy), [])
    with running(copy) as service:
        started = time.monotonic()
        with measured(service) as peaks:
            verdict = TRIALS[name](service)
        return _finding(name, started, verdict, peaks)


def _finding(name: str, started: float, verdict: Verdict, peaks: Sequence[int]) -> Finding:
    answers, computes = (*peaks, 0, 0)[:2]
    return Finding(
        name=name,
        holds=verdict.holds,
        seen=verdict.seen,
        seconds=round(time.monotonic() - started, 1),
        answers_mib=answers,
        computes_mib=computes,
    )
