"""Of which lengths the store has candles of an instrument, and how far they reach.

A deployment that has only minutes has no table of other lengths, or a user who may not read it.

See: docs/stores.md#candles-of-any-length
"""

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from backtest.adapters.candles.cancellable import CancellableQueries
from backtest.adapters.candles.chosen import Span
from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.failures import is_missing_table
from backtest.adapters.candles.folder import instrument_lengths, stored_series
from backtest.adapters.candles.rollup import LENGTHS_SQL, SPAN_SQL, STORED_SYMBOLS_SQL
from backtest.adapters.candles.schema import CANDLE_TABLE, LONGER_TABLE
from backtest.adapters.candles.series import StoredSeries
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.types import MINUTE_MS, Instrument


class StoredLengths:
    """What there is, asked within a run.

    Args:
        pool: Which store.
        asking: How it is asked.
    """

    def __init__(self, pool: ClickHousePool, asking: CancellableQueries) -> None:
        self._target = pool.target
        self._asking = asking

    def of(self, instrument: Instrument, control: Control) -> list[int]:
        """Lengths in milliseconds, ascending; minutes are among them on a server, stored or not."""
        if isinstance(self._target, EmbeddedEngine):
            return instrument_lengths(self._target.directory, instrument)
        parameters = {"market_id": instrument.market_id, "symbol": instrument.symbol}
        (longer,) = self._of_longer(LENGTHS_SQL, parameters, control) or ([],)
        return [MINUTE_MS, *map(int, longer)]

    def spans(
        self, instrument: Instrument, control: Control, *, start_ms: int, stop_ms: int
    ) -> list[Span]:
        """One for each length that has a candle in `[start_ms, stop_ms)`."""
        parameters = {
            "market_id": instrument.market_id,
            "symbol": instrument.symbol,
            "start_ms": start_ms,
            "stop_ms": stop_ms,
        }
        found: list[Span] = []
        for length_ms in self.of(instrument, control):
            series = StoredSeries(instrument=instrument, length_ms=length_ms)
            first, last = self._asking.ask(SPAN_SQL, series, parameters, control)
            if len(first):
                span = Span(length_ms=length_ms, first_ms=int(first[0]), last_ms=int(last[0]))
                found.append(span)
        return found

    def instruments(self, control: Control) -> list[Instrument]:
        """Every instrument that has a candle of any length, ordered by market and symbol."""
        if isinstance(self._target, EmbeddedEngine):
            found = stored_series(self._target.directory)
            return list(dict.fromkeys(series.instrument for series in found))
        minutes = self._asking.ask(STORED_SYMBOLS_SQL, None, {}, control)
        longer_sql = STORED_SYMBOLS_SQL.replace(CANDLE_TABLE, LONGER_TABLE)
        longer = self._of_longer(longer_sql, {}, control) or ([], [])
        pairs = {
            (int(market_id), str(symbol))
            for market_ids, symbols in (minutes, longer)
            for market_id, symbol in zip(market_ids, symbols, strict=True)
        }
        return [Instrument(market_id=market_id, symbol=name) for market_id, name in sorted(pairs)]

    def _of_longer(
        self, sql: str, parameters: Mapping[str, Any], control: Control
    ) -> Sequence[NDArray[Any]]:
        try:
            return self._asking.ask(sql, None, parameters, control)
        except CandlesUnavailable as error:
            if is_missing_table(error):
                return ()
            raise
