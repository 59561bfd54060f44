"""The largest drawdown of a variant without walking bars that cannot matter.

While a position is held, equity is a monotone function of the close, also in floating point. So a
position whose lowest equity stays above the drawdown found so far, measured from the highest peak
it could have, only moves the peak, and one that makes no new peak is settled by its lowest equity;
the lowest and highest close of any stretch of bars are a table look-up. Only positions that make a
new peak and may set a new worst are walked bar by bar. The result is the report's number to the
last bit.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import NamedTuple

import numpy as np

from backtest.engine.account import LONG
from backtest.engine.prices import lowest_highest
from backtest.jit import inline
from backtest.types import FloatArray

# Equity this little above the line of the worst drawdown cannot be a new worst, rounding included.
CLEAR = 1.0 + 1e-12


class Position(NamedTuple):
    """An open position: its side, the cash beside it, the quote it took and the base it bought."""

    side: int
    cash: float
    quote: float
    qty: float


@inline
def held_equity(close: float, position: Position) -> float:
    """Equity while a position is open: cash beside it plus what it is worth at `close`."""
    side, cash, quote, qty = position
    return cash + qty * close if side == LONG else cash + (quote + (quote - qty * close))


@inline
def after_bar(worst: float, peak: float, equity: float) -> tuple[float, float]:
    """Drawdown and peak after one more bar; NaN, for good, once a peak is not positive."""
    if equity > peak:
        peak = equity
    elif worst < 1.0 and equity > peak * (1.0 - worst) * CLEAR:
        return worst, peak
    if not peak > 0.0 or np.isnan(worst):
        return np.nan, peak
    return max(worst, 1.0 - equity / peak), peak


@inline
def after_position(
    close: FloatArray,
    windows: FloatArray,
    blocks: FloatArray,
    start: int,
    stop: int,
    position: Position,
    worst: float,
    peak: float,
) -> tuple[float, float]:
    """Drawdown and peak after the bars `[start, stop)` of a held position."""
    if start >= stop:
        return worst, peak
    lowest, highest = lowest_highest(close, windows, blocks, start, stop)
    first = held_equity(lowest, position)
    second = held_equity(highest, position)
    low, high = min(first, second), max(first, second)
    # From a worst of 1 on, equity is below zero, where the smaller peak gives the larger fall: the
    # shortcuts would take the wrong one, and the bars are walked. The test that fails otherwise is
    # `test_a_fall_below_zero_is_measured_from_the_peak_of_its_time` in test_oracle.py.
    if peak > 0.0 and worst < 1.0:
        new_peak = max(peak, high)
        if low > new_peak * (1.0 - worst) * CLEAR:
            return worst, new_peak
        if new_peak == peak:
            return max(worst, 1.0 - low / peak), peak
    for i in range(start, stop):
        worst, peak = after_bar(worst, peak, held_equity(close[i], position))
    return worst, peak
