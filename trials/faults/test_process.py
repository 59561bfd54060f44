"""`serve` as a real process: how it starts and stops while its stores fail."""

import json
import os
import signal
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client, TransportError

from bff.http.tokens import issue_token
from tests.bff.doubles import USER
from tests.bff.served import Served, answered, children, serving, start_that_ends
from tests.waiting import PATIENCE_S, wait_for
from trials.faults.asking import FACES, SAVED, TEMPLATE, asked
from trials.faults.strategy_stores import StoreOpener, StrategyStore, postgres_store, sqlite_store
from trials.faults.world import CandleStore, candle_store

SECRET = "s" * 32
ABSENT = {"Postgres": "refused", "SQLite": "not a database"}
Stores = tuple[CandleStore, StrategyStore]


@pytest.fixture(params=[sqlite_store, postgres_store], ids=["SQLite", "Postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Stores]:
    opener: StoreOpener = request.param
    with candle_store() as candles, opener(tmp_path) as strategies:
        yield candles, strategies


def environ(env: str, *parts: CandleStore | StrategyStore) -> dict[str, str]:
    merged = {"ROEHUB_ENV": env, "IDENTITY_JWT_SECRET": SECRET}
    for part in parts:
        merged |= part.environ
    return merged


def ask(served: Served, body: Mapping[str, Any], face: str = "REST") -> tuple[int, bytes]:
    token = issue_token(SECRET, user_id=USER, paid_level="pro", ttl_s=3_600)
    with Client(base_url=served.address, timeout=PATIENCE_S) as client:
        return asked(client, token, face, body)


def answers(served: Served) -> list[tuple[int, bytes]]:
    """Both kinds of runs over both faces, once each."""
    return [ask(served, body, face) for body in (TEMPLATE, SAVED) for face in FACES]


def code_of(body: bytes) -> str:
    answer = json.loads(body)
    error = answer["error"] if "error" in answer else answer["errors"][0]["extensions"]
    return error["code"]


def test_in_dev_a_service_without_its_stores_starts_says_so_and_recovers_when_they_come(
    tmp_path: Path, stores: Stores
) -> None:
    candles, strategies = stores
    candles.wire.state = "refused"
    strategies.spoil(ABSENT[strategies.name])

    with serving(tmp_path, **environ("dev", *stores)) as served:
        before = answers(served)
        candles.mend()
        strategies.mend()
        after = answers(served)
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(PATIENCE_S) == 0
    assert "The candle store is not available" in served.told
    assert "The strategy store is not available" in served.told
    assert served.told.count("store_not_ready") == 2
    assert [(status, code_of(body)) for status, body in before] == [(503, "unavailable")] * 4
    assert [status for status, _ in after] == [200] * 4


def test_in_prod_a_service_without_its_strategy_store_does_not_start(
    tmp_path: Path, stores: Stores
) -> None:
    _, strategies = stores
    strategies.spoil(ABSENT[strategies.name])

    refused = start_that_ends(
        "--wait-for-stores", "0", ROEHUB_DATA_DIR=str(tmp_path), **environ("prod", *stores)
    )

    assert refused.returncode == 1
    assert "The strategy store is not available" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_signal_ends_a_process_that_was_waiting_for_a_long_run(tmp_path: Path) -> None:
    config = tmp_path / "backtest.yaml"
    config.write_text(
        "version: 1\nserver: {drain_seconds: 3600}\n"
        "backtest: {sync: {sync_deadline_seconds: 3600}}\n",
        encoding="utf-8",
    )
    with (
        candle_store() as candles,
        serving(
            tmp_path,
            *("--metrics-port", "0"),
            **environ("dev", candles),
            ROEHUB_BACKTEST_CONFIG=str(config),
        ) as served,
        ThreadPoolExecutor(1) as client,
    ):
        candles.server.requests.clear()
        candles.server.fault = "slow"
        run = client.submit(ask, served, TEMPLATE)
        wait_for(lambda: candles.server.requests)
        served.process.send_signal(signal.SIGTERM)
        wait_for(lambda: answered(f"{served.monitor}/readyz") == (503, b"stopping\n"))
        was_running = not run.done()
        served.process.send_signal(signal.SIGTERM)

        assert served.process.wait(PATIENCE_S) == 128 + signal.SIGTERM
        assert was_running
        assert isinstance(run.exception(), TransportError)


def test_a_lost_process_of_runs_costs_the_runs_it_had_and_nothing_else(tmp_path: Path) -> None:
    with (
        candle_store() as candles,
        serving(tmp_path, **environ("dev", candles)) as served,
        ThreadPoolExecutor(2) as clients,
    ):
        right = {face: ask(served, TEMPLATE, face) for face in FACES}
        candles.server.requests.clear()
        candles.server.fault = "slow"
        runs = [clients.submit(ask, served, TEMPLATE, face) for face in FACES]
        wait_for(lambda: len(candles.server.requests) >= len(runs))
        (lost,) = children(served.process.pid)
        os.kill(lost, signal.SIGKILL)
        refused = [run.result(PATIENCE_S) for run in runs]
        candles.mend()
        after = {face: ask(served, TEMPLATE, face) for face in FACES}
        (replaced,) = children(served.process.pid)

    assert [(status, code_of(body)) for status, body in refused] == [(503, "unavailable")] * 2
    assert [status for status, _ in right.values()] == [200] * 2
    assert after == right
    assert replaced != lost


def test_a_killed_server_leaves_nothing_running(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        (runner,) = children(served.process.pid)
        served.process.kill()
        served.process.wait()
        wait_for(lambda: not lives(runner))


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    except OSError:
        return False
