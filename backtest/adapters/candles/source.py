"""What stands for the candle table in a query, so that one text serves both stores.

A server has the table. The embedded store has files, which the engine in this process reads: each
is opened first and named by its descriptor. Hence a path may hold any character, and a file that is
removed meanwhile is read to its end.

See: docs/stores.md#the-embedded-store
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.failures import name_files
from backtest.adapters.candles.folder import opened_files
from backtest.adapters.candles.schema import CANDLE_TABLE, COLUMNS, LENGTH_COLUMN, LONGER_TABLE
from backtest.adapters.candles.series import StoredSeries
from backtest.errors import CandlesUnavailable
from backtest.types import MINUTE_MS

ALWAYS_MS = (-(1 << 62), 1 << 62)

_STRUCTURE = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items()).replace("'", "\\'")


@contextmanager
def readable(
    pool: ClickHousePool, sql: str, series: StoredSeries, *, between_ms: tuple[int, int] = ALWAYS_MS
) -> Generator[str]:
    """A query of the candle table as this store can answer it, while the block lasts.

    Args:
        pool: The store.
        sql: Names `CANDLE_TABLE`, and restricts it to the series and the range by itself.
        series: Whose candles.
        between_ms: First open time that the query may meet, and the first behind it.

    Raises:
        CandlesUnavailable: The embedded store is not there.
    """
    if not isinstance(pool.target, EmbeddedEngine):
        yield on_server(sql, series.length_ms)
        return
    start_ms, stop_ms = between_ms
    directory = pool.target.directory
    with opened_files(directory, series, start_ms=start_ms, stop_ms=stop_ms) as descriptors:
        files = {f"/dev/fd/{number}": path for number, path in descriptors.items()}
        try:
            yield sql.replace(CANDLE_TABLE, _union(files))
        except CandlesUnavailable as error:
            name_files(error, files)
            raise


def on_server(sql: str, length_ms: int) -> str:
    """A query of the candle table as one of the candles of a length."""
    if length_ms == MINUTE_MS:
        return sql
    rows = f"(SELECT * FROM {LONGER_TABLE} WHERE {LENGTH_COLUMN} = {length_ms})"  # noqa: S608 - a number
    return sql.replace(CANDLE_TABLE, rows)


def _union(files: Iterable[str]) -> str:
    """One by one: of a list of paths, the engine would leave out those that are gone."""
    sources = [f"file('{file}', 'Parquet', '{_STRUCTURE}')" for file in files]
    sources = sources or [f"null('{_STRUCTURE}')"]
    return "(" + " UNION ALL ".join(f"SELECT * FROM {source}" for source in sources) + ")"  # noqa: S608 - no value of anybody's
