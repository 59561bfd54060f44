"""A Redis of the machine's own binary on a free port, ended by its own pid."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.ports import free_port
from tests.waiting import wait_for


@contextmanager
def running_redis(port: int | None = None) -> Generator[str]:
    """The URL of a fresh server; skips the test where there is none to start."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server on this machine")
    port = port or free_port()
    url = f"redis://127.0.0.1:{port}/0"
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([binary, *options], cwd=Path(folder), stdout=subprocess.DEVNULL) as server,
    ):
        try:
            wait_for(lambda: server.poll() is not None or _answers(url))
            assert server.poll() is None, "Redis did not start"
            yield url
        finally:
            server.send_signal(signal.SIGTERM)


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
