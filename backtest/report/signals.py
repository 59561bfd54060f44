"""What the signal of one variant says at each bar, and what its indicators say.

See: docs/signals.md#the-signal-of-one-variant
"""

from collections.abc import Mapping
from functools import reduce

import numpy as np

from backtest.engine.signal_rows.rows import Readers
from backtest.engine.signal_rows.variant_rows import rows_of_variant
from backtest.grid import Grid
from backtest.indicators.series import Series
from backtest.result import SignalStretches
from backtest.types import Bars, IntArray, WordArray


def indicator_rows(grid: Grid, base: int, bars: Bars) -> Mapping[str, WordArray]:
    """Bit rows over the target slice of each indicator of a base variant, made anew.

    Args:
        grid: The run's grid.
        base: The base variant.
        bars: The run's bars, warm-up included.

    Returns:
        Shape (2, n_words) by indicator, long before short, whatever the direction of the run.

    See: docs/signals.md#the-signal-of-one-variant
    """
    readers = Readers(Series.of(bars), bars.target_start, bars.target_stop)
    ids = (entry.indicator.id for entry in grid.indicators)
    rows = rows_of_variant(grid, base, readers)
    return {name: row.only() for name, row in zip(ids, rows, strict=True)}


def together(rows: Mapping[str, WordArray]) -> WordArray:
    """The signal of a strategy: long where all are long, short where all are short.

    See: docs/signals.md
    """
    return reduce(np.bitwise_and, rows.values())


def stretches_of(row: WordArray, ts_close: IntArray, max_points: int) -> SignalStretches:
    """A signal in at most `max_points` stretches.

    Where the signal changes so seldom that there is room for it, each stretch has one signal;
    otherwise all have the same number of bars, but for the last one.

    Args:
        row: Shape (2, n_words), long before short; no bar is both.
        ts_close: Shape (n_bars,) int64, n_bars > 0, epoch milliseconds.
        max_points: At least 1.

    See: docs/signals.md#the-signal-of-one-variant
    """
    n_bars = len(ts_close)
    long, short = np.unpackbits(row.view(np.uint8), axis=1, count=n_bars, bitorder="little")
    first = np.append(0, np.flatnonzero(np.diff(long) | np.diff(short)) + 1)
    if len(first) > max_points:
        first = np.arange(0, n_bars, -(-n_bars // max_points))
    after = np.append(first[1:], n_bars)
    return SignalStretches(
        from_ts=ts_close[first],
        to_ts=ts_close[after - 1],
        n_bars=after - first,
        n_long=np.add.reduceat(long, first, dtype=np.int64),
        n_short=np.add.reduceat(short, first, dtype=np.int64),
    )
