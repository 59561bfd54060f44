"""Closes of the target slice, and the lowest and highest of any stretch of them by looking up.

See: docs/scoring.md
"""

from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.bits.bitops import log2_floor
from backtest.jit import inline
from backtest.types import FloatArray

# Windows of 2, 4, 8 and 16 bars from every bar: with both extremes, one cache line per bar.
WINDOW_LEVELS = 4
BLOCK_BARS = 1 << WINDOW_LEVELS


class Prices(NamedTuple):
    """Closes of the target slice and what follows from them.

    `close` is shape (n_bars,). `padded` repeats the last close once, shape (n_bars + 1,), and
    `inverse` is `1 / padded`: a signal that never ends needs no special case, its exit is bar
    `n_bars`. `windows` and `blocks` are `range_tables`; `extremes`, shape (n_blocks, 2), are the
    lowest and the highest close of each 16 bars, in few enough bytes for the first-level cache.

    See: docs/scoring.md
    """

    close: Annotated[FloatArray, "float64[::1]"]
    padded: Annotated[FloatArray, "float64[::1]"]
    inverse: Annotated[FloatArray, "float64[::1]"]
    windows: Annotated[FloatArray, "float64[:, :, ::1]"]
    blocks: Annotated[FloatArray, "float64[:, :, ::1]"]
    extremes: Annotated[FloatArray, "float64[:, ::1]"]


def prices_of(close: FloatArray) -> Prices:
    """The prices of closes, shape (n_bars,), all > 0.

    See: docs/scoring.md
    """
    padded = np.append(close, close[-1:])
    close = padded[: len(close)]
    windows, blocks = range_tables(close)
    extremes = np.ascontiguousarray(blocks[:, 0])
    return Prices(close, padded, 1.0 / padded, windows, blocks, extremes)


def range_tables(close: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest closes of runs of bars that double in length (sparse tables).

    Returns:
        Shape (n_bars, 4, 2): of `2 << level` bars from each bar; and shape (n_blocks, n_levels,
        2): of `1 << level` blocks of 16 bars from each block. Runs are cut at the end.

    See: docs/scoring.md
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
    """Lowest and highest close of the bars `[start, stop)`, which are not empty.

    `windows` and `blocks` are of `Prices`.

    See: docs/scoring.md
    """
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
