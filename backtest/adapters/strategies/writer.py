"""Writing saved strategies, for the commands, and for a service that may save them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backtest.adapters.migrations.strategies import make_where_missing
from backtest.adapters.strategies.table import (
    STRATEGIES,
    SqliteFile,
    in_utc,
    open_engine,
    store_at,
    transaction,
    translated_failures,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyLine:
    """One line of `strategies list`; `created_at` is in UTC."""

    strategy_id: UUID
    user_id: UUID
    name: str
    instrument_key: str
    timeframe: str
    created_at: datetime
    is_deleted: bool


_LINE_COLUMNS = tuple(field.name for field in fields(StrategyLine))


class StrategyWriter:
    """Adds, lists and deletes.

    Args:
        url: `sqlite:///path` or a Postgres DSN.
        creates: Whether the table is created where it is missing. Who only looks must not; a
            SQLite file that is not there yet holds no strategies then.

    Raises:
        StrategiesUnavailable: From every method, when the store cannot be reached or refuses;
            from the constructor also when the DSN is none.
    """

    def __init__(self, url: str, *, creates: bool = True) -> None:
        self._store = store_at(url)
        if creates:
            make_where_missing(self._store)
        self._engine = open_engine(self._store, is_read_only=False)

    def add(
        self,
        *,
        strategy_id: UUID,
        user_id: UUID,
        name: str,
        spec: Mapping[str, Any],
        created_at: datetime,
        replace: bool = False,
    ) -> None:
        """Store a spec as it is; the columns beside it repeat its members for SQL readers.

        With `replace` it takes the place of a strategy that has the same id.
        """
        row = {
            "strategy_id": strategy_id,
            "user_id": user_id,
            "name": name,
            "instrument_id": spec["instrument_id"],
            "instrument_key": spec["instrument_key"],
            "market_type": spec["market_type"],
            "symbol": spec["symbol"],
            "timeframe": spec["timeframe"],
            "indicators_json": spec["indicators"],
            "spec_json": dict(spec),
            "created_at": created_at,
            "is_deleted": False,
        }
        with translated_failures(), transaction(self._engine) as connection:
            if replace:
                connection.execute(
                    sa.delete(STRATEGIES).where(STRATEGIES.c.strategy_id == strategy_id)
                )
            connection.execute(sa.insert(STRATEGIES).values(row))

    def lines(
        self, user_id: UUID | None = None, *, with_deleted: bool = False
    ) -> list[StrategyLine]:
        """Strategies of one user or of all, oldest first."""
        if self._is_nothing_saved_yet():
            return []
        columns = STRATEGIES.c
        statement = sa.select(*(columns[name] for name in _LINE_COLUMNS)).order_by(
            columns.created_at, columns.strategy_id
        )
        if user_id is not None:
            statement = statement.where(columns.user_id == user_id)
        if not with_deleted:
            statement = statement.where(columns.is_deleted.is_(False))
        with translated_failures(), transaction(self._engine) as connection:
            rows = connection.execute(statement).all()
        return [_line(row) for row in rows]

    def delete(self, strategy_id: UUID) -> bool:
        """Mark a strategy as deleted; False when there is none, or it is deleted already."""
        if self._is_nothing_saved_yet():
            return False
        columns = STRATEGIES.c
        statement = (
            sa.update(STRATEGIES)
            .where(columns.strategy_id == strategy_id, columns.is_deleted.is_(False))
            .values(is_deleted=True)
        )
        with translated_failures(), transaction(self._engine) as connection:
            return connection.execute(statement).rowcount == 1

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _is_nothing_saved_yet(self) -> bool:
        return isinstance(self._store, SqliteFile) and not self._store.path.exists()


def _line(row: sa.Row[Any]) -> StrategyLine:
    return StrategyLine(
        strategy_id=row.strategy_id,
        user_id=row.user_id,
        name=row.name,
        instrument_key=row.instrument_key,
        timeframe=row.timeframe,
        created_at=in_utc(row.created_at),
        is_deleted=row.is_deleted,
    )
