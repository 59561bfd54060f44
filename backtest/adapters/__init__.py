"""Where drivers end: candles in ClickHouse, saved strategies in SQL, candle files.

`candles` reads and writes the candle store, `ingest` turns files and generators into candles,
`archives` fetches them from exchanges, `strategies` reads and writes saved strategies, and
`migrations` makes the tables of both stores.
See: docs/stores.md
"""

__all__: list[str] = []
