"""The image of `deploy/Containerfile`, built on a Debian of mmdebstrap and run as a container.

buildah and podman keep everything in a folder of the trial; runc is told by name, because crun
refuses a machine with both kinds of control groups. The container has a network of its own that
leads nowhere: requests come from the host through `nsenter`.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import ROOT
from bff.http.tokens import issue_token
from tests.bff.doubles import USER
from tests.waiting import PATIENCE_S, wait_for
from trials.deploy.files import DEPLOY
from trials.deploy.programs import printed, said
from trials.deploy.service import SECRET
from trials.soak.traffic import run_body

PROGRAMS = ("mmdebstrap", "buildah", "podman", "runc", "nsenter")
IMAGE, BASE, NAME = "localhost/roehub-backtest", "localhost/debian-python", "roehub-trial"
# What the machine has so that pip reaches its registry, for the time of the build.
LENT = ("/etc/pip.conf", "/etc/ssl/certs")
ASK = """
import sys, urllib.request
request = urllib.request.Request("http://127.0.0.1:8080/backtests", data=sys.stdin.buffer.read(),
    headers={"Authorization": "Bearer " + sys.argv[1], "Content-Type": "application/json"})
print(urllib.request.urlopen(request, timeout=100).status)
"""
WARM = """
from numba.core import event
from bff.commands.kernels import warm_kernels
with event.install_recorder("numba:compile") as told:
    n_kernels = warm_kernels()
print(n_kernels, len(told.buffer))
"""


@dataclass(frozen=True, kw_only=True)
class Containers:
    """buildah and podman over one folder."""

    folder: Path

    def buildah(self, *words: str) -> str:
        return said(["buildah", *self._place(), *words])

    def podman(self, *words: str) -> str:
        how = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]
        return printed(["podman", *self._place(), *how, *words])

    def build(self) -> str:
        """The base, then the image of this checkout."""
        self._build_base()
        lent = [
            word for path in LENT if Path(path).exists() for word in ("-v", f"{path}:{path}:ro")
        ]
        how = ["--format", "docker", "--runtime", "runc", "--network", "host", *lent]
        what = ["--build-arg", f"BASE={BASE}", "-f", str(DEPLOY / "Containerfile"), "-t", IMAGE]
        self.buildah("build", *how, *what, str(ROOT))
        shown = self.podman("image", "inspect", "--format", "{{.Size}} {{.User}}", IMAGE).split()
        compilers = self.once("sh", "-c", "command -v gcc cc clang || echo none").strip()
        assert compilers == "none", compilers
        return f"{int(shown[0]) / 1e9:.1f} GB, user {shown[1]}, no compiler"

    def once(self, *words: str, **environ: str) -> str:
        """What a container prints that ends by itself, its root read-only, without /tmp."""
        told = [word for name, value in environ.items() for word in ("-e", f"{name}={value}")]
        return self.podman("run", "--rm", *self._confined(), *told, IMAGE, *words)

    @contextmanager
    def running(self, data: Path) -> Generator[int]:
        """The process on the host of a container with the command of the image."""
        os.chown(data, 10_001, 10_001)
        environ = {
            "ROEHUB_CANDLES": "embedded",
            "ROEHUB_STRATEGIES": "embedded",
            "IDENTITY_JWT_SECRET": SECRET,
        }
        told = [word for name, value in environ.items() for word in ("-e", f"{name}={value}")]
        place = ["--tmpfs", "/tmp", "-v", f"{data}:/var/lib/roehub"]
        self.podman("run", "-d", "--name", NAME, *self._confined(), *place, *told, IMAGE)
        try:
            yield int(self.podman("inspect", "--format", "{{.State.Pid}}", NAME))
        finally:
            self.podman("rm", "-f", "-t", "5", NAME)

    def clear(self) -> None:
        """Layers are mounts; they must go before the folder does."""
        self.podman("rm", "-a", "-f")
        self.podman("rmi", "-a", "-f")

    def _place(self) -> list[str]:
        return ["--root", str(self.folder / "layers"), "--runroot", str(self.folder / "runs")]

    def _confined(self) -> list[str]:
        limits = ["--ulimit", "nofile=8192:8192", "--ulimit", "nproc=4096:4096"]
        rights = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL"]
        return [*rights, "--security-opt", "no-new-privileges", "--network", "none", *limits]

    def _build_base(self) -> None:
        context = self.folder / "base"
        context.mkdir(parents=True)
        sources = [str(path) for path in Path("/etc/apt/sources.list.d").glob("*.sources")]
        include = "--include=python3,python3-venv,ca-certificates"
        said(
            [
                "mmdebstrap",
                "--variant=minbase",
                include,
                _suite(),
                str(context / "base.tar"),
                *sources,
            ]
        )
        (context / "Containerfile").write_text("FROM scratch\nADD base.tar /\n", encoding="utf-8")
        self.buildah("build", "-q", "--format", "docker", "-t", BASE, str(context))
        shutil.rmtree(context)


def loads_kernels(containers: Containers) -> str:
    """Numba tells of each kernel that it compiles rather than loads."""
    n_kernels, n_compiled = map(int, containers.once("python3", "-c", WARM).split())
    assert n_kernels > 50
    assert n_compiled == 0, f"{n_compiled} of {n_kernels} kernels were compiled"
    return f"{n_kernels} kernels ready, none of them compiled"


def serves(containers: Containers, folder: Path) -> str:
    """The command of the image: who it is, what it may, whether it is healthy, how it stops."""
    data = folder / "data"
    data.mkdir()
    started = time.monotonic()
    with containers.running(data) as pid:
        wait_for(lambda: _is_healthy(containers), within_s=PATIENCE_S)
        ready_s = time.monotonic() - started
        _is_confined(containers, pid)
        make = ["roehub-backtest", "candles", "generate", "--symbol", "BTCUSDT", "--days", "40"]
        containers.podman("exec", NAME, *make)
        stopped = _stop_during_a_run(containers, pid)
    return f"healthy after {ready_s:.1f} s; user 10001, no capability, `/opt` read-only; {stopped}"


def _is_healthy(containers: Containers) -> bool:
    try:
        containers.podman("healthcheck", "run", NAME)
    except AssertionError:
        return False
    return True


def _is_confined(containers: Containers, pid: int) -> None:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    assert re.search(r"^Uid:\t10001\t10001", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    written = containers.podman("exec", NAME, "sh", "-c", "touch /opt/roehub/x 2>&1 || true")
    assert "Read-only file system" in written, written


def _stop_during_a_run(containers: Containers, pid: int) -> str:
    """SIGTERM while a run is under way: it is answered, and the container ends with 0."""
    token = issue_token(SECRET, user_id=USER, paid_level="pro", ttl_s=3_600)
    with subprocess.Popen(
        ["nsenter", "-t", str(pid), "-n", sys.executable, "-c", ASK, token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as asking:
        assert asking.stdin is not None
        asking.stdin.write(_slow_run())
        asking.stdin.close()
        wait_for(lambda: _running(pid) > 0)
        containers.podman("stop", "-t", "70", NAME)
        assert asking.stdout is not None
        status = asking.stdout.read().decode().strip()
    code = containers.podman("inspect", "--format", "{{.State.ExitCode}}", NAME).strip()
    assert (status, code) == ("200", "0"), f"the run was answered with {status}, ended with {code}"
    return "SIGTERM during a run: answered with 200, ended with 0"


def _slow_run() -> bytes:
    return run_body(60, timeframe="1m")


def _running(pid: int) -> float:
    page = "http://127.0.0.1:9100/metrics"
    read = f"import urllib.request as u; print(u.urlopen('{page}').read().decode())"
    told = said(["nsenter", "-t", str(pid), "-n", sys.executable, "-c", read])
    found = re.search(r'roehub_places\{pool="runs",state="running"\} (\S+)', told)
    return float(found[1]) if found else 0.0


def _suite() -> str:
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r"^VERSION_CODENAME=(\w+)", release, re.MULTILINE)
    assert found is not None, "no Debian"
    return found[1]
