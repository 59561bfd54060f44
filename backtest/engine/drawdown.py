"""The largest drawdown of a variant without walking bars that cannot matter.

While a position is held, equity is a monotone function of the close, also in floating point. So a
position whose lowest equity stays above the drawdown found so far, measured from the highest peak
it could have, only moves the peak, and one that makes no new peak is settled by its lowest equity;
the lowest and highest close of any stretch of bars are a table look-up. Only positions that make a
new peak and may set a new worst are walked bar by bar. The result is the report's number to the
last bit.

See: docs/scoring.md
"""

import numpy as np

from backtest.engine.account import LONG
from backtest.engine.bitops import log2_floor
from backtest.jit import inline
from backtest.types import FloatArray

# Windows of 2, 4, 8 and 16 bars from every bar: with both extremes, one cache line per bar.
WINDOW_LEVELS = 4
BLOCK_BARS = 1 << WINDOW_LEVELS

# Equity this little above the line of the worst drawdown cannot be a new worst, rounding included.
CLEAR = 1.0 + 1e-12


def range_tables(close: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest closes of runs of bars that double in length (sparse tables).

    Returns:
        Shape (n_bars, 4, 2): of `2 << level` bars from each bar; and shape (n_blocks, n_levels,
        2): of `1 << level` blocks of 16 bars from each block. Runs are cut at the end.
    """
    n_bars = len(close)
    windows = np.empty((n_bars, WINDOW_LEVELS, 2), np.float64)
    n_blocks = -(-n_bars // BLOCK_BARS)
    blocks = np.empty((n_blocks, n_blocks.bit_length(), 2), np.float64)
    for kind, extreme in enumerate((np.minimum, np.maximum)):
        run = close
        for level in range(WINDOW_LEVELS):
            run = _doubled(run, 1 << level, extreme)
            windows[:, level, kind] = run
        run = run[::BLOCK_BARS]
        for level in range(blocks.shape[1]):
            blocks[:, level, kind] = run
            run = _doubled(run, 1 << level, extreme)
    return windows, blocks


def _doubled(run: FloatArray, shift: int, extreme: np.ufunc) -> FloatArray:
    """Extremes of runs twice as long: each with the one `shift` places further on."""
    wide = run.copy()
    if shift < len(run):
        extreme(run[:-shift], run[shift:], out=wide[:-shift])
    return wide


@inline
def lowest_highest(
    close: FloatArray, windows: FloatArray, blocks: FloatArray, start: int, stop: int
) -> tuple[float, float]:
    """Lowest and highest close of the bars `[start, stop)`, which are not empty."""
    if stop - start == 1:
        return close[start], close[start]
    exponent = min(log2_floor(stop - start), WINDOW_LEVELS)
    end = stop - (1 << exponent)
    low = min(windows[start, exponent - 1, 0], windows[end, exponent - 1, 0])
    high = max(windows[start, exponent - 1, 1], windows[end, exponent - 1, 1])
    first = (start + BLOCK_BARS - 1) >> WINDOW_LEVELS
    n_blocks = (stop >> WINDOW_LEVELS) - first
    if n_blocks > 0:
        level = log2_floor(n_blocks)
        last = first + n_blocks - (1 << level)
        low = min(low, blocks[first, level, 0], blocks[last, level, 0])
        high = max(high, blocks[first, level, 1], blocks[last, level, 1])
    return low, high


@inline
def held_equity(close: float, side: int, cash: float, quote: float, qty: float) -> float:
    """Equity while a position is open: cash beside it plus what it is worth at `close`."""
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
    side: int,
    cash: float,
    quote: float,
    qty: float,
    worst: float,
    peak: float,
) -> tuple[float, float]:
    """Drawdown and peak after the bars `[start, stop)` of a held position."""
    if start >= stop:
        return worst, peak
    lowest, highest = lowest_highest(close, windows, blocks, start, stop)
    first = held_equity(lowest, side, cash, quote, qty)
    second = held_equity(highest, side, cash, quote, qty)
    low, high = min(first, second), max(first, second)
    if peak > 0.0 and worst < 1.0:
        new_peak = max(peak, high)
        if low > new_peak * (1.0 - worst) * CLEAR:
            return worst, new_peak
        if new_peak == peak:
            return max(worst, 1.0 - low / peak), peak
    for i in range(start, stop):
        equity = held_equity(close[i], side, cash, quote, qty)
        worst, peak = after_bar(worst, peak, equity)
    return worst, peak
