"""The unit under a systemd of its own: two processes, one of which is replaced.

The container has what the page puts on a machine: the environment in /opt, the unit and its
settings. systemd needs rights to confine what it starts, so this container has them.
"""

import re
import shutil

from tests.waiting import wait_for
from trials.deploy.files import DEPLOY
from trials.deploy.image import BASE, IMAGE, Containers
from trials.deploy.service import SECRET

NAME, MACHINE = "roehub-systemd", "localhost/roehub-systemd"
UNIT = "roehub-backtest@.service"
RIGHTS = (
    *("SYS_ADMIN", "NET_ADMIN", "SYS_CHROOT", "SETUID", "SETGID", "SETPCAP", "CHOWN", "FOWNER"),
    *("DAC_OVERRIDE", "MKNOD", "SYS_PTRACE", "AUDIT_WRITE", "KILL", "FSETID", "SETFCAP"),
)
SETTINGS = f"""ROEHUB_CANDLES=embedded
ROEHUB_STRATEGIES=embedded
IDENTITY_JWT_SECRET={SECRET}
"""
CONTAINERFILE = f"""
FROM {IMAGE} AS service
FROM {BASE}
RUN apt-get update && apt-get install -y --no-install-recommends systemd systemd-sysv
COPY --from=service /opt/roehub /opt/roehub
COPY {UNIT} /etc/systemd/system/
COPY --chmod=600 backtest.env /etc/roehub/
RUN mkdir -m 700 -p /var/cache/private && mv /opt/roehub/kernels /var/cache/private/roehub
RUN systemctl enable roehub-backtest@0 roehub-backtest@1
CMD ["/sbin/init"]
"""
READY = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:910{}/readyz').status)"


def runs_under_systemd(containers: Containers) -> str:
    """Both become ready, share a user without a name, and stop when they are asked to."""
    _build(containers)
    rights = [word for right in RIGHTS for word in ("--cap-add", right)]
    limits = ["--security-opt", "seccomp=unconfined", "--ulimit", "nofile=8192:16384"]
    how = ["--systemd=always", "--network", "none", "--ulimit", "nproc=4096:4096", *limits, *rights]
    containers.podman("run", "-d", "--name", NAME, *how, MACHINE)
    try:
        for number in (0, 1):
            wait_for(lambda number=number: _is_ready(containers, number))
        users = {_shown(containers, number, "UID") for number in (0, 1)}
        (user,) = users
        assert int(user) > 60_000, user
        first, second = (_shown(containers, number, "MainPID") for number in (0, 1))
        _inside(containers, "systemctl", "restart", "roehub-backtest@0")
        wait_for(lambda: _is_ready(containers, 0))
        assert _shown(containers, 0, "MainPID") != first
        assert _shown(containers, 1, "MainPID") == second
        return f"two processes ready, both user {user}; {_stopped(containers)}"
    finally:
        containers.podman("rm", "-f", "-t", "5", NAME)


def _build(containers: Containers) -> None:
    context = containers.folder / "machine"
    context.mkdir()
    shutil.copy(DEPLOY / "systemd" / UNIT, context)
    (context / "backtest.env").write_text(SETTINGS, encoding="utf-8")
    (context / "Containerfile").write_text(CONTAINERFILE, encoding="utf-8")
    how = ["--format", "docker", "--runtime", "runc", "--network", "host", "-t", MACHINE]
    containers.buildah("build", "-q", *how, str(context))


def _stopped(containers: Containers) -> str:
    _inside(containers, "systemctl", "stop", "roehub-backtest@0", "roehub-backtest@1")
    results = {_shown(containers, number, "Result") for number in (0, 1)}
    assert results == {"success"}, results
    return "one was restarted, the other stayed; stopped: success"


def _inside(containers: Containers, *words: str) -> str:
    return containers.podman("exec", NAME, *words)


def _shown(containers: Containers, number: int, name: str) -> str:
    told = _inside(containers, "systemctl", "show", "-p", name, f"roehub-backtest@{number}")
    found = re.search(rf"^{name}=(\S+)", told)
    assert found is not None, told
    return found[1]


def _is_ready(containers: Containers, number: int) -> bool:
    try:
        told = _inside(containers, "python3", "-c", READY.format(number))
    except AssertionError:
        return False
    return told.strip() == "200"
