"""The schema of saved strategies, step by step, in SQLite and in Postgres.

See: docs/stores.md#making-the-tables
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa

from backtest.adapters.migrations.steps import Step
from backtest.adapters.strategies.table import (
    STRATEGIES,
    SqliteFile,
    StrategyStore,
    open_engine,
    transaction,
    translated_failures,
)

VERSIONS = sa.Table(
    "strategy_schema_versions",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
)


def _has_table(connection: sa.Connection) -> bool:
    return sa.inspect(connection).has_table(STRATEGIES.name)


def _make_table(connection: sa.Connection) -> bool:
    """A table that somebody has made by hand stays as it is."""
    if _has_table(connection):
        return False
    STRATEGIES.create(connection)
    return True


# Only ever appended to. Each says whether it has changed anything.
STEPS: tuple[tuple[str, Callable[[sa.Connection], bool]], ...] = (
    (f"the table {STRATEGIES.name}", _make_table),
)


def take_steps(store: StrategyStore) -> list[Step]:
    """Bring a store to the newest schema, all of it or nothing.

    Returns:
        Every step in order.

    Raises:
        StrategiesUnavailable: The store cannot be reached or refuses.
    """
    with _changing(store) as connection:
        return _take_all(connection)


def make_where_missing(store: StrategyStore) -> None:
    """Take the steps of a store that has no table yet; one that has asks for no right to make any.

    Raises:
        StrategiesUnavailable: The store cannot be reached or refuses.
    """
    with _changing(store) as connection:
        if not _has_table(connection):
            _take_all(connection)


def steps_taken(store: StrategyStore) -> set[int]:
    """Numbers of the steps that a store has had; none where it was never asked.

    Raises:
        StrategiesUnavailable: The store cannot be reached or refuses.
    """
    if isinstance(store, SqliteFile) and not store.path.exists():
        return set()
    with translated_failures():
        engine = open_engine(store, is_read_only=True)
        try:
            with engine.connect() as connection:
                has_table = sa.inspect(connection).has_table(VERSIONS.name)
                return _numbers(connection) if has_table else set()
        finally:
            engine.dispose()


@contextmanager
def _changing(store: StrategyStore) -> Generator[sa.Connection]:
    """A connection in a transaction; for SQLite the file and its folder are made."""
    with translated_failures():
        if isinstance(store, SqliteFile):
            store.path.parent.mkdir(parents=True, exist_ok=True)
        engine = open_engine(store, is_read_only=False)
        try:
            with transaction(engine) as connection:
                yield connection
        finally:
            engine.dispose()


def _take_all(connection: sa.Connection) -> list[Step]:
    VERSIONS.create(connection, checkfirst=True)
    if not _has_table(connection):
        connection.execute(sa.delete(VERSIONS))  # numbers of a table that somebody has dropped
    had = _numbers(connection)
    return [
        _taken(connection, number, what, change, had=had)
        for number, (what, change) in enumerate(STEPS, start=1)
    ]


def _numbers(connection: sa.Connection) -> set[int]:
    return set(connection.execute(sa.select(VERSIONS.c.number)).scalars())


def _taken(
    connection: sa.Connection,
    number: int,
    what: str,
    change: Callable[[sa.Connection], bool],
    *,
    had: set[int],
) -> Step:
    if number in had:
        return Step(number=number, what=what, is_new=False)
    is_new = change(connection)
    connection.execute(sa.insert(VERSIONS).values(number=number, applied_at=datetime.now(UTC)))
    return Step(number=number, what=what, is_new=is_new)
