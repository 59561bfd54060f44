"""Crosses of two averages: the fast one minus the slow one, whose sign is the signal.

Every function takes a `Series`, a source and two windows, and returns shape (n_bars,) float64 in
price; value `t` reads bars 0..t. Averages that meet are exactly 0 apart (docs/ties.md). That is why
there are three kinds: of the others, the digits that a sign needs are gone when they meet.

See: docs/indicators.md#crosses
"""

from backtest.indicators import sums
from backtest.indicators.series import Series
from backtest.indicators.smoothing import emas_apart
from backtest.types import FloatArray


def sma(series: Series, *, source: str, fast_window: int, slow_window: int) -> FloatArray:
    """Of simple averages, defined from bar `slow_window - 1`.

    Each is a whole sum divided once, so equal averages have equal bits.
    """
    fast = series.shared(sums.sma, source, fast_window)
    return fast - series.shared(sums.sma, source, slow_window)


def ema(series: Series, *, source: str, fast_window: int, slow_window: int) -> FloatArray:
    """Of exponential averages, defined from bar 0: the MACD line."""
    size = series.ticks(source).size
    apart, _ = emas_apart(series, source, fast_window, slow_window, size)
    return apart


def rma(series: Series, *, source: str, fast_window: int, slow_window: int) -> FloatArray:
    """Of Wilder's averages, defined from bar 0.

    Weight `1 / w` is that of an exponential average over `2 w - 1` bars, to the bit.
    """
    return ema(
        series, source=source, fast_window=2 * fast_window - 1, slow_window=2 * slow_window - 1
    )
