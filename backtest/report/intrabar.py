"""What closes hide: stops and targets that a bar touched before the close that ended the trade.

See: docs/evidence.md#what-closes-hide
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false, reportReturnType=false
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.engine.money.account import LONG, Terms, entry_fill
from backtest.engine.money.trades import (
    ENTRY,
    EXIT,
    REASON,
    SIDE,
    SIGNAL_EXIT,
    STOP_LOSS,
    TAKE_PROFIT,
    book,
    locked_profit,
    settle,
)
from backtest.jit import inline, kernel
from backtest.result import Intrabar, Risk
from backtest.types import FloatArray, IntArray


class Extent(NamedTuple):
    """How far the bars of the target slice reach, each shape (n_bars,), quote currency.

    See: docs/evidence.md#what-closes-hide
    """

    close: Annotated[FloatArray, "float64[::1]"]
    high: Annotated[FloatArray, "float64[::1]"]
    low: Annotated[FloatArray, "float64[::1]"]


@inline
def levels_of(fill: float, side: int, percents: tuple[float, float]) -> tuple[float, float]:
    """Stop and target of an entry fill, formed as first passages form them; NaN where disabled."""
    down, up = percents if side == LONG else (percents[1], percents[0])
    below, above = fill * (1.0 - down / 100.0), fill * (1.0 + up / 100.0)
    return (below, above) if side == LONG else (above, below)


@inline
def first_touch(
    extent: Extent, leg: NDArray[np.int32], levels: tuple[float, float]
) -> tuple[int, float]:
    """Which level was touched before the close that ended the trade, and where it lies.

    The bar of the entry is over when the entry fills. In the bar of the exit, the level at which
    the close itself ended the trade is not touched before. No comparison with NaN holds.
    """
    stop, target = levels
    is_long, last = leg[SIDE] == LONG, leg[EXIT]
    for bar in range(leg[ENTRY] + 1, last + 1):
        low, high = extent.low[bar], extent.high[bar]
        if bar == last and leg[REASON] == STOP_LOSS:
            break
        if (low <= stop) if is_long else (high >= stop):
            return STOP_LOSS, stop
        if bar == last and leg[REASON] == TAKE_PROFIT:
            break
        if (high >= target) if is_long else (low <= target):
            return TAKE_PROFIT, target
    return SIGNAL_EXIT, extent.close[last]


@kernel("float64(Extent, Terms, int32[:, ::1], UniTuple(float64, 2), int64[::1])")
def fill_at_touches(
    extent: Extent,
    terms: Terms,
    legs: NDArray[np.int32],
    percents: tuple[float, float],
    touched: IntArray,
) -> float:
    """Trade the same entries again, out at the first level that a bar touched.

    Args:
        extent: The bars of the target slice.
        terms: The account's terms.
        legs: Shape (n_trades, 4), the whole-number part of the variant's trade log.
        percents: Stop-loss and take-profit in percent; NaN where disabled.
        touched: Out, shape (4,): trades by the level that was touched first, at `STOP_LOSS` and
            `TAKE_PROFIT`; at `SIGNAL_EXIT` those where none was.

    Returns:
        Quote currency of the account after the last trade.

    See: docs/evidence.md#what-closes-hide
    """
    available, safe = terms.init_cash, 0.0
    touched[:] = 0
    for k in range(legs.shape[0]):
        leg = legs[k]
        side, close_in = leg[SIDE], extent.close[leg[ENTRY]]
        levels = levels_of(entry_fill(close_in, side, terms), side, percents)
        reason, price_out = first_touch(extent, leg, levels)
        touched[reason] += 1
        quote = min(available, terms.budget_cap)
        # not `quote <= 0`: a NaN, which an overflow leaves, must not trade either
        if not quote > 0.0:
            continue
        settled = settle(quote, close_in, price_out, side, terms)
        locked = locked_profit(settled.net, terms)
        available, safe = book(available, safe, quote, settled, locked)
    return available + safe


def what_closes_hide(
    extent: Extent, terms: Terms, legs: NDArray[np.int32], risk: Risk
) -> Intrabar | None:
    """Count the trades of a variant that bars would have ended before their close, and their worth.

    Args:
        extent: The bars of the target slice.
        terms: The account's terms.
        legs: Shape (n_trades, 4) int32, the whole-number part of the variant's trade log.
        risk: The variant's stop-loss and take-profit.

    Returns:
        None where it has neither.

    See: docs/evidence.md#what-closes-hide
    """
    if risk.sl_pct is None and risk.tp_pct is None:
        return None
    stop, target = (np.nan if pct is None else float(pct) for pct in (risk.sl_pct, risk.tp_pct))
    touched = np.empty(4, np.int64)
    end = fill_at_touches(extent, terms, legs, (stop, target), touched)
    return Intrabar(
        trades_touched_stop=int(touched[STOP_LOSS]),
        trades_touched_target=int(touched[TAKE_PROFIT]),
        total_return_pct=(end / terms.init_cash - 1.0) * 100.0,
    )
