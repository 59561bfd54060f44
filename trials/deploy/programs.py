"""Programs of the machine: where they are, what they say, and servers among them."""

import shutil
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import PATIENCE_S, wait_for

DPKG = ("dpkg-query", "--show", "--showformat", "${Package} ${source:Upstream-Version}\\n")
PACKAGES = (
    *("buildah", "runc", "podman", "mmdebstrap", "nginx", "caddy", "prometheus", "redis-server"),
    *("postgresql-15", "postgresql-17", "docker-compose", "systemd"),
)
PLACES = ("/usr/sbin", "/sbin")  # where some programs are that only root is supposed to start


def program(name: str) -> str | None:
    """Where a program of the machine is."""
    return shutil.which(name) or next(
        (str(path) for folder in PLACES if (path := Path(folder) / name).exists()), None
    )


def said(words: list[str], env: Mapping[str, str] | None = None, code: int = 0) -> str:
    """What a command wrote on both streams; fails where it ends with another code."""
    return "".join(_streams(words, env, code))


def printed(words: list[str]) -> str:
    """What a command wrote on standard output alone."""
    return _streams(words, None, 0)[0]


def _streams(words: list[str], env: Mapping[str, str] | None, code: int) -> tuple[str, str]:
    done = subprocess.run(words, check=False, text=True, capture_output=True, env=env)
    told = f"`{' '.join(words)}` ended with {done.returncode}: {done.stdout}{done.stderr}"
    assert done.returncode == code, told
    return done.stdout, done.stderr


def versions() -> str:
    """Of the programs that take part, as the machine's packages."""
    asked = [*DPKG, *PACKAGES]
    listed = subprocess.run(asked, check=False, text=True, capture_output=True).stdout
    return ", ".join(line for line in listed.splitlines() if len(line.split()) == 2)


@contextmanager
def running(
    words: list[str], log: Path, address: str, env: Mapping[str, str] | None = None
) -> Generator[None]:
    """A server that answers at an address, ended with the block."""
    with (
        log.open("wb") as told,
        subprocess.Popen(words, stdout=told, stderr=told, env=env) as process,
    ):
        try:
            wait_for(lambda: process.poll() is not None or _answers(address))
            assert process.poll() is None, log.read_text(encoding="utf-8")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


def _answers(address: str) -> bool:
    """Whatever the answer is."""
    context = ssl._create_unverified_context()
    try:
        urllib.request.urlopen(address, timeout=2, context=context).close()
    except urllib.error.HTTPError as refused:
        return refused.code != 503
    except OSError:
        return False
    return True
