"""Equity at every close of the target slice, and what it says of drawdowns and exposure.

See: docs/metrics.md
"""

import numpy as np

from backtest.engine.money.account import Terms
from backtest.engine.money.drawdown import Position, held_equity
from backtest.engine.money.trades import (
    AVAILABLE_AFTER,
    ENTRY,
    ENTRY_FEE,
    ENTRY_QUOTE,
    EXIT,
    QTY,
    SAFE_AFTER,
    SIDE,
    TradeLog,
)
from backtest.jit import kernel
from backtest.types import FloatArray

# A bar is in drawdown when it is this fraction below the peak; rounding alone stays below it.
IN_DRAWDOWN = 1e-12

WORST, MEAN, LONGEST_BARS, MEAN_MS, N_EPISODES = range(5)


@kernel("void(float64[::1], Terms, TradeLog, float64[::1], float64[::1])")
def draw_equity(
    close: FloatArray, terms: Terms, log: TradeLog, equity: FloatArray, invested: FloatArray
) -> None:
    """Equity after each bar's actions, and the quote of the latest trade that covers the bar.

    Args:
        close: Shape (n_bars,), the target slice.
        terms: The account's terms.
        log: Exactly the trades.
        equity: Out, shape (n_bars,), quote currency.
        invested: Out, shape (n_bars,): entry quote where a trade covers the bar, else 0.

    See: docs/metrics.md
    """
    n_bars = close.shape[0]
    available = terms.init_cash
    safe = 0.0
    bar = 0
    invested[:] = 0.0
    legs, money = log.legs, log.money
    for k in range(legs.shape[0]):
        entry, stop, side = legs[k, ENTRY], legs[k, EXIT], legs[k, SIDE]
        while bar < entry:
            equity[bar] = available + safe
            bar += 1
        quote = money[k, ENTRY_QUOTE]
        cash = available - (quote + money[k, ENTRY_FEE]) + safe
        position = Position(side, cash, quote, money[k, QTY])
        for i in range(entry, stop):
            equity[i] = held_equity(close[i], position)
            invested[i] = quote
        available, safe = money[k, AVAILABLE_AFTER], money[k, SAFE_AFTER]
        equity[stop] = available + safe
        invested[stop] = quote
        bar = stop + 1
    while bar < n_bars:
        equity[bar] = available + safe
        bar += 1


@kernel("void(float64[::1], int64, float64[::1], float64[::1])")
def measure_drawdowns(
    equity: FloatArray, bar_ms: int, drawdown: FloatArray, out: FloatArray
) -> None:
    """Fall from the running peak at each bar, and its episodes.

    Args:
        equity: Shape (n_bars,).
        bar_ms: Length of a bar in milliseconds.
        drawdown: Out, shape (n_bars,), fractions; NaN from a bar whose peak is not positive.
        out: Out, shape (5,): worst and mean fraction, longest episode in bars, mean episode in
            milliseconds (floored), number of episodes. Worst and mean are NaN if any bar is.

    See: docs/metrics.md
    """
    peak = -np.inf
    total = worst = 0.0
    longest = episodes = in_episodes = 0
    start = -1
    last = equity.shape[0] - 1
    for i in range(equity.shape[0]):
        peak = max(peak, equity[i])
        fall = 1.0 - equity[i] / peak if peak > 0.0 else np.nan
        drawdown[i] = fall
        total += fall
        worst = max(worst, fall)
        is_under = fall > IN_DRAWDOWN
        if is_under and start < 0:
            start = i
        if start >= 0 and (not is_under or i == last):
            longest = max(longest, i - start)
            in_episodes += i - start
            episodes += 1
            start = -1
    n_bars = equity.shape[0]
    mean = total / n_bars if n_bars > 0 else np.nan
    out[WORST], out[MEAN] = (np.nan if np.isnan(mean) else worst), mean
    out[LONGEST_BARS], out[N_EPISODES] = longest, episodes
    out[MEAN_MS] = in_episodes * bar_ms // episodes if episodes > 0 else 0


@kernel("float64(float64[::1], float64[::1])")
def mean_exposure(equity: FloatArray, invested: FloatArray) -> float:
    """Mean over all bars of invested quote over equity; NaN if a covered bar's equity is 0.

    See: docs/metrics.md
    """
    total = 0.0
    for i in range(equity.shape[0]):
        if invested[i] != 0.0:
            if equity[i] == 0.0:
                return np.nan
            total += invested[i] / equity[i]
    n_bars = equity.shape[0]
    return total / n_bars if n_bars > 0 else np.nan
