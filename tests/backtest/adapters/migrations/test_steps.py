"""Making the tables: once, said, and never what is there already."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.schema import CANDLE_TABLE, DATABASE_DDL, TABLE_DDL
from backtest.adapters.candles.table import create_table as create_candle_table
from backtest.adapters.candles.table import stored_instruments
from backtest.adapters.migrations import candles, strategies
from backtest.adapters.migrations.advice import GRANT, MAKE_TABLES, advice
from backtest.adapters.strategies.reader import SqlStrategies
from backtest.adapters.strategies.table import (
    STRATEGIES,
    PostgresDatabase,
    SqliteFile,
    StrategyStore,
    open_engine,
)
from backtest.adapters.strategies.writer import StrategyWriter
from backtest.errors import CandlesUnavailable, StrategiesUnavailable
from tests.backtest.adapters.clickhouse_server import FakeServer

VARIABLES = "HERE"


@pytest.fixture
def empty(server: FakeServer) -> Generator[ClickHousePool]:
    """A server without the database."""
    with closing(ClickHousePool(server.target)) as pool:
        pool.run(lambda client: client.command(f"DROP DATABASE IF EXISTS {candles.DATABASE}"))
        yield pool
        # Others of the session find what they have left.
        pool.run(lambda client: client.command(DATABASE_DDL))
        pool.run(lambda client: client.command(TABLE_DDL))


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[StrategyStore]:
    """A store without the tables."""
    if request.param == "sqlite":
        yield SqliteFile(path=tmp_path / "new" / "strategies.sqlite")
        return
    found = PostgresDatabase(dsn=request.getfixturevalue("postgres"))
    _drop(found)
    yield found
    _drop(found)


def _drop(store: StrategyStore) -> None:
    engine = open_engine(store, is_read_only=False)
    with engine.begin() as connection:
        for name in (strategies.STRATEGIES.name, strategies.VERSIONS.name):
            connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
    engine.dispose()


def test_a_server_gets_its_table_once(empty: ClickHousePool) -> None:
    before = candles.steps_taken(empty)
    first = candles.take_steps(empty)
    second = candles.take_steps(empty)

    assert before == set()
    assert [(step.number, step.is_new) for step in first] == [(1, True), (2, True)]
    assert [(step.number, step.is_new) for step in second] == [(1, False), (2, False)]
    assert candles.steps_taken(empty) == {1, 2}
    assert stored_instruments(empty) == []


def test_a_table_that_was_made_by_hand_keeps_its_rows_and_gets_a_number(
    empty: ClickHousePool,
) -> None:
    empty.run(lambda client: client.command(DATABASE_DDL))
    empty.run(lambda client: client.command(TABLE_DDL))

    steps = candles.take_steps(empty)

    assert [step.is_new for step in steps] == [False, True]
    assert candles.steps_taken(empty) == {1, 2}


def test_a_database_that_exists_is_not_created_again(
    empty: ClickHousePool, server: FakeServer
) -> None:
    """The user who imports has no right to create one (docs/stores.md#rights)."""

    def asked_to_create() -> int:
        server.requests.clear()
        create_candle_table(empty)
        return sum("CREATE DATABASE" in request["sql"] for request in server.requests)

    assert [asked_to_create(), asked_to_create()] == [1, 0]


def test_what_to_do_without_a_table_is_told(empty: ClickHousePool) -> None:
    with pytest.raises(CandlesUnavailable) as caught:
        stored_instruments(empty)

    assert advice(caught.value, VARIABLES) == MAKE_TABLES
    assert CANDLE_TABLE in "".join(caught.value.__notes__)


def test_an_embedded_store_gets_its_folder_once(tmp_path: Path) -> None:
    target = EmbeddedEngine(directory=tmp_path / "candles")
    with closing(ClickHousePool(target)) as pool:
        (first,), (second,) = candles.take_steps(pool), candles.take_steps(pool)

    assert (first.is_new, second.is_new) == (True, False)
    assert target.directory.is_dir()


def test_strategies_get_their_table_once(store: StrategyStore) -> None:
    before = strategies.steps_taken(store) if isinstance(store, PostgresDatabase) else set()
    (first,), (second,) = strategies.take_steps(store), strategies.take_steps(store)

    assert before == set()
    assert (first.is_new, second.is_new) == (True, False)
    assert strategies.steps_taken(store) == {1}


def test_a_table_from_before_gets_a_number(store: StrategyStore) -> None:
    make_by_hand(store)

    (step,) = strategies.take_steps(store)

    assert not step.is_new
    assert strategies.steps_taken(store) == {1}


def test_a_table_that_was_dropped_is_made_again(store: StrategyStore) -> None:
    strategies.take_steps(store)
    engine = open_engine(store, is_read_only=False)
    with engine.begin() as connection:
        STRATEGIES.drop(connection)
    engine.dispose()

    (step,) = strategies.take_steps(store)

    assert step.is_new
    StrategyWriter(url_of(store), creates=False).close()


def test_who_saves_first_makes_what_the_command_makes(store: StrategyStore) -> None:
    StrategyWriter(url_of(store)).close()

    assert strategies.steps_taken(store) == {1}
    assert [step.is_new for step in strategies.take_steps(store)] == [False]


def test_who_saves_makes_nothing_beside_a_table_that_is_there(store: StrategyStore) -> None:
    make_by_hand(store)

    StrategyWriter(url_of(store)).close()

    assert strategies.steps_taken(store) == set()


def url_of(store: StrategyStore) -> str:
    return f"sqlite:///{store.path}" if isinstance(store, SqliteFile) else store.dsn


def make_by_hand(store: StrategyStore) -> None:
    if isinstance(store, SqliteFile):
        store.path.parent.mkdir()
    engine = open_engine(store, is_read_only=False)
    with engine.begin() as connection:
        STRATEGIES.create(connection)
    engine.dispose()


def test_a_user_without_rights_is_told_which_page_has_them(postgres: str) -> None:
    engine = open_engine(PostgresDatabase(dsn=postgres), is_read_only=False)
    strategies.make_where_missing(PostgresDatabase(dsn=postgres))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE ROLE stranger LOGIN"))
    try:
        with (
            closing(SqlStrategies(postgres.replace("tester", "stranger"))) as reader,
            pytest.raises(StrategiesUnavailable) as caught,
        ):
            reader.ping()
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("DROP ROLE stranger"))
        engine.dispose()

    assert advice(caught.value, VARIABLES) == GRANT


def test_looking_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "strategies.sqlite"

    with closing(SqlStrategies(f"sqlite:///{path}")) as reader:
        reader.ping()
        n_saved = reader.count()

    assert n_saved == 0
    assert strategies.steps_taken(SqliteFile(path=path)) == set()
    assert not path.exists()


@pytest.mark.parametrize("error", [CandlesUnavailable(), StrategiesUnavailable()])
def test_whatever_else_is_wrong_names_the_settings(
    error: CandlesUnavailable | StrategiesUnavailable,
) -> None:
    assert VARIABLES in advice(error, VARIABLES)
