"""The schema of saved strategies, step by step, in SQLite and in Postgres.

See: docs/stores.md#making-the-tables
"""

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from backtest.adapters.migrations.steps import Step
from backtest.adapters.strategies.table import (
    STRATEGIES,
    SqliteFile,
    StrategyStore,
    open_engine,
    translated_failures,
)

VERSIONS = sa.Table(
    "strategy_schema_versions",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
)


def _make_table(connection: sa.Connection) -> bool:
    """A table that somebody has made by hand stays as it is."""
    if sa.inspect(connection).has_table(STRATEGIES.name):
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
    with translated_failures():
        if isinstance(store, SqliteFile):
            store.path.parent.mkdir(parents=True, exist_ok=True)
        engine = open_engine(store, is_read_only=False)
        try:
            with engine.begin() as connection:
                VERSIONS.create(connection, checkfirst=True)
                had = _numbers(connection)
                return [
                    _taken(connection, number, what, change, had=had)
                    for number, (what, change) in enumerate(STEPS, start=1)
                ]
        finally:
            engine.dispose()


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
