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
    """One file of machine code is cut short, another has a bit flipped."""
    cache = copy.folder / "cache"
    files = _copied_kernels(copy, cache / "roehub-backtest")
    cut, flipped = files[0], files[-1]
    damage = {
        cut: cut.read_bytes()[: cut.stat().st_size // 2],
        flipped: _flipped(flipped.read_bytes()),
    }
    for path, content in damage.items():
        path.write_bytes(content)
    env = {"XDG_CACHE_HOME": str(cache)}
    with running(copy, env=env) as service, service.costing(costs):
        status = answered_run(service.port, SMALL, service.token)[0]
    n_anew = sum(path.read_bytes() != content for path, content in damage.items())
    return Verdict(
        holds=status == 200 and n_anew == len(damage),
        seen=f"a run was answered with {status}; {n_anew} of {len(damage)} files made anew",
    )


def _copied_kernels(copy: Copy, to: Path) -> list[Path]:
    """The files of machine code of a working copy, in a place of their own; indexes first."""
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
    return [*sorted(to.rglob("*.nbi")), *sorted(to.rglob("*.nbc"))]


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
