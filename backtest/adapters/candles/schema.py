"""The table of one-minute candles as it is shared with whoever fills it."""

CANDLE_TABLE = "market_data.canonical_candles_1m"

DATABASE_DDL = "CREATE DATABASE IF NOT EXISTS market_data"
TABLE_DDL = f"""
CREATE TABLE IF NOT EXISTS {CANDLE_TABLE}
(
    market_id UInt16,
    symbol LowCardinality(String),
    instrument_key String,
    ts_open DateTime64(3, 'UTC'),
    ts_close DateTime64(3, 'UTC'),
    open Float64,
    high Float64,
    low Float64,
    close Float64,
    volume_base Float64,
    volume_quote Nullable(Float64),
    trades_count Nullable(UInt32),
    taker_buy_volume_base Nullable(Float64),
    taker_buy_volume_quote Nullable(Float64),
    source LowCardinality(String),
    ingested_at DateTime64(3, 'UTC'),
    ingest_id Nullable(UUID)
)
ENGINE = ReplacingMergeTree(ingested_at)
ORDER BY (market_id, symbol, ts_open)
"""
