"""Which candles of an instrument are there, and which are missing between them.

A bitmap of the stored candles minus the same bitmap shifted by one leaves the edges of its
unbroken runs, so nothing is sorted and only the edges travel: five years of minutes take an eighth
of a second. Gaps, shares and the coverage of any part of the range follow from the runs.
See: docs/stores.md#what-is-stored
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from backtest.adapters.candles.complete_answer import fetch_columns
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.source import readable
from backtest.types import MINUTE_MS, FloatArray, Instrument, IntArray

# The first moment that the column can hold; counted from there, no candle has a negative place.
_ORIGIN_MS = -2_208_988_800_000

_RUNS_SQL = f"""
WITH toUInt32(intDiv(toUnixTimestamp64Milli(ts_open) - {{origin_ms:Int64}}, {{step_ms:Int64}}))
    AS place
SELECT
    length(firsts), n_used, n_stored, firsts, lasts
FROM
(
    SELECT
        groupBitmapState(place) AS places,
        bitmapCardinality(places) AS n_used,
        uniqExact(place) AS n_stored,
        arraySort(bitmapToArray(bitmapAndnot(places, groupBitmapState(toUInt32(place + 1)))))
            AS firsts,
        arraySort(bitmapToArray(bitmapAndnot(places, groupBitmapState(toUInt32(place - 1)))))
            AS lasts
    FROM {CANDLE_TABLE}
    WHERE market_id = {{market_id:UInt16}} AND symbol = {{symbol:String}}
)
"""  # noqa: S608 - a constant, values are bound


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingSpan:
    """Candles that are missing in a row: the opens of the first and last in epoch milliseconds."""

    first_ms: int
    last_ms: int
    n_missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The unbroken runs of one instrument's candles.

    Attributes:
        step_ms: Length of a candle in milliseconds.
        firsts: Shape (n_runs,) int64 epoch milliseconds, ascending: the open of each first candle.
        lasts: Of each last candle.
    """

    step_ms: int
    firsts: IntArray
    lasts: IntArray

    @property
    def n_candles(self) -> int:
        """How many there are."""
        return int(np.sum(self.lasts - self.firsts)) // self.step_ms + len(self.firsts)

    @property
    def n_expected(self) -> int:
        """How many there would be from the first to the last without gaps."""
        return int(self.lasts[-1] - self.firsts[0]) // self.step_ms + 1 if len(self.firsts) else 0

    @property
    def n_gaps(self) -> int:
        """How often candles are missing."""
        return max(len(self.firsts) - 1, 0)

    @property
    def missing(self) -> IntArray:
        """How many candles each gap lacks, shape (n_gaps,) int64."""
        return (self.firsts[1:] - self.lasts[:-1]) // self.step_ms - 1

    @property
    def longest_gap(self) -> MissingSpan | None:
        """The first among the longest, None without gaps."""
        return self.gap(int(np.argmax(self.missing))) if self.n_gaps else None

    def gap(self, place: int) -> MissingSpan:
        """The gap behind the run of this place."""
        return MissingSpan(
            first_ms=int(self.lasts[place]) + self.step_ms,
            last_ms=int(self.firsts[place + 1]) - self.step_ms,
            n_missing=int(self.missing[place]),
        )

    def n_between(self, start_ms: IntArray, stop_ms: IntArray) -> IntArray:
        """How many candles open in each of several half-open ranges, shape (n_ranges,) int64."""
        if not len(self.firsts):
            return np.zeros(len(start_ms), dtype=np.int64)
        return self._n_before(stop_ms) - self._n_before(start_ms)

    def _n_before(self, moments_ms: IntArray) -> IntArray:
        sizes = (self.lasts - self.firsts) // self.step_ms + 1
        before = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(sizes)))
        run = np.searchsorted(self.firsts, moments_ms) - 1
        inside = -((self.firsts[run] - moments_ms) // self.step_ms)
        counted = before[run] + np.minimum(inside, sizes[run])
        return np.where(run < 0, 0, counted)

    def moment(self, n: int) -> int:
        """The open of the candle with `n` others before it; behind the last, where it ends."""
        sizes = (self.lasts - self.firsts) // self.step_ms + 1
        stops = np.cumsum(sizes)
        run = int(np.searchsorted(stops, n, side="right"))
        if run == len(stops):
            return int(self.lasts[-1]) + self.step_ms
        return int(self.firsts[run] + (n - stops[run] + sizes[run]) * self.step_ms)

    def shares(self, n_parts: int) -> FloatArray:
        """How full each of equal parts of the range is, shape (n_parts,) float64 in [0, 1].

        A range of fewer candles than parts has one part for each candle.
        """
        n_parts = min(n_parts, self.n_expected)
        if n_parts == 0:
            return np.zeros(0)
        places = np.arange(n_parts + 1, dtype=np.int64) * self.n_expected // n_parts
        edges = self.firsts[0] + places * self.step_ms
        return self.n_between(edges[:-1], edges[1:]) / np.diff(places)


def coverage(pool: ClickHousePool, instrument: Instrument, length_ms: int = MINUTE_MS) -> Coverage:
    """What is there of an instrument's candles of a length, which may be nothing.

    Raises:
        CandlesUnavailable: The store cannot be reached or its answer is not complete.
    """
    series = StoredSeries(instrument=instrument, length_ms=length_ms)
    parameters = {
        "market_id": instrument.market_id,
        "symbol": instrument.symbol,
        "origin_ms": _ORIGIN_MS,
        "step_ms": length_ms,
    }
    with readable(pool, _RUNS_SQL, series) as sql:
        edges = pool.run(partial(fetch_columns, sql=sql, parameters=parameters))
    firsts, lasts = (places.astype(np.int64) * length_ms + _ORIGIN_MS for places in edges)
    return Coverage(step_ms=length_ms, firsts=firsts, lasts=lasts)
