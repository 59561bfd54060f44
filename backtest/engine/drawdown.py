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
from backtest.jit import inline
from backtest.types import FloatArray

BLOCK_BARS = 16
BLOCK_BITS = 4


def range_tables(close: FloatArray) -> FloatArray:
    """What `lowest_highest` looks up.

    Returns:
        Shape (2, 2 + n_levels, n_bars): for lows and highs, the extreme from the start of its
        block up to each bar, from each bar to the end of its block, and then of `2 ** level`
        whole blocks from each block on (a sparse table; only the first n_blocks places count).
    """
    n_bars = len(close)
    n_blocks = -(-n_bars // BLOCK_BARS)
    n_levels = max(1, n_blocks.bit_length())
    tables = np.zeros((2, 2 + n_levels, n_bars), np.float64)
    padded = np.append(close, np.repeat(close[-1:], n_blocks * BLOCK_BARS - n_bars))
    blocks = padded.reshape(n_blocks, BLOCK_BARS)
    for kind, extreme in enumerate((np.minimum, np.maximum)):
        table = tables[kind]
        table[0] = extreme.accumulate(blocks, axis=1).reshape(-1)[:n_bars]
        from_end = extreme.accumulate(blocks[:, ::-1], axis=1)[:, ::-1]
        table[1] = from_end.reshape(-1)[:n_bars]
        table[2, :n_blocks] = extreme.reduce(blocks, axis=1)
        for level in range(1, n_levels):
            half = 1 << (level - 1)
            table[2 + level] = table[1 + level]
            reach = max(0, n_blocks - half)
            table[2 + level, :reach] = extreme(
                table[1 + level, :reach], table[1 + level, half : half + reach]
            )
    return tables


@inline
def lowest_highest(
    close: FloatArray, tables: FloatArray, start: int, stop: int
) -> tuple[float, float]:
    """Lowest and highest close of the bars `[start, stop)`, which are not empty."""
    first, last = start >> BLOCK_BITS, (stop - 1) >> BLOCK_BITS
    if first == last:
        low = high = close[start]
        for i in range(start + 1, stop):
            low = min(low, close[i])
            high = max(high, close[i])
        return low, high
    low = min(tables[0, 1, start], tables[0, 0, stop - 1])
    high = max(tables[1, 1, start], tables[1, 0, stop - 1])
    n_between = last - first - 1
    if n_between > 0:
        level = 0
        while (2 << level) <= n_between:
            level += 1
        end = last - (1 << level)
        low = min(low, tables[0, 2 + level, first + 1], tables[0, 2 + level, end])
        high = max(high, tables[1, 2 + level, first + 1], tables[1, 2 + level, end])
    return low, high


@inline
def held_equity(close: float, side: int, cash: float, quote: float, qty: float) -> float:
    """Equity while a position is open: cash beside it plus what it is worth at `close`."""
    return cash + qty * close if side == LONG else cash + (quote + (quote - qty * close))


@inline
def after_bar(worst: float, peak: float, equity: float) -> tuple[float, float]:
    """Drawdown and peak after one more bar; NaN, for good, once a peak is not positive."""
    peak = max(peak, equity)
    if not peak > 0.0 or np.isnan(worst):
        return np.nan, peak
    return max(worst, 1.0 - equity / peak), peak


@inline
def after_position(
    close: FloatArray,
    tables: FloatArray,
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
    lowest, highest = lowest_highest(close, tables, start, stop)
    first = held_equity(lowest, side, cash, quote, qty)
    second = held_equity(highest, side, cash, quote, qty)
    new_peak = max(peak, first, second)
    if peak > 0.0:
        low = min(first, second)
        # below zero, a fall measures deeper from a smaller peak
        deepest = 1.0 - low / (new_peak if low >= 0.0 else peak)
        if deepest <= worst:
            return worst, new_peak
        if new_peak == peak:
            return deepest, peak
    for i in range(start, stop):
        equity = held_equity(close[i], side, cash, quote, qty)
        worst, peak = after_bar(worst, peak, equity)
    return worst, peak
