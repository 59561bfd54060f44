"""The nouns of a backtest. Frozen, validated before they are built, trusted everywhere."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SignalArray = NDArray[np.int8]
WordArray = NDArray[np.uint64]

MINUTE_MS = 60_000


class Timeframe(StrEnum):
    """Length of a bar."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    H1 = "1h"
    H4 = "4h"
    D1 = "1d"

    @property
    def ms(self) -> int:
        """Length in milliseconds."""
        return _TIMEFRAME_MINUTES[self] * MINUTE_MS


_TIMEFRAME_MINUTES = {
    Timeframe.M1: 1,
    Timeframe.M5: 5,
    Timeframe.M15: 15,
    Timeframe.H1: 60,
    Timeframe.H4: 240,
    Timeframe.D1: 1440,
}


class DirectionMode(StrEnum):
    """Which sides a strategy may enter. The forbidden side still exits the other."""

    LONG_ONLY = "long-only"
    SHORT_ONLY = "short-only"
    LONG_SHORT = "long-short"


class SizingMode(StrEnum):
    """How much quote an entry takes (docs/fills.md)."""

    ALL_IN = "all_in"
    FIXED_QUOTE = "fixed_quote"
    COMPOUND = "strategy_compound"
    PROFIT_LOCK = "strategy_compound_profit_lock"


class RankingMetric(StrEnum):
    """What orders variants; `max_drawdown_pct` ascending, the others descending."""

    TOTAL_RETURN_PCT = "total_return_pct"
    MAX_DRAWDOWN_PCT = "max_drawdown_pct"
    RETURN_OVER_MAX_DRAWDOWN = "return_over_max_drawdown"
    PROFIT_FACTOR = "profit_factor"


class ExitReason(StrEnum):
    """Why a trade ended."""

    SIGNAL_EXIT = "signal_exit"
    SL = "sl"
    TP = "tp"
    FORCED_CLOSE = "forced_close"


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
