"""The real service between wires that break: candles behind HTTP, strategies behind Postgres."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from psycopg.conninfo import conninfo_to_dict
from starlette.testclient import TestClient

from backtest.adapters import strategies_sql
from backtest.adapters.candle_generate import Market, generate
from backtest.adapters.candle_table import create_table, insert_minutes
from backtest.adapters.clickhouse_connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.strategies_write import StrategyWriter
from backtest.types import Instrument
from bff.app import create_app
from bff.settings import load_settings
from bff.wiring import build
from tests.backtest.adapters.candles import MIDNIGHT_MS
from tests.backtest.adapters.clickhouse_server import FakeServer, running_server
from tests.backtest.adapters.postgres_server import running_postgres
from tests.bff.doubles import USER, token
from tests.faults.proxy import Wire, wire_to

DEADLINE_S = 2.0
SILENCE_S = 0.5
STRATEGY = UUID(int=7)
RANGE = {"start": "2024-01-01T06:00:00Z", "end": "2024-01-02T00:00:00Z"}
INSTRUMENT = {"market_id": 1, "symbol": "BTCUSDT"}
TEMPLATE: dict[str, Any] = {
    "time_range": RANGE,
    "warmup_bars": 20,
    "top_k": 3,
    "template": {
        "instrument_id": INSTRUMENT,
        "timeframe": "15m",
        "indicator_grids": [
            {
                "indicator_id": "ma.sma",
                "source": {"mode": "explicit", "values": ["close"]},
                "params": {"window": {"mode": "range", "start": 3, "stop_incl": 12, "step": 1}},
            }
        ],
    },
}
SAVED = {"time_range": RANGE, "warmup_bars": 20, "top_k": 3, "strategy_id": str(STRATEGY)}
SPEC = {
    "spec_kind": "roehub.strategy.v1",
    "schema_version": 1,
    "instrument_id": INSTRUMENT,
    "instrument_key": "binance:spot:BTCUSDT",
    "market_type": "spot",
    "symbol": "BTCUSDT",
    "timeframe": "15m",
    "indicators": [{"id": "ma.sma", "inputs": {"source": "close"}, "params": {"window": 7}}],
}
CONFIG = """
version: 1
backtest: {{sync: {{sync_deadline_seconds: {deadline_s}}}}}
compute: {{threads: 2, running_runs: 2, candle_cache_bytes: {cache_bytes}}}
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """A client of the service, and everything that can be broken behind it."""

    client: TestClient
    headers: dict[str, str]
    server: FakeServer
    candles: Wire
    strategies: Wire

    def mend(self) -> None:
        """Everything works again."""
        self.server.fault = None
        for wire in (self.candles, self.strategies):
            if wire.state != "whole":
                wire.state = "whole"

    def ask(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """One request over REST."""
        answer = self.client.post("/backtests", json=body, headers=self.headers)
        return answer.status_code, answer.content


@contextmanager
def opened_world(folder: Path, *, is_cached: bool = False) -> Generator[World]:
    """Servers, wires and the application, ended with the block."""
    with ExitStack() as stack:
        engine = ClickHousePool(EmbeddedEngine(directory=folder / "engine"))
        stack.callback(engine.close)
        _fill(engine)
        server = stack.enter_context(running_server(engine))
        dsn = conninfo_to_dict(stack.enter_context(running_postgres()))
        _save_strategy(dsn)
        candles = stack.enter_context(wire_to("127.0.0.1", server.server_address[1]))
        strategies = stack.enter_context(wire_to(str(dsn["host"]), int(str(dsn["port"]))))
        stack.enter_context(patch.object(strategies_sql, "TIMEOUT_S", SILENCE_S))
        built = build(
            load_settings(
                {
                    "ROEHUB_ENV": "test",
                    "ROEHUB_DATA_DIR": str(folder),
                    "ROEHUB_BACKTEST_CONFIG": str(_config(folder, is_cached)),
                    "CH_HOST": "127.0.0.1",
                    "CH_PORT": str(candles.port),
                    "STRATEGY_PG_DSN": _dsn(dsn, strategies.port),
                }
            )
        )
        client = stack.enter_context(TestClient(create_app(built)))
        headers = {"Authorization": f"Bearer {token(built)}"}
        yield World(
            client=client, headers=headers, server=server, candles=candles, strategies=strategies
        )


def _save_strategy(dsn: dict[str, Any]) -> None:
    writer = StrategyWriter(_dsn(dsn, int(dsn["port"])))
    writer.add(
        strategy_id=STRATEGY,
        user_id=USER,
        name="mine",
        spec=SPEC,
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    writer.close()


def _fill(engine: ClickHousePool) -> None:
    create_table(engine)
    market = Market(first_ms=MIDNIGHT_MS, n_minutes=1_440, seed=1)
    insert_minutes(
        engine,
        Instrument(market_id=1, symbol="BTCUSDT"),
        generate(market),
        source="test",
        ingested_at=1,
    )


def _config(folder: Path, is_cached: bool) -> Path:
    path = folder / "backtest.yaml"
    cache_bytes = (1 << 20) if is_cached else 0
    path.write_text(CONFIG.format(deadline_s=DEADLINE_S, cache_bytes=cache_bytes))
    return path


def _dsn(dsn: dict[str, Any], port: int) -> str:
    return f"postgresql://{dsn['user']}@127.0.0.1:{port}/{dsn['dbname']}"
