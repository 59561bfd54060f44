"""The candle feed over ClickHouse: minutes are rolled up where they are, only bars travel.

See: docs/stores.md
"""
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import numpy as np
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray

from backtest.adapters.candles.cache import Fingerprint
from backtest.adapters.candles.complete_answer import INCOMPLETE, fetch_columns
from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.folder import (
    candle_files,
    files_fingerprint,
    require_folder,
    stored_series,
)
from backtest.adapters.candles.rollup import (
    FINGERPRINT_SQL,
    ROLLUP_SQL,
    STORED_RANGE_SQL,
    STORED_SYMBOLS_SQL,
)
from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.adapters.candles.series import Series
from backtest.adapters.candles.source import readable
from backtest.adapters.candles.watched_call import call_watched
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.ports import Buckets, StoredRange
from backtest.types import MINUTE_MS, Instrument, Timeframe

_GIBIBYTE = 1 << 30
_FIRST_STORABLE_MS = -2_208_988_800_000
_LAST_STORABLE_MS = 10_413_791_999_999
_GRACE_S = 1.0
_PING_SILENCE_S = 5
_BUCKET_DTYPES = [np.dtype(np.int64), *[np.dtype(np.float64)] * 5, *[np.dtype(np.int64)] * 2]
_KILL_SQL = (
    "KILL QUERY WHERE query_id = {token:String} OR Settings['log_comment'] = {token:String} ASYNC"
)


class ClickHouseCandles:
    """A `CandleFeed`; safe to call from several threads at once.

    Args:
        pool: Connections to the store; closing it is the owner's business.
        max_memory_bytes: What one query may take in the store.
    """

    def __init__(self, pool: ClickHousePool, *, max_memory_bytes: int = 2 * _GIBIBYTE) -> None:
        self._pool = pool
        self._max_memory_bytes = max_memory_bytes

    def load(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start_ms: int,
        stop_ms: int,
        control: Control,
    ) -> Buckets:
        """Roll up the minutes with `start_ms <= ts_open < stop_ms`.

        Args:
            instrument: Whose minutes.
            timeframe: Length of a bucket; buckets are aligned to the Unix epoch.
            start_ms: Epoch milliseconds, inclusive; the first bucket may be partial.
            stop_ms: Epoch milliseconds, exclusive.
            control: Ends the query, also on the server, when cancelled or out of time.

        Returns:
            The same bits for the same stored rows, however they are ordered or partitioned.

        Raises:
            CandlesUnavailable: The store cannot be reached or its answer is not complete.
            DeadlineExceeded: The control's deadline passed.
            RunCancelled: The control was cancelled.
        """
        parameters = _parameters(instrument, start_ms, stop_ms) | {"bucket_ms": timeframe.ms}
        series = Series(instrument=instrument)
        columns = self._ask(ROLLUP_SQL, series, parameters, control)
        return _to_buckets(columns, timeframe)

    def fingerprint(
        self, instrument: Instrument, *, start_ms: int, stop_ms: int, control: Control
    ) -> Fingerprint:
        """How many rows are stored in a range, and a hash over everything that `load` reads.

        Files are never changed, so those of the embedded store are told by their names; what
        overlaps the range counts with all of its rows.

        Args:
            instrument: Whose minutes.
            start_ms: Epoch milliseconds, inclusive.
            stop_ms: Epoch milliseconds, exclusive.
            control: Ends the query as in `load`.

        Raises:
            CandlesUnavailable: The store cannot be reached or its answer is not complete.
            DeadlineExceeded: The control's deadline passed.
            RunCancelled: The control was cancelled.
        """
        series = Series(instrument=instrument)
        if isinstance(self._pool.target, EmbeddedEngine):
            control.check()
            directory = self._pool.target.directory
            return files_fingerprint(directory, series, start_ms=start_ms, stop_ms=stop_ms)
        parameters = _parameters(instrument, start_ms, stop_ms)
        columns = self._ask(FINGERPRINT_SQL, series, parameters, control)
        if [(column.dtype, column.shape) for column in columns] != [(np.dtype(np.int64), (1,))] * 2:
            raise CandlesUnavailable(INCOMPLETE)
        return int(columns[0][0]), int(columns[1][0])

    def stored_range(self, instrument: Instrument, *, control: Control) -> StoredRange | None:
        """How far the candles of an instrument reach; None where there are none.

        Args:
            instrument: Whose candles.
            control: Ends the query as in `load`.

        Raises:
            BacktestError: As from `load`.
        """
        series = Series(instrument=instrument)
        if isinstance(self._pool.target, EmbeddedEngine):
            files = candle_files(self._pool.target.directory, series)
            if not files:
                return None
            first_ms = min(file.first_ms for file in files)
            return StoredRange(first_ms=first_ms, last_ms=max(file.last_ms for file in files))
        parameters = {"market_id": instrument.market_id, "symbol": instrument.symbol}
        first, last = self._ask(STORED_RANGE_SQL, None, parameters, control)
        if len(first) == 0:
            return None
        return StoredRange(first_ms=int(first[0]), last_ms=int(last[0]))

    def instruments(self, *, control: Control) -> Sequence[Instrument]:
        """Every instrument that has a candle, ordered by market and symbol.

        Args:
            control: Ends the query as in `load`.

        Raises:
            BacktestError: As from `load`.
        """
        if isinstance(self._pool.target, EmbeddedEngine):
            found = stored_series(self._pool.target.directory)
            return list(dict.fromkeys(series.instrument for series in found))
        market_ids, symbols = self._ask(STORED_SYMBOLS_SQL, None, {}, control)
        return [
            Instrument(market_id=int(market_id), symbol=str(symbol))
            for market_id, symbol in zip(market_ids, symbols, strict=True)
        ]

    def _ask(
        self, sql: str, series: Series | None, parameters: Mapping[str, Any], control: Control
    ) -> list[NDArray[Any]]:
        token = str(uuid4())

        def query(client: Client, text: str) -> list[NDArray[Any]]:
            control.check()
            return fetch_columns(client, text, parameters, self._settings(token, control))

        def work() -> list[NDArray[Any]]:
            try:
                if series is None:
                    return self._pool.run(partial(query, text=sql))
                between_ms = parameters["start_ms"], parameters["stop_ms"]
                with readable(self._pool, sql, series, between_ms=between_ms) as text:
                    return self._pool.run(partial(query, text=text))
            except CandlesUnavailable:
                control.check()
                raise

        return call_watched(work, control=control, abandon=partial(self._kill, token))

    def ping(self) -> None:
        """Return when the store answers and is there.

        Raises:
            CandlesUnavailable: Otherwise, also after five seconds of silence; the notes say what
                to do.
        """
        if isinstance(self._pool.target, EmbeddedEngine):
            require_folder(self._pool.target.directory)
            self._pool.run(lambda client: client.command("SELECT 1"))
        else:
            self._pool.run_apart(_touch, silence_s=_PING_SILENCE_S)

    def _settings(self, token: str, control: Control) -> dict[str, Any]:
        """Per-query settings; the limit on time only backs up the watching thread."""
        settings: dict[str, Any] = {
            "log_comment": token,
            "max_memory_usage": self._max_memory_bytes,
        }
        remaining_s = control.remaining_s()
        if remaining_s is not None:
            settings["max_execution_time"] = round(remaining_s + _GRACE_S, 3)
        if not self._pool.is_embedded:
            settings |= {"query_id": token, "readonly": 2}
        return settings

    def _kill(self, token: str) -> None:
        """End a query by its token; a store that cannot be reached runs nothing for us."""
        try:
            self._pool.run(lambda client: client.command(_KILL_SQL, parameters={"token": token}))
        except CandlesUnavailable:
            return


def _touch(client: Client) -> None:
    client.query(f"SELECT ts_open FROM {CANDLE_TABLE} LIMIT 1")  # noqa: S608 - a constant


def _parameters(instrument: Instrument, start_ms: int, stop_ms: int) -> dict[str, Any]:
    return {
        "market_id": instrument.market_id,
        "symbol": instrument.symbol,
        "start_ms": _storable(start_ms),
        "stop_ms": _storable(stop_ms),
    }


def _storable(moment_ms: int) -> int:
    """Clamp to what the column type can hold (1900 to 2299), where nothing is cut off."""
    return min(max(moment_ms, _FIRST_STORABLE_MS), _LAST_STORABLE_MS)


def _to_buckets(columns: list[NDArray[Any]], timeframe: Timeframe) -> Buckets:
    """The columns as they were asked for; whatever else arrived is no answer."""
    if [column.dtype for column in columns] != _BUCKET_DTYPES:
        raise CandlesUnavailable("The answer of the candle store had other columns")
    ts_open, *numbers, run_first, run_last = columns
    if np.any(np.diff(ts_open) <= 0) or np.any(ts_open % timeframe.ms):
        raise CandlesUnavailable("The answer of the candle store was not in order")
    if not all(np.isfinite(column).all() for column in numbers):
        raise CandlesUnavailable("The answer of the candle store held numbers that are not finite")
    bucket_open, high, low, close, volume = numbers
    return Buckets(
        ts_open=ts_open,
        open=bucket_open,
        high=high,
        low=low,
        close=close,
        volume=volume,
        candle_ms=MINUTE_MS,
        runs=np.column_stack((run_first, run_last)),
    )
