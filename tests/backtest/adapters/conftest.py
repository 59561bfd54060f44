from collections.abc import Generator
from contextlib import closing

import pytest

from backtest.adapters.candles import feed
from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.adapters.candles.table import create_table
from backtest.adapters.strategies import table
from tests.backtest.adapters.clickhouse_server import FakeServer, running_server, table_engine
from tests.backtest.adapters.postgres_server import running_postgres
from tests.waiting import PATIENCE_S


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is there answers in time, however busy the machine is."""
    monkeypatch.setattr(table, "TIMEOUT_S", int(PATIENCE_S))
    monkeypatch.setattr(feed, "_PING_SILENCE_S", int(PATIENCE_S))


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Generator[ClickHousePool]:
    """An embedded store per module."""
    pool = ClickHousePool(EmbeddedEngine(directory=tmp_path_factory.mktemp("candles")))
    create_table(pool)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def engine() -> Generator[ClickHousePool]:
    """What answers behind a server."""
    with table_engine() as engine:
        yield engine


@pytest.fixture
def server(engine: ClickHousePool) -> Generator[FakeServer]:
    with running_server(engine) as server:
        yield server


@pytest.fixture(scope="module")
def served(engine: ClickHousePool) -> Generator[ClickHousePool]:
    """A store that is a server without faults; what is in it, each `server` of the module has."""
    with running_server(engine) as server, closing(ClickHousePool(server.target)) as pool:
        create_table(pool)
        # A merge decides ties by the order of insertion; tests about ties must not race with one.
        pool.run(lambda client: client.command(f"SYSTEM STOP MERGES {CANDLE_TABLE}"))
        yield pool


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    with running_postgres() as dsn:
        yield dsn
