"""Reading saved strategies with SQLAlchemy Core; one statement for SQLite and Postgres.

See: docs/stores.md
"""

from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from backtest.adapters.strategies_table import (
    STRATEGIES,
    SqliteFile,
    create_table,
    open_engine,
    store_at,
    translated_failures,
)
from backtest.ports import SavedStrategy


class SqlStrategies:
    """A `StrategyReader`; safe to call from several threads at once.

    Args:
        url: `sqlite:///path` or a Postgres DSN. Nothing is opened before the first call.

    Raises:
        StrategiesUnavailable: The DSN is not one.
    """

    def __init__(self, url: str) -> None:
        self._store = store_at(url)
        self._engine = open_engine(self._store, is_read_only=True)

    def find(self, strategy_id: UUID) -> SavedStrategy | None:
        """The stored row, deleted or not; None where there is none.

        Raises:
            StrategiesUnavailable: The store cannot be reached, or the row is not readable.
        """
        columns = STRATEGIES.c
        statement = sa.select(
            columns.strategy_id, columns.user_id, columns.is_deleted, columns.spec_json
        ).where(columns.strategy_id == strategy_id)
        self._create_missing_file()
        with translated_failures(), self._engine.connect() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        spec: Any = row.spec_json
        return SavedStrategy(
            strategy_id=row.strategy_id,
            user_id=row.user_id,
            is_deleted=bool(row.is_deleted),
            spec=cast("dict[str, Any]", spec) if isinstance(spec, dict) else {},
        )

    def ping(self) -> None:
        """Return when the store answers and has the table.

        Raises:
            StrategiesUnavailable: Otherwise.
        """
        self._create_missing_file()
        with translated_failures(), self._engine.connect() as connection:
            connection.execute(sa.select(STRATEGIES.c.strategy_id).limit(1)).all()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _create_missing_file(self) -> None:
        """A file that does not exist yet holds no strategies, which is no failure."""
        if isinstance(self._store, SqliteFile) and not self._store.path.exists():
            create_table(self._store)
