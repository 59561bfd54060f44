"""Rows that appear in the candle store all at once, or not at all.

The embedded store writes a file beside the others and renames it. On a server, rows are gathered in
a table of their own, merged into one part, and attached, which is one rename on its disk. What a
killed process leaves is removed by the next one that stages. See: docs/stores.md#importing
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false

from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.file_stage import staged_file
from backtest.adapters.candles.schema import (
    CANDLE_TABLE,
    LENGTH_COLUMN,
    LONGER_TABLE,
    LONGER_TABLE_DDL,
)
from backtest.adapters.candles.series import StoredSeries
from backtest.errors import CandlesUnavailable
from backtest.types import MINUTE_MS

_DATABASE = CANDLE_TABLE.split(".", maxsplit=1)[0]
_PREFIX = "staged_candles_"
# Another import may be at work.
_OLD_HOURS = 24


class Stage(Protocol):
    """Where rows wait."""

    def add(self, rows: Any) -> None:
        """Append the rows of an Arrow table; columns that it lacks are null."""
        ...


@contextmanager
def staged(pool: ClickHousePool, series: StoredSeries) -> Generator[Stage]:
    """Where to add rows; they go to the store when the block ends well.

    Raises:
        CandlesUnavailable: The store refused or cannot be reached; no row has appeared.
    """
    if isinstance(pool.target, EmbeddedEngine):
        with staged_file(pool.target.directory, series) as stage:
            yield stage
    else:
        with _staged_table(pool, series.length_ms) as stage:
            yield stage


class _TableStage:
    def __init__(self, pool: ClickHousePool, table: str, length_ms: int) -> None:
        self._pool = pool
        self._table = table
        self._length_ms = length_ms

    def add(self, rows: Any) -> None:
        if self._length_ms != MINUTE_MS:
            lengths = np.full(rows.num_rows, self._length_ms, dtype=np.uint32)
            rows = rows.append_column(LENGTH_COLUMN, pa.array(lengths))
        if rows.num_rows:
            self._pool.run(partial(self._insert, rows))

    def _insert(self, rows: Any, client: Client) -> None:
        client.insert_arrow(self._table, rows)


@contextmanager
def _staged_table(pool: ClickHousePool, length_ms: int) -> Generator[Stage]:
    _drop_abandoned(pool)
    target = CANDLE_TABLE if length_ms == MINUTE_MS else LONGER_TABLE
    if target == LONGER_TABLE:
        _run(pool, LONGER_TABLE_DDL)
    table = f"{_DATABASE}.{_PREFIX}{uuid4().hex}"
    try:
        # A connection that is reset behind the statement has it sent again.
        _run(pool, f"CREATE TABLE IF NOT EXISTS {table} AS {target}")
        yield _TableStage(pool, table, length_ms)
        _run(pool, f"OPTIMIZE TABLE {table} FINAL")
        _run(pool, f"ALTER TABLE {target} ATTACH PARTITION ALL FROM {table}")
    finally:
        # What stays is seen by no reader, and dropped by an import a day later.
        with suppress(CandlesUnavailable):
            _drop(pool, table)


def _drop_abandoned(pool: ClickHousePool) -> None:
    found = pool.run(
        lambda client: client.query(
            "SELECT name FROM system.tables WHERE database = {database:String}"
            " AND startsWith(name, {prefix:String})"
            " AND metadata_modification_time <= now() - toIntervalHour({n_hours:UInt8})",
            parameters={"database": _DATABASE, "prefix": _PREFIX, "n_hours": _OLD_HOURS},
        )
    )
    for row in found.result_rows:
        _drop(pool, f"{_DATABASE}.{row[0]}")


def _drop(pool: ClickHousePool, table: str) -> None:
    _run(pool, f"DROP TABLE IF EXISTS {table} SYNC")


def _run(pool: ClickHousePool, statement: str) -> None:
    pool.run(lambda client: client.command(statement))
