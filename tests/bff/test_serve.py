import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A real process on a free port with empty stores, and its address."""
    environ = os.environ | {
        "ROEHUB_ENV": "test",
        "ROEHUB_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "bff", "serve", "--port", "0"],
        env=environ,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            told = (re.search(r"Serving on (\S+)", line) for line in process.stderr)
            yield process, next(found.group(1) for found in told if found)
        finally:
            process.kill()


def test_a_real_process_answers_and_stops_when_asked(
    server: tuple[subprocess.Popen[str], str],
) -> None:
    process, address = server
    request = urllib.request.Request(
        f"{address}/backtests", data=b"{}", headers={"Content-Type": "application/json"}
    )

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    with refused.value as answer:
        body = json.load(answer)
    process.send_signal(signal.SIGTERM)

    assert (answer.status, body["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["Server"] is None
    assert process.wait(30) in {0, -signal.SIGTERM}
