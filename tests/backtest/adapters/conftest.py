from collections.abc import Generator

import pytest

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.adapters.candles.table import create_table
from tests.backtest.adapters.clickhouse_server import FakeServer, running_server
from tests.backtest.adapters.postgres_server import running_postgres


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Generator[ClickHousePool]:
    """An embedded store per module; the process can have one engine directory at a time."""
    pool = ClickHousePool(EmbeddedEngine(directory=tmp_path_factory.mktemp("candles")))
    create_table(pool)
    # A merge decides ties by the order of insertion; tests about ties must not race with one.
    pool.run(lambda client: client.command(f"SYSTEM STOP MERGES {CANDLE_TABLE}"))
    yield pool
    pool.close()


@pytest.fixture
def server(pool: ClickHousePool) -> Generator[FakeServer]:
    with running_server(pool) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    with running_postgres() as dsn:
        yield dsn
