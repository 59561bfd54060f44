"""Reading saved strategies with SQLAlchemy Core; one statement for SQLite and Postgres.

See: docs/stores.md
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from backtest.adapters.strategies.table import (
    STRATEGIES,
    SqliteFile,
    in_utc,
    open_engine,
    store_at,
    transaction,
    translated_failures,
)
from backtest.errors import StrategiesUnavailable
from backtest.ports import SavedLine, SavedStrategy

_Select = sa.Select[*tuple[Any, ...]]
_Rows = Sequence[sa.Row[*tuple[Any, ...]]]


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
        rows = self._rows(statement)
        if not rows:
            return None
        (row,) = rows
        return SavedStrategy(
            strategy_id=row.strategy_id,
            user_id=row.user_id,
            is_deleted=bool(row.is_deleted),
            spec=_spec(row.spec_json),
        )

    def of_user(self, user_id: UUID, *, limit: int) -> list[SavedLine]:
        """What a user has saved and not deleted, newest first.

        Raises:
            StrategiesUnavailable: The store cannot be reached.
        """
        columns = STRATEGIES.c
        statement = (
            sa.select(columns.strategy_id, columns.name, columns.created_at, columns.spec_json)
            .where(columns.user_id == user_id, columns.is_deleted.is_(False))
            .order_by(columns.created_at.desc(), columns.strategy_id)
            .limit(limit)
        )
        return [_line(row) for row in self._rows(statement)]

    def ping(self) -> None:
        """Return when the store answers and has the table.

        Raises:
            StrategiesUnavailable: Otherwise.
        """
        self._rows(sa.select(STRATEGIES.c.strategy_id).limit(1))

    def count(self) -> int:
        """How many are saved, those of all users and deleted ones included.

        Raises:
            StrategiesUnavailable: The store cannot be reached.
        """
        rows = self._rows(sa.select(sa.func.count()).select_from(STRATEGIES))
        return int(rows[0][0]) if rows else 0

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _rows(self, statement: _Select) -> _Rows:
        """Run a query; once more when a connection of the pool turns out to be dead."""
        if self._is_nothing_saved_yet():
            return []
        attempts = Retrying(
            retry=retry_if_exception(_was_dead), stop=stop_after_attempt(2), reraise=True
        )
        with translated_failures():
            return attempts(self._rows_once, statement)

    def _rows_once(self, statement: _Select) -> _Rows:
        with transaction(self._engine) as connection:
            return connection.execute(statement).all()

    def _is_nothing_saved_yet(self) -> bool:
        """A file that does not exist yet holds no strategies; one whose folder is gone is lost."""
        if not isinstance(self._store, SqliteFile) or self._store.path.exists():
            return False
        folder = self._store.path.parent
        if not folder.is_dir():
            unavailable = StrategiesUnavailable()
            unavailable.add_note(
                f"The folder {folder} does not exist. If it was moved, put it back; otherwise"
                " restart, and a new one is made."
            )
            raise unavailable
        return True


def _line(row: sa.Row[*tuple[Any, ...]]) -> SavedLine:
    return SavedLine(
        strategy_id=row.strategy_id,
        name=row.name,
        spec=_spec(row.spec_json),
        created_at=in_utc(row.created_at),
    )


def _spec(stored: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", stored) if isinstance(stored, dict) else {}


def _was_dead(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
