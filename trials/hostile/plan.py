"""All trials by the name that their table shows, each against a fresh service."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from trials.hostile import (
    crowds,
    folders,
    heads,
    machine,
    profiles,
    readers,
    starts,
    upgrades,
)
from trials.hostile.service import Copy, NotStarted, Service, running
from trials.hostile.verdict import Verdict
from trials.processes import Costs

Trial = Callable[[Service], Verdict]
Start = Callable[[Copy, Costs], Verdict]
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
STARTS: dict[str, Start] = {
    "supervisor killed": machine.killed_supervisor,
    "machine code cut short, and a bit flipped": folders.damaged_kernels,
    "a data directory named " + folders.ODD_NAME: folders.oddly_named,
    "the data directory taken away and put back": folders.taken_away,
    "ClickHouse profiles that leave out rows": profiles.lying,
    "nothing listens at CH_HOST": starts.no_candle_server,
    "1 GiB of address space": starts.little_space,
    "a time zone that does not exist": starts.unknown_zone,
    "two imports at once": starts.two_imports,
}
ENDING = {STOPPED, UNREAD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict and what it cost: seconds, and memory and processor time of either process."""

    name: str
    holds: bool
    seen: str
    seconds: float
    answers_mib: int
    answers_cpu_s: float
    computes_mib: int
    computes_cpu_s: float

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
    started, costs = time.monotonic(), Costs()
    try:
        verdict = _verdict(copy, name, costs)
    except NotStarted as ended:
        verdict = Verdict(holds=False, seen=f"no start: {starts.last_words(str(ended))}")
    return Finding(
        name=name,
        holds=verdict.holds,
        seen=verdict.seen,
        seconds=round(time.monotonic() - started, 1),
        answers_mib=costs.answers.mib,
        answers_cpu_s=round(costs.answers.cpu_s, 1),
        computes_mib=costs.computes.mib,
        computes_cpu_s=round(costs.computes.cpu_s, 1),
    )


def _verdict(copy: Copy, name: str, costs: Costs) -> Verdict:
    if name in STARTS:
        return STARTS[name](copy, costs)
    with running(copy) as service, service.costing(costs):
        return TRIALS[name](service)
