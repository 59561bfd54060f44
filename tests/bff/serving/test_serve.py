import json
import signal
from pathlib import Path

from tests.backtest.adapters.postgres_server import free_port
from tests.bff.served import answered, serving, start_that_ends


def test_a_real_process_answers_tells_its_health_and_stops_with_zero(tmp_path: Path) -> None:
    monitor = free_port()

    with serving(tmp_path, "--metrics-port", str(monitor)) as served:
        status, body = answered(f"{served.address}/backtests", b"{}")
        health = {
            path: answered(f"http://127.0.0.1:{monitor}{path}")
            for path in ("/healthz", "/readyz", "/metrics", "/other")
        }
        on_api = answered(f"{served.address}/healthz")[0]
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(30) == 0
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

    with serving(tmp_path, "--metrics-port", str(monitor), **absent) as served:
        ready = answered(f"http://127.0.0.1:{monitor}/readyz")
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(30) == 0
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

    with serving(tmp_path, *options, **environ) as served:
        statuses = {answered(f"{served.address}/backtests", b"{}")[0] for _ in range(8)}
        assert served.process.stderr is not None
        next(line for line in served.process.stderr if "Serving on" in line)
        alive = [answered(f"http://127.0.0.1:{monitor + n}/healthz")[0] for n in range(2)]
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(30) == 0
    assert statuses == {401}
    assert alive == [200, 200]
