"""The grants of the page are enough, and no more than that."""

import re
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from backtest.adapters.migrations import strategies
from backtest.adapters.strategies.reader import SqlStrategies
from backtest.adapters.strategies.table import PostgresDatabase, open_engine
from backtest.adapters.strategies.writer import StrategyWriter
from backtest.errors import StrategiesUnavailable
from tests.saved_spec import SPEC

PAGE = Path(__file__).parents[4] / "docs" / "stores.md"
ID = UUID("00000000-0000-4000-8000-00000000000a")


def statements(page: str) -> list[str]:
    """The block of Postgres, without comments."""
    found = re.search(r"```sql\n-- Postgres\n(.*?)```", page, re.DOTALL)
    assert found is not None
    text = re.sub(r"--.*", "", found[1])
    return [statement for part in text.split(";") if (statement := part.strip())]


def run(dsn: str, *statements: str) -> None:
    """Each by itself, as the superuser."""
    engine = open_engine(PostgresDatabase(dsn=dsn), is_read_only=False)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


@pytest.fixture
def database(postgres: str) -> Generator[str]:
    """The DSN of an empty database of its own, without a user."""
    run(postgres, "CREATE DATABASE rights")
    try:
        yield postgres.rsplit("/", 1)[0] + "/rights"
    finally:
        run(
            postgres,
            "DROP DATABASE rights WITH (FORCE)",
            "DROP ROLE IF EXISTS roehub",
            "DROP ROLE IF EXISTS roehub_admin",
        )


def as_user(dsn: str, user: str) -> str:
    return dsn.replace("tester@", f"{user}@")


def test_each_user_can_do_its_work_and_the_service_cannot_write(database: str) -> None:
    *first, usage, select, saving = statements(PAGE.read_text(encoding="utf-8"))
    run(database, *first, usage)
    strategies.take_steps(PostgresDatabase(dsn=as_user(database, "roehub_admin")))
    run(database, select)

    with closing(SqlStrategies(as_user(database, "roehub"))) as reader:
        n_before = reader.count()
    with pytest.raises(StrategiesUnavailable):
        _save(as_user(database, "roehub"))
    run(database, saving)
    _save(as_user(database, "roehub"))

    with closing(SqlStrategies(as_user(database, "roehub"))) as reader:
        assert (n_before, reader.count()) == (0, 1)
    assert strategies.steps_taken(PostgresDatabase(dsn=as_user(database, "roehub"))) == {1}


def _save(dsn: str) -> None:
    with closing(StrategyWriter(dsn)) as writer:
        writer.add(strategy_id=ID, user_id=ID, name="kept", spec=SPEC, created_at=datetime.now(UTC))
