"""The candle store's schema, step by step.

See: docs/stores.md#making-the-tables
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from typing import Any

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.schema import (
    CANDLE_TABLE,
    DATABASE,
    LONGER_TABLE,
    LONGER_TABLE_DDL,
    TABLE_DDL,
)
from backtest.adapters.candles.table import create_database, create_table
from backtest.adapters.migrations.steps import Step

VERSIONS = "schema_versions"
VERSIONS_DDL = f"""
CREATE TABLE IF NOT EXISTS {DATABASE}.{VERSIONS}
(
    number UInt32,
    applied_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY number
"""

# Only ever appended to: the table that a step makes or changes, and how.
STEPS: tuple[tuple[str, str], ...] = (
    (CANDLE_TABLE, TABLE_DDL),
    (LONGER_TABLE, LONGER_TABLE_DDL),
)


def take_steps(pool: ClickHousePool) -> list[Step]:
    """Bring a store to the newest schema; what it has already stays as it is.

    Returns:
        Every step in order. An embedded store has one: its folder.

    Raises:
        CandlesUnavailable: The store cannot be reached or refuses.
    """
    target = pool.target
    if isinstance(target, EmbeddedEngine):
        is_new = not target.directory.is_dir()
        create_table(pool)
        return [Step(number=1, what=f"the folder {target.directory}", is_new=is_new)]
    if VERSIONS not in _tables(pool):
        create_database(pool)
        _command(pool, VERSIONS_DDL)
    had = steps_taken(pool)
    return [
        _taken(pool, number, table, statement, is_taken=number in had)
        for number, (table, statement) in enumerate(STEPS, start=1)
    ]


def steps_taken(pool: ClickHousePool) -> set[int]:
    """Numbers of the steps that a server has had; none where it was never asked.

    Raises:
        CandlesUnavailable: The store cannot be reached or refuses.
    """
    if VERSIONS not in _tables(pool):
        return set()
    return {int(row[0]) for row in _rows(pool, f"SELECT number FROM {DATABASE}.{VERSIONS}")}  # noqa: S608 - constants


def _taken(
    pool: ClickHousePool, number: int, table: str, statement: str, *, is_taken: bool
) -> Step:
    # A table that somebody has made by hand gets its number, and no more.
    is_new = not is_taken and table.partition(".")[2] not in _tables(pool)
    if not is_taken:
        _command(pool, statement)
        _command(pool, f"INSERT INTO {DATABASE}.{VERSIONS} (number) VALUES ({number})")  # noqa: S608 - a number
    return Step(number=number, what=f"the table {table}", is_new=is_new)


def _tables(pool: ClickHousePool) -> set[str]:
    found = _rows(pool, f"SELECT name FROM system.tables WHERE database = '{DATABASE}'")  # noqa: S608 - a constant
    return {str(row[0]) for row in found}


def _rows(pool: ClickHousePool, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in pool.run(lambda client: client.query(sql)).result_rows]


def _command(pool: ClickHousePool, sql: str) -> None:
    pool.run(lambda client: client.command(sql))
