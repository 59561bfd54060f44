"""The nouns of a backtest. Frozen, validated before they are built, trusted everywhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.enums import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    AnswerPart,
    DirectionMode,
    ExitReason,
    RankingMetric,
    SizingMode,
    Timeframe,
)

__all__ = [
    "DAY_MS",
    "HOUR_MS",
    "MINUTE_MS",
    "AnswerPart",
    "Bars",
    "DirectionMode",
    "Execution",
    "ExitReason",
    "FloatArray",
    "Instrument",
    "IntArray",
    "Ranking",
    "RankingMetric",
    "SignalArray",
    "SizingMode",
    "TimeRange",
    "Timeframe",
    "WordArray",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SignalArray = NDArray[np.int8]
WordArray = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A market and a symbol on it, already stripped and upper-cased."""

    market_id: int
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """Half-open `[start_ms, end_ms)`, epoch milliseconds UTC."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Primary metric, then an optional different secondary one, then the variant key."""

    primary: RankingMetric = RankingMetric.TOTAL_RETURN_PCT
    secondary: RankingMetric | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The five effective execution scalars, in the units of the contract (percent is human)."""

    init_cash_quote: float
    fixed_quote: float
    safe_profit_percent: float
    fee_pct: float
    slippage_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Consecutive bars of one instrument and timeframe, warm-up included.

    `ts_open` is shape (n_bars,) int64 epoch milliseconds, step `timeframe.ms`; the other arrays
    are shape (n_bars,) float64, contiguous and finite. The target slice `[target_start,
    target_stop)` holds the bars that trade and count (docs/timeline.md).
    """

    timeframe: Timeframe
    ts_open: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    target_start: int
    target_stop: int

    @property
    def ts_close(self) -> IntArray:
        """Close time of each bar: open time plus the timeframe."""
        return self.ts_open + self.timeframe.ms

    def __len__(self) -> int:
        return len(self.ts_open)
