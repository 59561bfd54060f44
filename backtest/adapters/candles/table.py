"""The stored minutes: writing them, reading them as they are, what there is.

See: docs/stores.md
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from backtest.adapters.candles.arrow_rows import (
    PRICE_COLUMNS,
    milliseconds,
    newest_rows,
    read_rows,
)
from backtest.adapters.candles.complete_answer import fetch_columns
from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.failures import is_missing_table
from backtest.adapters.candles.folder import of_files, stored_series
from backtest.adapters.candles.old_form import prepare_folder
from backtest.adapters.candles.rollup import INSTRUMENTS_SQL, LATEST_SQL
from backtest.adapters.candles.schema import (
    DATABASE,
    DATABASE_DDL,
    LENGTH_COLUMN,
    LONGER_TABLE,
    TABLE_DDL,
)
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.source import on_server, readable
from backtest.adapters.candles.staging import Stage, staged
from backtest.errors import CandlesUnavailable
from backtest.markets import instrument_key
from backtest.types import MINUTE_MS, FloatArray, Instrument, IntArray

EXTRA_COLUMNS = (
    "volume_quote",
    "trades_count",
    "taker_buy_volume_base",
    "taker_buy_volume_quote",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Candles of one instrument as columns of shape (n_minutes,), in any order.

    `ts_open` is int64 epoch milliseconds on whole minutes, `columns` holds float64 arrays for
    every name of `PRICE_COLUMNS` and for those of `EXTRA_COLUMNS` that are known, NaN where a
    candle has none. `length_ms` tells longer candles from minutes.
    """

    ts_open: IntArray
    columns: Mapping[str, FloatArray]
    length_ms: int = MINUTE_MS

    def __len__(self) -> int:
        return len(self.ts_open)

    def take(self, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> "Minutes":
        """The minutes where the mask is true."""
        columns = {name: column[mask] for name, column in self.columns.items()}
        return Minutes(ts_open=self.ts_open[mask], columns=columns, length_ms=self.length_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMinutes:
    """What a reader sees of one instrument: distinct minutes, ascending, newest values.

    Arrays are shape (n_minutes,): `ts_open` and `ingested_at` int64 epoch milliseconds, `prices`
    float64 by the names of `PRICE_COLUMNS`.
    """

    ts_open: IntArray
    ingested_at: IntArray
    prices: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInstrument:
    """What is counted of one series. Times are epoch milliseconds of first and last open."""

    instrument: Instrument
    length_ms: int
    first_ms: int
    last_ms: int
    n_minutes: int
    n_rows: int
    sources: tuple[str, ...]


def create_table(pool: ClickHousePool) -> None:
    """Create the table where it is missing, or an embedded store's folder.

    Raises:
        CandlesUnavailable: The store refused or cannot be reached.
    """
    prepare_to_read(pool)
    if isinstance(pool.target, EmbeddedEngine):
        return
    create_database(pool)
    pool.run(lambda client: client.command(TABLE_DDL))


def create_database(pool: ClickHousePool) -> None:
    """Create the database of a server's tables where it is missing.

    Where it exists it is not asked for again, since few users have the right to create one.

    Raises:
        CandlesUnavailable: The store refused or cannot be reached.
    """
    if not pool.run(lambda client: client.command(f"EXISTS DATABASE {DATABASE}")):
        pool.run(lambda client: client.command(DATABASE_DDL))


def insert_minutes(
    pool: ClickHousePool,
    instrument: Instrument,
    minutes: Minutes,
    *,
    source: str,
    ingested_at: IntArray | int,
    ingest_id: UUID | None = None,
    into: Stage | None = None,
) -> None:
    """Append rows as they are; whether they are sane is the caller's business.

    Args:
        pool: Where to.
        instrument: Whose minutes.
        minutes: The candles, duplicates and non-finite numbers included.
        source: Where they come from, for `candles list`.
        ingested_at: Epoch milliseconds, one for all or one per minute; among several rows of one
            minute the greatest wins.
        ingest_id: Tells the rows of one import from others.
        into: Where they wait for others; without it they are in the store at once.

    Raises:
        CandlesUnavailable: The store refused or cannot be reached.
    """
    if len(minutes) == 0:
        return
    series = StoredSeries(instrument=instrument, length_ms=minutes.length_ms)
    rows = _arrow_table(series, minutes, source, ingested_at, ingest_id)
    if into is not None:
        into.add(rows)
        return
    with staged(pool, series) as stage:
        stage.add(rows)


def _arrow_table(
    series: StoredSeries,
    minutes: Minutes,
    source: str,
    ingested_at: IntArray | int,
    ingest_id: UUID | None,
) -> Any:
    n, instrument = len(minutes), series.instrument
    moment = pa.timestamp("ms", "UTC")
    stamps = np.broadcast_to(np.asarray(ingested_at, dtype=np.int64), (n,))
    table: dict[str, Any] = {
        "market_id": pa.array(np.full(n, instrument.market_id, dtype=np.uint16)),
        "symbol": _constant(instrument.symbol, n),
        "instrument_key": _constant(instrument_key(instrument), n),
        "ts_open": pa.array(minutes.ts_open, moment),
        "ts_close": pa.array(minutes.ts_open + series.length_ms, moment),
        "source": _constant(source, n),
        "ingested_at": pa.array(stamps, moment),
    }
    # What is not known is NaN in an array and null in the store; of a price, NaN is a value.
    table |= {
        name: pa.array(column, from_pandas=name in EXTRA_COLUMNS)
        for name, column in minutes.columns.items()
    }
    if "trades_count" in table:
        table["trades_count"] = table["trades_count"].cast(pa.uint32())
    if ingest_id is not None:
        table["ingest_id"] = _constant(str(ingest_id), n)
    return pa.table(table)


def _constant(text: str, n: int) -> Any:
    indices = pa.array(np.zeros(n, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([text])).cast(pa.string())


def prepare_to_read(pool: ClickHousePool) -> None:
    """Make an embedded store's folder where it is missing; leave a server as it is.

    Raises:
        CandlesUnavailable: The folder cannot be used.
    """
    if isinstance(pool.target, EmbeddedEngine):
        prepare_folder(pool.target.directory)


def latest_minutes(
    pool: ClickHousePool,
    instrument: Instrument,
    *,
    start_ms: int,
    stop_ms: int,
    length_ms: int = MINUTE_MS,
) -> StoredMinutes:
    """The stored candles of a length with `start_ms <= ts_open < stop_ms` as a reader sees them.

    Raises:
        CandlesUnavailable: The store cannot be reached or its answer is not complete.
    """
    series = StoredSeries(instrument=instrument, length_ms=length_ms)
    if isinstance(pool.target, EmbeddedEngine):
        return _newest_in_files(pool.target.directory, series, start_ms, stop_ms)
    parameters = {
        "market_id": instrument.market_id,
        "symbol": instrument.symbol,
        "start_ms": start_ms,
        "stop_ms": stop_ms,
    }
    sql = on_server(LATEST_SQL, length_ms)
    columns = pool.run(partial(fetch_columns, sql=sql, parameters=parameters))
    return StoredMinutes(
        ts_open=columns[0],
        ingested_at=columns[1],
        prices=dict(zip(PRICE_COLUMNS, columns[2:], strict=True)),
    )


def _newest_in_files(
    directory: Path, series: StoredSeries, start_ms: int, stop_ms: int
) -> StoredMinutes:
    """Without the engine: what only writes need not load half a gigabyte."""
    columns = ("ts_open", "ingested_at", *PRICE_COLUMNS)
    read = partial(read_rows, start_ms=start_ms, stop_ms=stop_ms, columns=columns)
    rows = newest_rows(of_files(directory, series, read, start_ms=start_ms, stop_ms=stop_ms))
    return StoredMinutes(
        ts_open=milliseconds(rows, "ts_open"),
        ingested_at=milliseconds(rows, "ingested_at"),
        prices={name: np.array(rows.column(name).to_numpy()) for name in PRICE_COLUMNS},
    )


def stored_instruments(pool: ClickHousePool) -> list[StoredInstrument]:
    """What the store holds, ordered by market, symbol and length."""
    found: list[StoredInstrument] = []
    if isinstance(pool.target, EmbeddedEngine):
        for series in stored_series(pool.target.directory):
            with readable(pool, INSTRUMENTS_SQL, series) as sql:
                found += _described(pool, sql, series.length_ms)
        return found
    for length_ms in (MINUTE_MS, *_longer_lengths(pool)):
        found += _described(pool, on_server(INSTRUMENTS_SQL, length_ms), length_ms)
    return sorted(found, key=lambda s: (s.instrument.market_id, s.instrument.symbol, s.length_ms))


def _longer_lengths(pool: ClickHousePool) -> list[int]:
    sql = f"SELECT DISTINCT {LENGTH_COLUMN} FROM {LONGER_TABLE}"  # noqa: S608 - constants
    try:
        return [int(row[0]) for row in pool.run(lambda client: client.query(sql)).result_rows]
    except CandlesUnavailable as error:
        if is_missing_table(error):
            return []
        raise


def _described(pool: ClickHousePool, sql: str, length_ms: int) -> list[StoredInstrument]:
    result = pool.run(lambda client: client.query(sql))
    return [
        StoredInstrument(
            instrument=Instrument(market_id=int(row[0]), symbol=str(row[1])),
            length_ms=length_ms,
            first_ms=int(row[2]),
            last_ms=int(row[3]),
            n_minutes=int(row[4]),
            n_rows=int(row[5]),
            sources=tuple(str(source) for source in row[6]),
        )
        for row in result.result_rows
    ]
