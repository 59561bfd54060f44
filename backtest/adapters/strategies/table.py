"""The table of saved strategies, in SQLite or in Postgres, and how either is opened.

See: docs/stores.md
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from backtest.adapters.strategies.watched_connection import ended_after
from backtest.errors import StrategiesUnavailable

TIMEOUT_S = 5
_POOL_SIZE = 4
_SQLITE_SCHEME = "sqlite:///"

_metadata = sa.MetaData()

STRATEGIES = sa.Table(
    "strategy_strategies",
    _metadata,
    sa.Column("strategy_id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("instrument_id", sa.JSON, nullable=False),
    sa.Column("instrument_key", sa.Text, nullable=False),
    sa.Column("market_type", sa.Text, nullable=False),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("timeframe", sa.Text, nullable=False),
    sa.Column("indicators_json", sa.JSON, nullable=False),
    sa.Column("spec_json", sa.JSON, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("is_deleted", sa.Boolean, nullable=False, server_default=sa.false()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteFile:
    """Saved strategies in a file; it is created with its table by the first who writes."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresDatabase:
    """Saved strategies in Postgres: a URL or a libpq string of `key=value` pairs."""

    dsn: str = field(repr=False)

    def connection_arguments(self) -> dict[str, Any]:
        """What libpq understands, whichever way the DSN is spelled.

        Raises:
            StrategiesUnavailable: It is neither a URL nor `key=value` pairs. The note does not
                repeat it, since it may hold a password.
        """
        plain = self.dsn.strip()
        for scheme in ("postgresql+psycopg://", "postgresql+asyncpg://", "postgresql+psycopg2://"):
            plain = plain.replace(scheme, "postgresql://", 1)
        try:
            return dict(conninfo_to_dict(plain))
        except ProgrammingError:
            unavailable = StrategiesUnavailable()
            unavailable.add_note("STRATEGY_PG_DSN is not a Postgres connection string")
            raise unavailable from None


StrategyStore = SqliteFile | PostgresDatabase


def store_at(url: str) -> StrategyStore:
    """The store that a URL names: `sqlite:///path`, anything else is a Postgres DSN."""
    if url.startswith(_SQLITE_SCHEME):
        return SqliteFile(path=Path(url.removeprefix(_SQLITE_SCHEME)))
    return PostgresDatabase(dsn=url)


def open_engine(store: StrategyStore, *, is_read_only: bool) -> sa.Engine:
    """An engine over the store with short timeouts; nothing is connected yet.

    A read-only engine cannot write whatever statement it is given: SQLite opens the file so,
    Postgres starts every transaction so.
    """
    if isinstance(store, SqliteFile):
        mode = "ro" if is_read_only else "rwc"
        # Not through a URL of SQLAlchemy: it would decode the path once more than SQLite does.
        uri = f"{store.path.resolve().as_uri()}?mode={mode}"
        return sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(uri, uri=True, timeout=TIMEOUT_S),
            # A connection that stays open would go on reading a file that was replaced.
            poolclass=sa.NullPool,
        )
    options = f"-c statement_timeout={TIMEOUT_S * 1000}"
    if is_read_only:
        options += " -c default_transaction_read_only=on"
    arguments = store.connection_arguments()
    given = arguments.pop("options", "")
    return sa.create_engine(
        "postgresql+psycopg://",
        connect_args={
            "connect_timeout": TIMEOUT_S,
            "tcp_user_timeout": TIMEOUT_S * 1000,
            **arguments,
            "options": f"{given} {options}".strip(),
        },
        pool_size=_POOL_SIZE,
        max_overflow=0,
        pool_timeout=TIMEOUT_S,
        pool_recycle=1_800,
    )


@contextmanager
def transaction(engine: sa.Engine) -> Generator[sa.Connection]:
    """A connection in a transaction, which must be over in time, its end included."""
    with engine.connect() as connection, ended_after(connection, TIMEOUT_S), connection.begin():
        yield connection


def in_utc(moment: datetime) -> datetime:
    """A stored time with its zone: SQLite forgets it, and it was UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@contextmanager
def translated_failures() -> Generator[None]:
    """Turn whatever a driver raises into `StrategiesUnavailable`, chained, with a note.

    A value that cannot be decoded, such as JSON that was cut, is a `ValueError` of SQLAlchemy's.
    """
    try:
        yield
    except (SQLAlchemyError, OSError, ValueError) as error:
        unavailable = StrategiesUnavailable()
        cause = error.orig if isinstance(error, DBAPIError) else error
        unavailable.add_note(f"The driver said: {str(cause)[:300]}")
        raise unavailable from error
