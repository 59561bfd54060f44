"""The candle store: ClickHouse, as a server or as the engine inside this process.

Reading order: `connection` (servers, the embedded engine, failures), `schema`, `rollup` (the SQL
from minutes to bars), `feed`, `cache`; `table` and `write` for what fills it.
See: docs/stores.md
"""
