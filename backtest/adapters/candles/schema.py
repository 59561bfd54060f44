"""The columns of a candle, as a table of ClickHouse and as a Parquet file have them.

See: docs/stores.md
"""

DATABASE = "market_data"
CANDLE_TABLE = f"{DATABASE}.canonical_candles_1m"
# Candles of other lengths: the same columns and their length. Apart, since a deployment has the
# table of minutes already, and whoever reads that must not meet hours in it.
LONGER_TABLE = f"{DATABASE}.canonical_candles_longer"

COLUMNS = {
    "market_id": "UInt16",
    "symbol": "LowCardinality(String)",
    "instrument_key": "String",
    "ts_open": "DateTime64(3, 'UTC')",
    "ts_close": "DateTime64(3, 'UTC')",
    "open": "Float64",
    "high": "Float64",
    "low": "Float64",
    "close": "Float64",
    "volume_base": "Float64",
    "volume_quote": "Nullable(Float64)",
    "trades_count": "Nullable(UInt32)",
    "taker_buy_volume_base": "Nullable(Float64)",
    "taker_buy_volume_quote": "Nullable(Float64)",
    "source": "LowCardinality(String)",
    "ingested_at": "DateTime64(3, 'UTC')",
    "ingest_id": "Nullable(UUID)",
}

_LISTED = ",\n    ".join(f"{name} {kind}" for name, kind in COLUMNS.items())

LENGTH_COLUMN = "length_ms"

DATABASE_DDL = f"CREATE DATABASE IF NOT EXISTS {DATABASE}"
TABLE_DDL = f"""
CREATE TABLE IF NOT EXISTS {CANDLE_TABLE}
(
    {_LISTED}
)
ENGINE = ReplacingMergeTree(ingested_at)
ORDER BY (market_id, symbol, ts_open)
"""
LONGER_TABLE_DDL = f"""
CREATE TABLE IF NOT EXISTS {LONGER_TABLE}
(
    {_LISTED},
    {LENGTH_COLUMN} UInt32
)
ENGINE = ReplacingMergeTree(ingested_at)
ORDER BY (market_id, symbol, {LENGTH_COLUMN}, ts_open)
"""
