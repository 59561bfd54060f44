"""What the candle store holds, for clients that draw it.

See: docs/graphql.md#what-only-graphql-has
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backtest.control import Control
from backtest.errors import InvalidRequest, Problem
from backtest.ports import Buckets, CandleFeed
from backtest.types import Instrument as DomainInstrument
from schema.market import DEFAULT_POINTS, Bar, Bars, BarsQuestion, StoredInstrument
from schema.response import Instrument
from schema.scalars import BigInt, Timestamp, to_epoch_ms, to_time_text, to_time_texts

# A year of minutes; more takes the store seconds, and nobody can tell them apart on a screen.
MAX_BARS = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFacts:
    """What the store holds of one instrument in candles of one length, in milliseconds.

    Times are epoch milliseconds of opens; minutes are candles of that length.

    `shares` says how full each of equal parts of the range is, from 0 to 1.

    See: docs/graphql.md
    """

    instrument: DomainInstrument
    candle_ms: int
    first_ms: int
    last_ms: int
    n_minutes: int
    n_rows: int
    n_gaps: int
    n_missing: int
    shares: Sequence[float]
    sources: Sequence[str]


class Market:
    """Answers from the candle store; blocking.

    Args:
        candles: Where bars come from.
        instruments: Lists what is stored.

    See: docs/graphql.md
    """

    def __init__(
        self, candles: CandleFeed, instruments: Callable[[], Sequence[StoredFacts]]
    ) -> None:
        self._candles, self._instruments = candles, instruments

    def instruments(self) -> list[StoredInstrument]:
        """What is stored, by market and symbol.

        Raises:
            CandlesUnavailable: The store cannot be reached.
        """
        return list(map(_to_stored_instrument, self._instruments()))

    def bars(self, question: BarsQuestion, control: Control) -> Bars:
        """Bars of a range, neighbours joined until there are few enough.

        Raises:
            InvalidRequest: The range holds more bars than one question may load.
            CandlesUnavailable: The store cannot be reached.
        """
        bar_ms = question.timeframe.ms
        start_ms = to_epoch_ms(question.range.start) // bar_ms * bar_ms
        stop_ms = -(-to_epoch_ms(question.range.end) // bar_ms) * bar_ms
        n_bars = (stop_ms - start_ms) // bar_ms
        if n_bars > MAX_BARS:
            message = (
                f"the range has {n_bars} bars, at most {MAX_BARS} can be drawn; ask for a shorter"
                " range or a longer timeframe"
            )
            raise InvalidRequest([Problem(("range",), "too_many_bars", message)])
        buckets = self._candles.load(
            DomainInstrument(
                market_id=question.instrument.market_id, symbol=question.instrument.symbol
            ),
            question.timeframe,
            start_ms=start_ms,
            stop_ms=stop_ms,
            control=control,
        )
        per_point = -(-n_bars // (question.max_points or DEFAULT_POINTS))
        joined = join_bars(buckets, start_ms=start_ms, point_ms=per_point * bar_ms)
        return Bars(bars_per_point=per_point, points=_points(joined))


def join_bars(bars: Buckets, *, start_ms: int, point_ms: int) -> Buckets:
    """Join the bars of each stretch of time: first open, last close, extremes, sum of volumes.

    Args:
        bars: Ascending, shape (n_bars,).
        start_ms: Where the first stretch begins, epoch milliseconds.
        point_ms: Length of a stretch in milliseconds.

    Returns:
        One bar for each stretch that has any, opened at the stretch's own begin.

    See: docs/graphql.md
    """
    if len(bars.ts_open) == 0:
        return bars
    stretch = (bars.ts_open - start_ms) // point_ms
    first = np.flatnonzero(np.diff(stretch, prepend=stretch[0] - 1))
    last = np.append(first[1:], len(stretch)) - 1
    return replace(
        bars,
        ts_open=start_ms + stretch[first] * point_ms,
        open=bars.open[first],
        high=np.maximum.reduceat(bars.high, first),
        low=np.minimum.reduceat(bars.low, first),
        close=bars.close[last],
        volume=np.add.reduceat(bars.volume, first),
    )


def _points(bars: Buckets) -> list[Bar]:
    times = to_time_texts(bars.ts_open.tolist()) if len(bars.ts_open) else []
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        Bar(ts=Timestamp(ts), open=row[0], high=row[1], low=row[2], close=row[3], volume=row[4])
        for ts, row in zip(times, rows, strict=True)
    ]


def _to_stored_instrument(stored: StoredFacts) -> StoredInstrument:
    return StoredInstrument(
        instrument_id=Instrument(
            market_id=stored.instrument.market_id, symbol=stored.instrument.symbol
        ),
        candle_seconds=stored.candle_ms // 1_000,
        first_ts=Timestamp(to_time_text(stored.first_ms)),
        last_ts=Timestamp(to_time_text(stored.last_ms)),
        minutes=BigInt(stored.n_minutes),
        rows=BigInt(stored.n_rows),
        gaps=BigInt(stored.n_gaps),
        missing_minutes=BigInt(stored.n_missing),
        coverage=list(stored.shares),
        sources=list(stored.sources),
    )
