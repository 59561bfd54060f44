import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from throttled import per_day

from backtest.adapters.candles.connection import ClickHousePool, ClickHouseServer, EmbeddedEngine
from backtest.adapters.candles.table import PRICE_COLUMNS, Minutes, create_table, insert_minutes
from backtest.types import Instrument
from bff.admission import quota_store
from bff.config.settings import load_settings
from bff.stores import candle_target, strategies_url
from bff.wiring import build, stored_facts
from tests.bff.admission.redis_server import running_redis
from tests.bff.doubles import GOOD, ToldService, client, services, token
from tests.bff.test_hostile_requests import GRAPHQL_BODY
from tests.waiting import PATIENCE_S


@pytest.mark.parametrize("env", ["dev", "test"])
def test_building_contacts_no_store_and_makes_no_secret(tmp_path: Path, env: str) -> None:
    folder = tmp_path / "data"

    built = build(load_settings({"ROEHUB_ENV": env, "ROEHUB_DATA_DIR": str(folder)}))
    built.close()

    assert [path.name for path in folder.rglob("*")] == ["candles"]


def test_without_configuration_both_stores_are_in_the_data_directory(tmp_path: Path) -> None:
    environment = load_settings({"ROEHUB_DATA_DIR": str(tmp_path)}).environment

    assert candle_target(environment) == EmbeddedEngine(directory=tmp_path / "candles")
    assert strategies_url(environment) == f"sqlite:///{tmp_path}/strategies.sqlite"


def test_configured_servers_are_used() -> None:
    environment = load_settings(
        {
            "CH_HOST": "candles.internal",
            "CH_PORT": "8443",
            "CH_PASSWORD": "p",
            "CH_SECURE": "true",
            "CH_VERIFY": "0",
            "STRATEGY_PG_DSN": "postgresql://db/strategies",
        }
    ).environment

    assert candle_target(environment) == ClickHouseServer(
        host="candles.internal", port=8443, password="p", secure=True, verify=False
    )
    assert strategies_url(environment) == "postgresql://db/strategies"


def test_both_quotas_are_counted_in_the_configured_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota_store, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr("bff.admission.quotas.per_min", per_day)
    config = tmp_path / "backtest.yaml"
    quotas = "{requests_per_user_minute: 2, run_seconds_per_user_minute: 1}"
    config.write_text(f"version: 1\ncompute: {quotas}\n", encoding="utf-8")
    environ = {"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(tmp_path)}

    with running_redis() as url:
        shared = {"QUOTA_REDIS_URL": url, "ROEHUB_BACKTEST_CONFIG": str(config)}
        first, second = (build(load_settings(environ | shared)) for _ in range(2))
        with client(first) as here, client(second) as there:
            headers = {"Authorization": f"Bearer {token(first)}"}
            asked = [
                opened.post("/graphql", json={"query": "{ indicators { id } }"}, headers=headers)
                for opened in (here, there, here, there)
            ]

    assert [answer.status_code for answer in asked] == [200, 200, 429, 429]


def test_both_faces_ask_the_same_object_the_same_thing() -> None:
    told = ToldService()
    built = services(told)
    headers = {"Authorization": f"Bearer {token(built)}"}
    variables = {"input": {"template": GRAPHQL_BODY["variables"]["input"]["template"]}}
    grids = [
        {
            "indicator_id": "ma.sma",
            "params": {"window": {"mode": "explicit", "values": [5, 20]}},
        }
    ]
    rest = {
        **GOOD,
        "top_k": 5,
        "template": GOOD["template"] | {"indicator_grids": grids, "execution": {"fee_pct": 0.1}},
    }

    with client(built) as test_client:
        test_client.post("/backtests", json=rest, headers=headers)
        test_client.post("/graphql", json=GRAPHQL_BODY | {"variables": variables}, headers=headers)

    first, second = told.asked
    assert first == second
    assert built.service is told  # pyright: ignore[reportUnnecessaryComparison]


def test_importing_opens_nothing_and_reads_no_environment(tmp_path: Path) -> None:
    script = "import json, os, bff.app, bff.cli, bff.wiring; print(json.dumps(os.listdir()))"

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "ROEHUB_ENV": "nonsense"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == []


def test_the_gaps_of_what_is_stored_are_told(tmp_path: Path) -> None:
    pool = ClickHousePool(EmbeddedEngine(directory=tmp_path))
    instrument = Instrument(market_id=1, symbol="GAPS")
    places = np.array([0, 1, 2, 5, 6, 9])
    prices = {name: np.ones(len(places)) for name in PRICE_COLUMNS}
    try:
        create_table(pool)
        minutes = Minutes(ts_open=places * 60_000, columns=prices)
        insert_minutes(pool, instrument, minutes, source="test", ingested_at=1)

        (facts,) = stored_facts(pool)
    finally:
        pool.close()

    assert (facts.instrument, facts.n_minutes, facts.n_gaps, facts.n_missing) == (
        instrument,
        6,
        2,
        4,
    )
    assert facts.shares == [1, 1, 1, 0, 0, 1, 1, 0, 0, 1]
