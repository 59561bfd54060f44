"""Folders of data and of machine code as a careless machine leaves them."""

import shutil
import subprocess
import sys
from pathlib import Path

from trials.hostile.readers import SMALL
from trials.hostile.service import Copy, running
from trials.hostile.verdict import Verdict
from trials.hostile.wire import answered_run
from trials.processes import Costs

ODD_NAME = "a#b?c%41"
AVERAGE, REPLAY = "rolling_mean", "replay"
KERNELS = "from backtest import jit; print(jit.config.CACHE_DIR or jit._folder)"


def oddly_named(copy: Copy, costs: Costs) -> Verdict:
    """Signs that mean something in an address; nothing but that folder may be opened."""
    parent = copy.folder / "odd"
    odd = Copy(root=copy.root, folder=parent / ODD_NAME)
    odd.folder.mkdir(parents=True)
    odd.generate(8)
    with running(odd) as service, service.costing(costs):
        status = answered_run(service.port, SMALL, service.token)[0]
    others = sorted({path.name for path in parent.iterdir()} - {ODD_NAME})
    made = f"; {', '.join(others)} was made beside it" if others else ""
    return Verdict(
        holds=status == 200 and not others, seen=f"a run was answered with {status}{made}"
    )


def taken_away(copy: Copy, costs: Costs) -> Verdict:
    """Moved while the service runs, and put back."""
    away = copy.folder.with_name(f"{copy.folder.name}-away")
    with running(copy) as service, service.costing(costs):

        def status() -> int:
            return answered_run(service.port, SMALL, service.token)[0]

        before = status()
        copy.folder.rename(away)
        without = status()
        shutil.rmtree(copy.folder, ignore_errors=True)  # an empty one may have been made
        away.rename(copy.folder)
        after = status()
    return Verdict(
        holds=(before, without, after) == (200, 503, 200),
        seen=f"{before} before, {without} without it, {after} when it was back",
    )


def damaged_kernels(copy: Copy, costs: Costs) -> Verdict:
    """The index of one kernel that every run needs is cut short, code of another has a bit flipped.

    A copy may keep them several times, and use one of them.
    """
    cache = copy.folder / "cache"
    _copy_kernels(copy, cache / "roehub-backtest")
    damage = {path: _cut(path.read_bytes()) for path in cache.rglob(f"*.{AVERAGE}-*.nbi")}
    damage |= {path: _flipped(path.read_bytes()) for path in cache.rglob(f"*.{REPLAY}-*.nbc")}
    for path, content in damage.items():
        path.write_bytes(content)
    env = {"XDG_CACHE_HOME": str(cache)}
    with running(copy, env=env) as service, service.costing(costs):
        status = answered_run(service.port, SMALL, service.token)[0]
    anew = {path.suffix for path, content in damage.items() if path.read_bytes() != content}
    return Verdict(
        holds=status == 200 and anew == {".nbi", ".nbc"},
        seen=f"a run was answered with {status}; {len(anew)} of 2 made anew",
    )


def _copy_kernels(copy: Copy, to: Path) -> None:
    """Have the machine code of a working copy in a place of its own."""
    told = subprocess.run(
        [sys.executable, "-c", KERNELS],
        env=copy.environ,
        cwd=copy.root,
        check=True,
        capture_output=True,
        text=True,
    )
    folder = Path(told.stdout.strip())
    shutil.copytree(folder, to / folder.name)


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
