import json
import signal
from functools import partial
from pathlib import Path

import pytest

from bff.commands.serve import metrics_port_of
from tests.bff.served import answered, monitors, serving, start_that_ends
from tests.waiting import PATIENCE_S, wait_for

ABSENT = {"CH_HOST": "127.0.0.1", "CH_PORT": "1"}
READY = (200, b"ready\n")


def is_told(monitor: str, expected: tuple[int, bytes]) -> bool:
    """Whether this is said of the stores: one that is slow to answer counts as down for a while."""
    return answered(f"{monitor}/readyz") == expected


def test_a_real_process_answers_tells_its_health_and_stops_with_zero(tmp_path: Path) -> None:
    with serving(tmp_path, "--metrics-port", "0") as served:
        status, body = answered(f"{served.address}/backtests", b"{}")
        wait_for(partial(is_told, served.monitor, READY))
        health = {
            path: answered(f"{served.monitor}{path}") for path in ("/healthz", "/metrics", "/other")
        }
        on_api = answered(f"{served.address}/healthz")[0]
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(PATIENCE_S) == 0
    assert (status, json.loads(body)["error"]["code"]) == (401, "unauthorized")
    assert [answer[0] for answer in health.values()] == [200, 200, 404]
    assert (
        b'roehub_requests_total{code="unauthorized",path="/backtests",status="401"} 1.0'
        in (health["/metrics"][1])
    )
    assert on_api == 404


def test_in_dev_the_service_starts_without_its_stores_and_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, "--metrics-port", "0", ROEHUB_ENV="dev", **ABSENT) as served:
        wait_for(partial(is_told, served.monitor, (503, b"down: candles\n")))
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_in_prod_the_service_says_which_store_is_missing_and_does_not_start(
    tmp_path: Path, workers: str
) -> None:
    refused = start_that_ends(
        "--workers",
        workers,
        "--wait-for-stores",
        "0.5",
        ROEHUB_ENV="prod",
        ROEHUB_DATA_DIR=str(tmp_path),
        IDENTITY_JWT_SECRET="s" * 32,
        ROEHUB_STRATEGIES="embedded",
        **ABSENT,
    )

    assert refused.returncode == 1
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert json.loads(line)["event"] == (
        "The candle store is not available: 127.0.0.1:1 could not be reached within 0.5 s "
        "(Connection refused). Start ClickHouse there, or correct CH_HOST and CH_PORT."
    )


def test_several_workers_share_a_port_and_a_store_and_stop_with_zero(tmp_path: Path) -> None:
    options = ("--workers", "2", "--metrics-port", "0")

    with serving(tmp_path, *options, ROEHUB_ENV="dev") as served:
        statuses = {answered(f"{served.address}/backtests", b"{}")[0] for _ in range(8)}
        assert served.process.stderr is not None
        told = served.told
        while told.count("Serving on") < 2:
            told += served.process.stderr.readline()
        for monitor in monitors(told):
            wait_for(partial(is_told, monitor, READY))
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(PATIENCE_S) == 0
    assert statuses == {401}
    assert len(monitors(told)) == 2


def test_each_worker_has_a_metrics_port_of_its_own() -> None:
    assert [metrics_port_of(n, 9_100) for n in range(3)] == [9_100, 9_101, 9_102]
    assert [metrics_port_of(n, 0) for n in range(3)] == [0, 0, 0]
