"""Where drivers end: ClickHouse for candles, SQL for saved strategies, files and generators.

Reading order for candles: `clickhouse_connection` (servers, the embedded engine, failures),
`candle_table` (the stored rows), `candle_rollup` (the SQL from minutes to bars), `clickhouse` (the
feed), then the writers `candle_files`, `candle_import`, `candle_generate`. For strategies:
`strategies_table`, `strategies_sql`, `strategy_spec`. `yaml_defaults` reads grids. See:
docs/stores.md
"""
