"""Where drivers end: candles in ClickHouse, saved strategies in SQL, candle files.

`candles` reads and writes the candle store, `ingest` turns files and generators into candles,
`strategies` reads and writes saved strategies.
See: docs/stores.md
"""

__all__: list[str] = []
