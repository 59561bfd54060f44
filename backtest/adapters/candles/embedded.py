"""ClickHouse inside this process. It holds no data: the store's files are read where they are.

See: docs/stores.md#the-embedded-store
"""
# pyright: reportUnknownMemberType=false

import os

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from backtest.adapters.candles.failures import unavailable_because

# Caches by path, while the same descriptor is another file in the next query.
_UNCACHED = {
    "use_cache_for_count_from_files": "0",
    "use_parquet_metadata_cache": "0",
    "schema_inference_use_cache_for_file": "0",
    "use_query_condition_cache": "0",
}


def open_engine() -> Client:
    """A client of the engine inside this process; the first one loads it.

    It reads the zone of the machine when it is loaded, and refuses to be if it does not know that
    zone. Everything here is in UTC.

    Raises:
        CandlesUnavailable: The engine cannot be loaded.
    """
    os.environ["TZ"] = "UTC"
    try:
        return clickhouse_connect.get_client(interface="chdb", settings=_UNCACHED)
    except (ImportError, MemoryError) as error:
        unavailable = unavailable_because(
            "The embedded ClickHouse could not be loaded; it takes half a gigabyte of address"
            " space. Check the limits of this process (ulimit -v), reinstall chdb, or set CH_HOST.",
            f"The driver said: {str(error)[:300]}",
        )
        raise unavailable from error
