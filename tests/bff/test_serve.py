import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.backtest.adapters.postgres_server import free_port

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(
    folder: Path, *options: str, **environ: str
) -> Generator[tuple[subprocess.Popen[str], str]]:
    """A real process on a free port with empty stores, and its address."""
    environment = os.environ | {
        "ROEHUB_ENV": "test",
        "ROEHUB_DATA_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "bff", "serve", "--port", "0", *options],
        env=environment | environ,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            told = (re.search(r"Serving on (\S+)", line) for line in process.stderr)
            yield process, next(found.group(1) for found in told if found)
        finally:
            process.kill()


def answered(address: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(
        address, data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()


def start_that_ends(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bff", "serve", "--port", "0", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_real_process_answers_tells_its_health_and_stops_with_zero(tmp_path: Path) -> None:
    monitor = free_port()

    with serving(tmp_path, "--metrics-port", str(monitor)) as (process, address):
        status, body = answered(f"{address}/backtests", b"{}")
        health = {
            path: answered(f"http://127.0.0.1:{monitor}{path}")
            for path in ("/healthz", "/readyz", "/metrics", "/other")
        }
        on_api = answered(f"{address}/healthz")[0]
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
    assert (status, json.loads(body)["error"]["code"]) == (401, "unauthorized")
    assert [answer[0] for answer in health.values()] == [200, 200, 200, 404]
    assert (
        b'roehub_requests_total{code="unauthorized",path="/backtests",status="401"} 1.0'
        in (health["/metrics"][1])
    )
    assert on_api == 404


def test_in_dev_the_service_starts_without_its_stores_and_says_so(tmp_path: Path) -> None:
    monitor = free_port()
    absent = {"ROEHUB_ENV": "dev", "CH_HOST": "127.0.0.1", "CH_PORT": str(free_port())}

    with serving(tmp_path, "--metrics-port", str(monitor), **absent) as (process, _):
        ready = answered(f"http://127.0.0.1:{monitor}/readyz")
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
    assert ready == (503, b"down: candles\n")


def test_in_prod_the_service_refuses_to_start_without_its_stores(tmp_path: Path) -> None:
    refused = start_that_ends(
        ROEHUB_ENV="prod",
        ROEHUB_DATA_DIR=str(tmp_path),
        IDENTITY_JWT_SECRET="s" * 32,
        CH_HOST="127.0.0.1",
        CH_PORT=str(free_port()),
    )

    assert refused.returncode == 1
    assert "The candle store is not available" in refused.stderr


def test_several_workers_need_a_candle_server(tmp_path: Path) -> None:
    refused = start_that_ends("--workers", "2", ROEHUB_DATA_DIR=str(tmp_path))

    assert refused.returncode == 1
    assert "CH_HOST" in refused.stderr


def test_several_workers_share_a_port_and_stop_with_zero(tmp_path: Path) -> None:
    monitor = free_port()
    environ = {"ROEHUB_ENV": "dev", "CH_HOST": "127.0.0.1", "CH_PORT": str(free_port())}
    options = ("--workers", "2", "--metrics-port", str(monitor))

    with serving(tmp_path, *options, **environ) as (process, address):
        statuses = {answered(f"{address}/backtests", b"{}")[0] for _ in range(8)}
        assert process.stderr is not None
        next(line for line in process.stderr if "Serving on" in line)
        alive = [answered(f"http://127.0.0.1:{monitor + n}/healthz")[0] for n in range(2)]
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
    assert statuses == {401}
    assert alive == [200, 200]
