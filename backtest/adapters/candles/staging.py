"""Rows that appear in the candle table all at once, or not at all.

They are gathered in a table of their own, merged into one part, and attached: one rename on disk.
What a killed process leaves is dropped by the next one that stages. See: docs/stores.md
"""
# pyright: reportUnknownMemberType=false

from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.schema import CANDLE_TABLE

_DATABASE = CANDLE_TABLE.split(".", maxsplit=1)[0]
_PREFIX = "staged_candles_"
# Nobody else can use an embedded store; on a server, another import may be at work.
_OLD_HOURS_ON_SERVER = 24


@contextmanager
def staged(pool: ClickHousePool) -> Generator[str]:
    """A table to insert into; its rows go to the candle table when the block ends well.

    Raises:
        CandlesUnavailable: The store refused or cannot be reached; no row has appeared.
    """
    _drop_abandoned(pool)
    table = f"{_DATABASE}.{_PREFIX}{uuid4().hex}"
    _run(pool, f"CREATE TABLE {table} AS {CANDLE_TABLE}")
    try:
        yield table
        _run(pool, f"OPTIMIZE TABLE {table} FINAL")
        _run(pool, f"ALTER TABLE {CANDLE_TABLE} ATTACH PARTITION ALL FROM {table}")
    finally:
        _drop(pool, table)


def _drop_abandoned(pool: ClickHousePool) -> None:
    n_hours = 0 if pool.is_embedded else _OLD_HOURS_ON_SERVER
    found = pool.run(
        lambda client: client.query(
            "SELECT name FROM system.tables WHERE database = {database:String}"
            " AND startsWith(name, {prefix:String})"
            " AND metadata_modification_time <= now() - toIntervalHour({n_hours:UInt8})",
            parameters={"database": _DATABASE, "prefix": _PREFIX, "n_hours": n_hours},
        )
    )
    for row in found.result_rows:
        _drop(pool, f"{_DATABASE}.{row[0]}")


def _drop(pool: ClickHousePool, table: str) -> None:
    _run(pool, f"DROP TABLE IF EXISTS {table} SYNC")


def _run(pool: ClickHousePool, statement: str) -> None:
    pool.run(lambda client: client.command(statement))
