"""The closed vocabularies of a backtest.

Apart from `backtest.types`, because a command that only reads the configuration needs these words
and must not wait for NumPy.
"""

from enum import StrEnum

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LENGTH_UNITS = (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS))


def spelled_length(length_ms: int) -> str:
    """`1h` of 3 600 000, whole minutes."""
    unit, unit_ms = next(unit for unit in LENGTH_UNITS if length_ms % unit[1] == 0)
    return f"{length_ms // unit_ms}{unit}"


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
    """What orders variants: `max_drawdown_pct` ascending, the others descending."""

    TOTAL_RETURN_PCT = "total_return_pct"
    MAX_DRAWDOWN_PCT = "max_drawdown_pct"
    RETURN_OVER_MAX_DRAWDOWN = "return_over_max_drawdown"
    PROFIT_FACTOR = "profit_factor"
    SHARPE = "sharpe"
    SORTINO = "sortino"
    CALMAR = "calmar"
    CAGR_PCT = "cagr_pct"


class AnswerPart(StrEnum):
    """What an answer holds beside its variants, only where it is asked for."""

    EVIDENCE = "evidence"
    LANDSCAPE = "landscape"
    RECEIPT = "receipt"
    INTRABAR = "intrabar"


class AxisKind(StrEnum):
    """Where an axis comes from."""

    INDICATOR = "indicator"
    SIGNAL = "signal"
    RISK = "risk"


class SurfaceStatistic(StrEnum):
    """What a cell of a surface tells of the variants in it."""

    BEST = "best"
    MEDIAN = "median"
    MEAN = "mean"
    SLICE = "slice"


class NeighbourhoodShape(StrEnum):
    """What the surroundings of a variant look like."""

    PLATEAU = "plateau"
    SLOPE = "slope"
    SPIKE = "spike"


class ExitReason(StrEnum):
    """Why a trade ended."""

    SIGNAL_EXIT = "signal_exit"
    SL = "sl"
    TP = "tp"
    FORCED_CLOSE = "forced_close"
