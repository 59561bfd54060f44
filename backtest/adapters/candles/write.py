"""Writing minutes so that repeating a write changes nothing that a reader sees."""
# pyright: reportUnknownMemberType=false

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from backtest.adapters.candles.arrow_rows import PRICE_COLUMNS
from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.folder import candle_files
from backtest.adapters.candles.rollup import ANY_SQL
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.source import on_server
from backtest.adapters.candles.staging import Stage, staged
from backtest.adapters.candles.table import (
    Minutes,
    StoredMinutes,
    insert_minutes,
    latest_minutes,
)
from backtest.types import MINUTE_MS, Instrument, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of some minutes: new, put over different values, or there already."""

    n_new: int = 0
    n_replaced: int = 0
    n_identical: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(
            n_new=self.n_new + other.n_new,
            n_replaced=self.n_replaced + other.n_replaced,
            n_identical=self.n_identical + other.n_identical,
        )


_NOTHING = StoredMinutes(
    ts_open=np.array([], dtype=np.int64),
    ingested_at=np.array([], dtype=np.int64),
    prices={name: np.array([], dtype=np.float64) for name in PRICE_COLUMNS},
)


def write_minutes(
    pool: ClickHousePool,
    instrument: Instrument,
    minutes: Minutes,
    *,
    source: str,
    now_ms: int,
    ingest_id: UUID,
    into: Stage | None = None,
    is_new: bool = False,
) -> Written:
    """Insert the minutes that the store lacks or holds with other prices or volume.

    Args:
        pool: Where to.
        instrument: Whose minutes.
        minutes: Distinct by `ts_open`.
        source: Where they come from.
        now_ms: Epoch milliseconds of this write. A replaced minute gets at least a millisecond
            more than the row it replaces, so that a clock that ran ahead cannot hide it.
        ingest_id: Of the whole import.
        into: Where they wait for others; without it they are in the store at once.
        is_new: Whether the store is known to hold none of them.

    Raises:
        CandlesUnavailable: The store refused or cannot be reached.
    """
    if len(minutes) == 0:
        return Written()
    if into is None:
        series = StoredSeries(instrument=instrument, length_ms=minutes.length_ms)
        with staged(pool, series) as stage:
            return write_minutes(
                pool,
                instrument,
                minutes,
                source=source,
                now_ms=now_ms,
                ingest_id=ingest_id,
                into=stage,
                is_new=is_new,
            )
    stored = _NOTHING if is_new else _stored(pool, instrument, minutes)
    is_stored, is_identical, ingested_at = _compare(minutes, stored, now_ms)
    wanted = ~is_identical
    insert_minutes(
        pool,
        instrument,
        minutes.take(wanted),
        source=source,
        ingested_at=ingested_at[wanted],
        ingest_id=ingest_id,
        into=into,
    )
    return Written(
        n_new=int(np.count_nonzero(~is_stored)),
        n_replaced=int(np.count_nonzero(is_stored & wanted)),
        n_identical=int(np.count_nonzero(is_identical)),
    )


def has_minutes(
    pool: ClickHousePool,
    instrument: Instrument,
    *,
    first_ms: int,
    last_ms: int,
    length_ms: int = MINUTE_MS,
) -> bool:
    """Whether a candle of a length from the first to the last may be stored."""
    if isinstance(pool.target, EmbeddedEngine):
        series = StoredSeries(instrument=instrument, length_ms=length_ms)
        files = candle_files(pool.target.directory, series)
        return any(file.overlaps(first_ms, last_ms + 1) for file in files)
    parameters = {
        "market_id": instrument.market_id,
        "symbol": instrument.symbol,
        "start_ms": first_ms,
        "stop_ms": last_ms + 1,
    }
    sql = on_server(ANY_SQL, length_ms)
    answer = pool.run(lambda client: client.query(sql, parameters=parameters))
    return bool(answer.result_rows)


def _stored(pool: ClickHousePool, instrument: Instrument, minutes: Minutes) -> StoredMinutes:
    return latest_minutes(
        pool,
        instrument,
        start_ms=int(minutes.ts_open.min()),
        stop_ms=int(minutes.ts_open.max()) + 1,
        length_ms=minutes.length_ms,
    )


def _compare(
    minutes: Minutes, stored: StoredMinutes, now_ms: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], IntArray]:
    """Per minute: whether one is stored, whether with the same values, when to say it came."""
    at = np.searchsorted(stored.ts_open, minutes.ts_open)
    inside = at < len(stored.ts_open)
    is_stored = np.zeros(len(minutes), dtype=np.bool_)
    is_stored[inside] = stored.ts_open[at[inside]] == minutes.ts_open[inside]
    at = at[is_stored]
    is_identical = is_stored.copy()
    for name in PRICE_COLUMNS:
        is_identical[is_stored] &= minutes.columns[name][is_stored] == stored.prices[name][at]
    ingested_at = np.full(len(minutes), now_ms, dtype=np.int64)
    ingested_at[is_stored] = np.maximum(now_ms, stored.ingested_at[at] + 1)
    return is_stored, is_identical, ingested_at
