"""Why there is nothing to run on, with what is stored instead.

See: docs/errors.md
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher

from backtest.control import Control
from backtest.enums import spelled_length
from backtest.errors import (
    EmptyRange,
    InvalidRequest,
    Loc,
    NoMarketData,
    TimeframeTooShort,
    UnknownInstrument,
)
from backtest.ports import CandleFeed, StoredRange
from backtest.types import MINUTE_MS, Instrument, Timeframe

N_NEAREST = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MissingCandles:
    """Asks the store what it has, once a run has found nothing.

    Args:
        candles: The store.
        instrument: Whose candles are missing.
        loc: Where the instrument stands in the request.
        control: The run's handle.

    See: docs/errors.md
    """

    def __init__(
        self, candles: CandleFeed, instrument: Instrument, loc: Loc, control: Control
    ) -> None:
        self._candles, self._instrument, self._loc = candles, instrument, loc
        self._control = control

    def no_market_data(self, timeframe: Timeframe) -> InvalidRequest:
        """The error of a range without a candle that bars of the timeframe can be made of."""
        stored = self._stored_range()
        if stored is None:
            return self._unknown()
        if all(timeframe.ms % length_ms for length_ms in stored.lengths_ms):
            return self._too_short(timeframe, stored.lengths_ms)
        return NoMarketData(self._describe(stored))

    def empty_range(self, timeframe: Timeframe) -> InvalidRequest:
        """The error of a range in which no bar closes."""
        stored = self._stored_range()
        if stored is None:
            return self._unknown()
        return EmptyRange(timeframe.value, self._describe(stored))

    def _stored_range(self) -> StoredRange | None:
        return self._candles.stored_range(self._instrument, control=self._control)

    def _describe(self, stored: StoredRange) -> str:
        text = f"{self._instrument.symbol}: {_day(stored.first_ms)} to {_day(stored.last_ms)}"
        if stored.lengths_ms == (MINUTE_MS,):
            return text
        return f"{text}, candles of {' and '.join(map(spelled_length, stored.lengths_ms))}"

    def _too_short(self, timeframe: Timeframe, lengths_ms: Sequence[int]) -> TimeframeTooShort:
        place = self._loc[:-1] if self._loc[-1:] == ("instrument_id",) else self._loc
        return TimeframeTooShort(
            (*place, "timeframe"),
            timeframe.value,
            lengths=list(map(spelled_length, lengths_ms)),
            choices=[
                other.value
                for other in Timeframe
                if any(other.ms % length_ms == 0 for length_ms in lengths_ms)
            ],
        )

    def _unknown(self) -> UnknownInstrument:
        wanted = self._instrument
        everyone = self._candles.instruments(control=self._control)
        there = [item.symbol for item in everyone if item.market_id == wanted.market_id]
        nearest = nearest_symbols(wanted.symbol, there)
        return UnknownInstrument(
            self._loc,
            wanted.market_id,
            wanted.symbol,
            nearest=nearest,
            n_more=len(there) - len(nearest),
            markets=sorted({item.market_id for item in everyone}),
            elsewhere=[item.market_id for item in everyone if item.symbol == wanted.symbol],
        )


def nearest_symbols(symbol: str, stored: list[str]) -> list[str]:
    """At most five stored symbols, the most similar first; equally similar ones by name.

    Similarity is the ratio of Ratcliff and Obershelp (Dr. Dobb's Journal, 1988) in `difflib`.

    See: docs/errors.md
    """
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(symbol)

    def likeness(other: str) -> float:
        matcher.set_seq1(other)
        return matcher.ratio()

    return sorted(stored, key=lambda other: (-likeness(other), other))[:N_NEAREST]


def _day(moment_ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=moment_ms)).date().isoformat()
