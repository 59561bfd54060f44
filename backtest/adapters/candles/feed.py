"""The candle feed over ClickHouse: minutes are rolled up where they are, only bars travel.

See: docs/stores.md
"""
# pyright: reportUnknownMemberType=false

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray

from backtest.adapters.candles.cache import Fingerprint
from backtest.adapters.candles.cancellable import CancellableQueries
from backtest.adapters.candles.chosen import chosen_length
from backtest.adapters.candles.complete_answer import INCOMPLETE
from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.folder import files_fingerprint, require_folder
from backtest.adapters.candles.lengths import StoredLengths
from backtest.adapters.candles.rollup import FINGERPRINT_SQL, ROLLUP_SQL
from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.adapters.candles.series import StoredSeries
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.ports import Buckets, StoredRange
from backtest.types import MINUTE_MS, Instrument, Timeframe

_GIBIBYTE = 1 << 30
_FIRST_STORABLE_MS = -2_208_988_800_000
_LAST_STORABLE_MS = 10_413_791_999_999
_PING_SILENCE_S = 5
_BUCKET_DTYPES = [np.dtype(np.int64), *[np.dtype(np.float64)] * 5, *[np.dtype(np.int64)] * 2]


class ClickHouseCandles:
    """A `CandleFeed`; safe to call from several threads at once.

    Args:
        pool: Connections to the store; closing it is the owner's business.
        max_memory_bytes: What one query may take in the store.
    """

    def __init__(self, pool: ClickHousePool, *, max_memory_bytes: int = 2 * _GIBIBYTE) -> None:
        self._pool = pool
        self._asking = CancellableQueries(pool, max_memory_bytes=max_memory_bytes)
        self._lengths = StoredLengths(pool, self._asking)

    def load(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start_ms: int,
        stop_ms: int,
        control: Control,
    ) -> Buckets:
        """Roll up the candles with `start_ms <= ts_open < stop_ms`, all of one length.

        Longer ones than minutes count from the one that is open at `start_ms`.

        Args:
            instrument: Whose candles.
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
        start_ms, stop_ms = _storable(start_ms), _storable(stop_ms)
        series = self._chosen(instrument, timeframe, control, start_ms=start_ms, stop_ms=stop_ms)
        parameters = {
            "market_id": instrument.market_id,
            "symbol": instrument.symbol,
            "start_ms": start_ms // series.length_ms * series.length_ms,
            "stop_ms": stop_ms,
            "bucket_ms": timeframe.ms,
            "candle_ms": series.length_ms,
        }
        columns = self._asking.ask(ROLLUP_SQL, series, parameters, control)
        return _to_buckets(columns, timeframe, series.length_ms)

    def _chosen(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        control: Control,
        *,
        start_ms: int,
        stop_ms: int,
    ) -> StoredSeries:
        """What a run rests on; of minutes, which may not be there, where no length will do."""
        lengths = self._lengths.of(instrument, control)
        if lengths not in ([], [MINUTE_MS]):
            spans = self._lengths.spans(instrument, control, start_ms=start_ms, stop_ms=stop_ms)
            chosen = chosen_length(spans, timeframe.ms) or MINUTE_MS
            return StoredSeries(instrument=instrument, length_ms=chosen)
        return StoredSeries(instrument=instrument)

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
        control.check()
        start_ms, stop_ms = _storable(start_ms), _storable(stop_ms)
        lengths_ms = self._lengths.of(instrument, control)
        stored = [
            StoredSeries(instrument=instrument, length_ms=length_ms) for length_ms in lengths_ms
        ]
        seen = [self._seen(series, control, start_ms, stop_ms) for series in stored]
        if len(seen) == 1:
            return seen[0]
        digest = hashlib.sha256(repr(seen).encode()).digest()
        n_rows = sum(n_rows for n_rows, _ in seen)
        return n_rows, int.from_bytes(digest[:8], "big", signed=True)

    def _seen(
        self, series: StoredSeries, control: Control, start_ms: int, stop_ms: int
    ) -> Fingerprint:
        start_ms = start_ms // series.length_ms * series.length_ms
        if isinstance(self._pool.target, EmbeddedEngine):
            directory = self._pool.target.directory
            return files_fingerprint(directory, series, start_ms=start_ms, stop_ms=stop_ms)
        parameters = {
            "market_id": series.instrument.market_id,
            "symbol": series.instrument.symbol,
            "start_ms": start_ms,
            "stop_ms": stop_ms,
        }
        columns = self._asking.ask(FINGERPRINT_SQL, series, parameters, control)
        if [(column.dtype, column.shape) for column in columns] != [(np.dtype(np.int64), (1,))] * 2:
            raise CandlesUnavailable(INCOMPLETE)
        return int(columns[0][0]), int(columns[1][0])

    def stored_range(self, instrument: Instrument, *, control: Control) -> StoredRange | None:
        """How far the candles of an instrument reach, of whatever length; None without any.

        Args:
            instrument: Whose candles.
            control: Ends the query as in `load`.

        Raises:
            BacktestError: As from `load`.
        """
        spans = self._lengths.spans(
            instrument, control, start_ms=_FIRST_STORABLE_MS, stop_ms=_LAST_STORABLE_MS
        )
        if not spans:
            return None
        return StoredRange(
            first_ms=min(span.first_ms for span in spans),
            last_ms=max(span.last_ms for span in spans),
            lengths_ms=tuple(span.length_ms for span in spans),
        )

    def instruments(self, *, control: Control) -> Sequence[Instrument]:
        """Every instrument that has a candle, ordered by market and symbol.

        Args:
            control: Ends the query as in `load`.

        Raises:
            BacktestError: As from `load`.
        """
        return self._lengths.instruments(control)

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


def _touch(client: Client) -> None:
    client.query(f"SELECT ts_open FROM {CANDLE_TABLE} LIMIT 1")  # noqa: S608 - a constant


def _storable(moment_ms: int) -> int:
    """Clamp to what the column type can hold (1900 to 2299), where nothing is cut off."""
    return min(max(moment_ms, _FIRST_STORABLE_MS), _LAST_STORABLE_MS)


def _to_buckets(columns: list[NDArray[Any]], timeframe: Timeframe, length_ms: int) -> Buckets:
    """The columns as they were asked for; whatever else arrived is no answer."""
    if [column.dtype for column in columns] != _BUCKET_DTYPES:
        raise CandlesUnavailable("The answer of the candle store had other columns")
    ts_open, *numbers, run_first, run_last = columns
    if np.any(np.diff(ts_open) <= 0) or np.any(ts_open % timeframe.ms):
        raise CandlesUnavailable("The answer of the candle store was not in order")
    if not all(np.isfinite(column).all() for column in numbers):
        raise CandlesUnavailable("The answer of the candle store held numbers that are not finite")
    bucket_open, high, low, close, volume = numbers
    if np.any(close <= 0):
        raise _unpriced(ts_open[close <= 0][0])
    return Buckets(
        ts_open=ts_open,
        open=bucket_open,
        high=high,
        low=low,
        close=close,
        volume=volume,
        candle_ms=length_ms,
        runs=np.column_stack((run_first, run_last)),
    )


def _unpriced(ts_open_ms: int) -> CandlesUnavailable:
    """Nothing can be bought for nothing: an import refuses it, a table that others fill may not."""
    unavailable = CandlesUnavailable("The candle store holds closes that are not above 0")
    moment = datetime.fromtimestamp(ts_open_ms / 1_000, UTC)
    unavailable.add_note(
        f"The first is that of the bar from {moment:%Y-%m-%d %H:%M} UTC on; `candles check` names"
        " such candles, import the correct ones to replace them."
    )
    return unavailable
