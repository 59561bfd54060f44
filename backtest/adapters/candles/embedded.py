"""ClickHouse inside this process, on a directory that only one process may use at a time.

See: docs/stores.md
"""
# pyright: reportUnknownMemberType=false

import os
from pathlib import Path

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from backtest.adapters.candles.embedded_lock import other_holder
from backtest.adapters.candles.failures import unavailable_because
from backtest.adapters.candles.schema import DATABASE_DDL, TABLE_DDL

Identity = tuple[int, int]


def identity(directory: Path) -> Identity | None:
    """Tells a directory from another one that was put in its place; None where there is none."""
    try:
        status = directory.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_engine(directory: Path) -> Client:
    """A client of the engine inside this process, the table created where it is missing.

    Raises:
        CandlesUnavailable: The directory does not exist or another process has it, or the engine
            cannot be loaded.
    """
    if not directory.is_dir():
        raise unavailable_because(
            f"The folder {directory} does not exist. If it was moved, put it back; otherwise"
            " restart, or use `candles import` or `candles generate`, and a new one is made."
        )
    if "?" in str(directory.resolve()):
        raise unavailable_because(
            f"The embedded ClickHouse cannot use {directory.resolve()}: it takes what follows the"
            " question mark for options. Choose another ROEHUB_DATA_DIR."
        )
    _refuse_if_held(directory)
    client = _embedded_client(directory)
    client.command(DATABASE_DDL)
    client.command(TABLE_DDL)
    return client


def _refuse_if_held(directory: Path) -> None:
    holder = other_holder(directory)
    if holder is not None:
        raise unavailable_because(
            f"{directory} is in use by "
            + (f"process {holder}" if holder else "another process")
            + ", and the embedded ClickHouse serves one process at a time. Stop the `serve` that"
            " started it, or that process itself, use another ROEHUB_DATA_DIR, or run a ClickHouse"
            " server and set CH_HOST."
        )


def _embedded_client(directory: Path) -> Client:
    """The engine's own client; the engine is loaded here for the first time.

    It reads the zone of the machine when it is loaded, and refuses to be if it does not know that
    zone. Everything here is in UTC.
    """
    os.environ["TZ"] = "UTC"
    try:
        return clickhouse_connect.get_client(interface="chdb", path=str(directory))
    except ClickHouseError:
        # Two that begin at the same time both find it free; one of them is too late.
        _refuse_if_held(directory)
        raise
    except (ImportError, MemoryError) as error:
        unavailable = unavailable_because(
            "The embedded ClickHouse could not be loaded; it takes half a gigabyte of address"
            " space. Check the limits of this process (ulimit -v), reinstall chdb, or set CH_HOST.",
            f"The driver said: {str(error)[:300]}",
        )
        raise unavailable from error
