"""The candle store: ClickHouse, as a server or as the engine inside this process.

Reading order: `connection` (servers, the embedded engine, failures), `schema`, `rollup` (the SQL
from minutes to bars), `source` and `folder` (the files of the embedded store), `feed`, `cache`;
`table`, `write` and `staging` (with `file_stage`) for what fills it.
See: docs/stores.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.adapters.candles.cache import CachedCandles
    from backtest.adapters.candles.connection import (
        ClickHousePool,
        ClickHouseServer,
        EmbeddedEngine,
    )
    from backtest.adapters.candles.feed import ClickHouseCandles
else:
    __getattr__ = lazy(
        __name__,
        {
            "cache": ["CachedCandles"],
            "connection": ["ClickHousePool", "ClickHouseServer", "EmbeddedEngine"],
            "feed": ["ClickHouseCandles"],
        },
    )

__all__ = [
    "CachedCandles",
    "ClickHouseCandles",
    "ClickHousePool",
    "ClickHouseServer",
    "EmbeddedEngine",
]
