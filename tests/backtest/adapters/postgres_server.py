"""A Postgres server of the machine's own binaries, in a temporary folder, ended by its own pid."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.ports import free_port
from tests.waiting import wait_for

ATTEMPTS = 5


@contextmanager
def running_postgres() -> Generator[str]:
    """The DSN of a fresh server; skips the test where there is none to start."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no initdb and postgres on this machine")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _unprivileged_user()
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        run_as = user.pw_uid if user is not None else None
        _initialise(binaries, folder, run_as)
        with _started(binaries, folder, run_as) as port:
            yield _dsn(port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(binaries: Path, folder: Path, run_as: int | None) -> Generator[int]:
    """The port of a server that answers; another program may take a free one before it can."""
    for _ in range(ATTEMPTS):
        port = free_port()
        with subprocess.Popen(
            _command(binaries, folder, port),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            user=run_as,
        ) as server:
            try:
                if _has_come_up(server, port, folder):
                    yield port
                    return
            finally:
                server.send_signal(signal.SIGINT)  # ends without waiting for clients to leave
    raise AssertionError(f"Postgres did not start in {ATTEMPTS} attempts")


def _initialise(binaries: Path, folder: Path, run_as: int | None) -> None:
    subprocess.run(
        [binaries / "initdb", "-D", folder / "db", "-A", "trust", "-U", "tester", "-N"],
        check=True,
        capture_output=True,
        cwd=folder,
        user=run_as,
    )


def _command(binaries: Path, folder: Path, port: int) -> list[str | Path]:
    place = ["-D", folder / "db", "-k", folder]
    return [binaries / "postgres", *place, "-h", "127.0.0.1", "-p", str(port), "-F"]


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Postgres refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("root, and no other user to run Postgres as")


def _has_come_up(server: subprocess.Popen[bytes], port: int, folder: Path) -> bool:
    """Wait until it answers or has ended."""
    wait_for(lambda: server.poll() is not None or _answers(port, folder))
    return server.poll() is None


def _answers(port: int, folder: Path) -> bool:
    """Whether it is this server, and not another one that was quicker to take the port."""
    try:
        with psycopg.connect(_dsn(port), connect_timeout=2) as connection:
            told = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return told == (str(folder / "db"),)


def _dsn(port: int) -> str:
    return f"postgresql://tester@127.0.0.1:{port}/postgres"
