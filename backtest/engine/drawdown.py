"""The largest drawdown of a trade log without walking bars that cannot matter.

While a position is held, equity is a monotone function of the close, also in floating point. So a
block of bars whose lowest and highest equity cannot beat the drawdown found so far only moves the
peak. The result is the report's number to the last bit.

See: docs/scoring.md
"""

import numpy as np

from backtest.engine.account import INIT_CASH, LONG
from backtest.engine.trades import (
    AVAILABLE_AFTER,
    ENTRY,
    ENTRY_FEE,
    ENTRY_QUOTE,
    EXIT,
    QTY,
    SAFE_AFTER,
    SIDE,
)
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray

BLOCK_BARS = 64


def block_extrema(close: FloatArray) -> FloatArray:
    """Lowest and highest close of each block of 64 bars, shape (2, n_blocks)."""
    starts = np.arange(0, len(close), BLOCK_BARS)
    return np.stack((np.minimum.reduceat(close, starts), np.maximum.reduceat(close, starts)))


@inline
def held_equity(close: float, side: int, cash: float, quote: float, qty: float) -> float:
    """Equity while a position is open: cash beside it plus what it is worth at `close`."""
    return cash + qty * close if side == LONG else cash + (quote + (quote - qty * close))


@inline
def _next(worst: float, peak: float, equity: float) -> tuple[float, float]:
    """Drawdown and peak after one more bar; NaN, for good, once a peak is not positive."""
    peak = max(peak, equity)
    if not peak > 0.0 or np.isnan(worst):
        return np.nan, peak
    return max(worst, 1.0 - equity / peak), peak


@inline
def _walk(
    close: FloatArray,
    extrema: FloatArray,
    start: int,
    stop: int,
    side: int,
    cash: float,
    quote: float,
    qty: float,
    worst: float,
    peak: float,
) -> tuple[float, float]:
    """Bars `start` to `stop` of one position, whole blocks skipped where they cannot matter."""
    i = start
    while i < stop:
        block = i // BLOCK_BARS
        if i % BLOCK_BARS == 0 and i + BLOCK_BARS <= stop:
            first = held_equity(extrema[0, block], side, cash, quote, qty)
            second = held_equity(extrema[1, block], side, cash, quote, qty)
            low, high = min(first, second), max(first, second)
            new_peak = max(peak, high)
            if peak > 0.0 and 1.0 - low / new_peak <= worst:
                peak = new_peak
                i += BLOCK_BARS
                continue
        block_end = min(stop, (block + 1) * BLOCK_BARS)
        while i < block_end:
            equity = held_equity(close[i], side, cash, quote, qty)
            worst, peak = _next(worst, peak, equity)
            i += 1
    return worst, peak


@kernel(
    "float64(float64[::1], float64[:, ::1], float64[::1], int64[:, ::1], float64[:, ::1], int64)"
)
def max_drawdown(
    close: FloatArray,
    extrema: FloatArray,
    terms: FloatArray,
    log: IntArray,
    money: FloatArray,
    n_trades: int,
) -> float:
    """Largest `1 - equity / running peak` over the closes of the slice.

    Args:
        close: Shape (n_bars,), the target slice.
        extrema: `block_extrema(close)`.
        terms: The account's terms.
        log: Trade log of `replay`; `money` its money part.
        money: See `log`.
        n_trades: Rows of the log.

    Returns:
        A fraction >= 0; NaN where a running peak is not positive.
    """
    worst = 0.0
    available = terms[INIT_CASH]
    safe = 0.0
    peak = -np.inf
    next_bar = 0
    for k in range(n_trades):
        entry, stop = log[k, ENTRY], log[k, EXIT]
        if next_bar < entry:
            worst, peak = _next(worst, peak, available + safe)
        quote = money[k, ENTRY_QUOTE]
        cash = available - (quote + money[k, ENTRY_FEE]) + safe
        worst, peak = _walk(
            close, extrema, entry, stop, log[k, SIDE], cash, quote, money[k, QTY], worst, peak
        )
        available, safe = money[k, AVAILABLE_AFTER], money[k, SAFE_AFTER]
        next_bar = stop
        if np.isnan(worst):
            return worst
    if next_bar < close.shape[0]:
        worst, peak = _next(worst, peak, available + safe)
    return worst
