"""The real service between stores that break: candles behind HTTP, strategies in SQL."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from starlette.testclient import TestClient

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import create_table, insert_minutes
from backtest.adapters.ingest.generate import SyntheticMarket, generate
from backtest.adapters.strategies import table
from backtest.types import Instrument
from bff.app import create_app
from bff.config.settings import load_settings
from bff.runner.client import RunnerProcess
from bff.wiring import Services, build
from tests.backtest.adapters.clickhouse_server import FakeServer, running_server, table_engine
from tests.backtest.adapters.minutes import MIDNIGHT_MS
from tests.bff.doubles import token
from trials.faults.asking import asked
from trials.faults.proxy import Wire, wire_to
from trials.faults.runner import SILENCE_S
from trials.faults.strategy_stores import StoreOpener, StrategyStore

DEADLINE_S = 2.0
CONFIG = """
version: 1
backtest: {{sync: {{sync_deadline_seconds: {deadline_s}}}}}
compute: {{threads: 2, running_runs: 2, candle_cache_bytes: {cache_bytes}}}
"""


@dataclass(frozen=True, kw_only=True)
class CandleStore:
    """A candle server, and the wire through which the service reaches it."""

    server: FakeServer
    wire: Wire

    @property
    def environ(self) -> Mapping[str, str]:
        """What leads the service to the store."""
        return {"CH_HOST": "127.0.0.1", "CH_PORT": str(self.wire.port)}

    def mend(self) -> None:
        self.server.fault = None
        if self.wire.state != "whole":
            self.wire.state = "whole"


@dataclass(frozen=True, kw_only=True)
class World:
    """A client of the service, and everything that can be broken behind it."""

    services: Services
    runner: RunnerProcess
    client: TestClient
    candles: CandleStore
    strategies: StrategyStore
    deadline_s: float
    right: dict[tuple[str, bool], tuple[int, bytes]] = field(
        default_factory=dict[tuple[str, bool], tuple[int, bytes]]
    )
    """What is answered while nothing is broken, by the face and whether a strategy is run."""

    def mend(self) -> None:
        """Everything works again."""
        self.candles.mend()
        self.strategies.mend()
        self.runner.warm()

    def ask(self, face: str, body: Mapping[str, Any]) -> tuple[int, bytes]:
        """One request, spelled as REST spells it, over "REST" or "GraphQL"."""
        return asked(self.client, token(self.services), face, body)


@contextmanager
def opened_world(
    folder: Path,
    open_strategies: StoreOpener,
    *,
    is_cached: bool = False,
    deadline_s: float = DEADLINE_S,
) -> Generator[World]:
    """Servers, wires and the application, ended with the block."""
    with ExitStack() as stack:
        candles = stack.enter_context(candle_store())
        strategies = stack.enter_context(open_strategies(folder))
        stack.enter_context(patch.object(table, "TIMEOUT_S", SILENCE_S))
        settings = load_settings(
            {
                "ROEHUB_ENV": "test",
                "ROEHUB_DATA_DIR": str(folder),
                "ROEHUB_BACKTEST_CONFIG": str(_config(folder, is_cached, deadline_s)),
                **candles.environ,
                **strategies.environ,
            }
        )
        runner = stack.enter_context(closing(RunnerProcess(settings, "trials.faults.runner")))
        services = build(settings, runner)
        client = stack.enter_context(TestClient(create_app(services)))
        yield World(
            services=services,
            runner=runner,
            client=client,
            candles=candles,
            strategies=strategies,
            deadline_s=deadline_s,
        )


@contextmanager
def candle_store() -> Generator[CandleStore]:
    """A candle server over a day of minutes."""
    with (
        table_engine() as engine,
        running_server(engine) as server,
        wire_to("127.0.0.1", server.server_address[1]) as wire,
    ):
        _fill(server)
        yield CandleStore(server=server, wire=wire)


def _fill(server: FakeServer) -> None:
    minutes = generate(SyntheticMarket(first_ms=MIDNIGHT_MS, n_minutes=1_440, seed=1))
    instrument = Instrument(market_id=1, symbol="BTCUSDT")
    with closing(ClickHousePool(server.target)) as pool:
        create_table(pool)
        insert_minutes(pool, instrument, minutes, source="test", ingested_at=1)


def _config(folder: Path, is_cached: bool, deadline_s: float) -> Path:
    path = folder / "backtest.yaml"
    cache_bytes = (1 << 20) if is_cached else 0
    path.write_text(CONFIG.format(deadline_s=deadline_s, cache_bytes=cache_bytes))
    return path
