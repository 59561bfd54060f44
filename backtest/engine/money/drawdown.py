"""The largest drawdown of a variant without walking bars that cannot matter.

While a position is held, equity is a monotone function of the close, also in floating point. So a
position whose lowest equity stays above the drawdown found so far, measured from the highest peak
it could have, only moves the peak, and one that makes no new peak is settled by its lowest equity;
the lowest and highest close of any stretch of bars are a table look-up. Only positions that make a
new peak and may set a new worst are walked bar by bar. The result is the report's number to the
last bit.

A first look at the bars where trades begin finds most of the drawdown; with that much known, nearly
all positions are settled by the extremes of the few blocks of 16 bars that they lie in.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import NamedTuple

import numpy as np

from backtest.engine.money.account import LONG
from backtest.engine.money.prices import WINDOW_LEVELS, Prices, lowest_highest
from backtest.jit import inline
from backtest.types import FloatArray, IntArray

# Columns of what is kept of a trade: whole numbers, and money. The gap is the equity before it
# where a bar shows that, else NaN.
HELD_FROM, HELD_TO, HELD_SIDE = range(3)
HELD_GAP, HELD_CASH, HELD_QUOTE, HELD_QTY = range(4)
N_HELD_BARS, N_HELD_MONEY = 3, 4

# Longer positions are looked up in the larger tables at once.
FEW_BLOCKS = 4

# Equity this little above the line of the worst drawdown cannot be a new worst, rounding included.
CLEAR = 1.0 + 1e-12


class Position(NamedTuple):
    """An open position.

    `cash` is the money beside it, available and put aside, after the entry's fee. `quote` is what
    the entry took, and `qty` the base bought, or sold by a short.

    See: docs/fills.md
    """

    side: int
    cash: float
    quote: float
    qty: float


@inline
def held_equity(close: float, position: Position) -> float:
    """Equity while a position is open: the cash beside it plus what it is worth at `close`.

    The costs of leaving it are not taken off.

    See: docs/fills.md (tests/oracle/engine.py, `Position.worth`)
    """
    side, cash, quote, qty = position
    return cash + qty * close if side == LONG else cash + (quote + (quote - qty * close))


@inline
def after_bar(worst: float, peak: float, equity: float) -> tuple[float, float]:
    """Largest drawdown, a fraction, and running peak after one more bar.

    The drawdown is NaN, for good, once a peak is not positive.

    See: docs/scoring.md (tests/oracle/engine.py, `max_drawdown`)
    """
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
    """Largest drawdown and running peak after the bars `[start, stop)` of a held position.

    The bars are walked only where their lowest and highest close do not settle it. `windows` and
    `blocks` are of `Prices`.

    See: docs/scoring.md
    """
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


@inline
def keep_trade(
    bars: IntArray, money: FloatArray, n: int, span: tuple[int, int], gap: float, position: Position
) -> None:
    """Keep a trade in row `n`, for `after_trades`.

    Args:
        bars: Shape (n_rows, 3), columns `HELD_FROM` to `HELD_SIDE`.
        money: Shape (n_rows, 4), columns `HELD_GAP` to `HELD_QTY`.
        n: The row.
        span: Bars of the entry and of the exit.
        gap: Equity before the trade where a bar shows it, else NaN.
        position: What is held.

    See: docs/scoring.md
    """
    bars[n, HELD_FROM], bars[n, HELD_TO] = span
    bars[n, HELD_SIDE] = position.side
    money[n, HELD_GAP], money[n, HELD_CASH] = gap, position.cash
    money[n, HELD_QUOTE], money[n, HELD_QTY] = position.quote, position.qty


@inline
def _is_clear(
    extremes: FloatArray, start: int, stop: int, position: Position, worst: float, peak: float
) -> bool:
    """Whether no bar of `[start, stop)` can be a new peak or a new worst, by a glance."""
    first, last = start >> WINDOW_LEVELS, (stop - 1) >> WINDOW_LEVELS
    if last - first >= FEW_BLOCKS or not (peak > 0.0 and worst < 1.0):
        return False
    lowest, highest = extremes[first, 0], extremes[first, 1]
    for b in range(first + 1, last + 1):
        lowest, highest = min(lowest, extremes[b, 0]), max(highest, extremes[b, 1])
    one, other = held_equity(lowest, position), held_equity(highest, position)
    return max(one, other) <= peak and min(one, other) > peak * (1.0 - worst) * CLEAR


@inline
def after_trades(
    prices: Prices, bars: IntArray, money: FloatArray, n: int, worst: float, peak: float
) -> tuple[float, float]:
    """Largest drawdown and running peak after `n` kept trades and the gaps before them.

    `bars` and `money` are as in `keep_trade`. `worst` is a drawdown that is known already, from
    some of the bars. It is not relied on where equity falls below zero: there the smaller peak of
    few bars gives a fall that is too large.

    See: docs/scoring.md
    """
    close, windows, blocks = prices.close, prices.windows, prices.blocks
    extremes = prices.extremes
    worst = worst if worst < 1.0 else 0.0
    for k in range(n):
        i, j, side = bars[k, HELD_FROM], bars[k, HELD_TO], bars[k, HELD_SIDE]
        if not np.isnan(money[k, HELD_GAP]):
            worst, peak = after_bar(worst, peak, money[k, HELD_GAP])
        position = Position(side, money[k, HELD_CASH], money[k, HELD_QUOTE], money[k, HELD_QTY])
        if not _is_clear(extremes, i, j, position, worst, peak):
            worst, peak = after_position(close, windows, blocks, i, j, position, worst, peak)
    return worst, peak
