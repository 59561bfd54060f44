"""Whether a signal that opens the target slice was on before it, where nothing may trade.

See: docs/answer.md
"""

from functools import reduce

import numpy as np

from backtest.control import Control
from backtest.engine.signal_rows.rows import Readers
from backtest.engine.signal_rows.variant_rows import rows_of_variant
from backtest.engine.workers.chunks import Workers
from backtest.grid import Grid
from backtest.indicators.series import Series
from backtest.types import Bars, WordArray

BOTH_BARS = np.uint64(0b11)


def is_on_before(grid: Grid, base: int, bars: Bars, workers: Workers, control: Control) -> bool:
    """Whether a base variant is on the same side on the first target bar and the one before it.

    Args:
        grid: The run's grid.
        base: The base variant.
        bars: The run's bars; without one before the target slice nothing was on.
        workers: Who computes.
        control: The run's handle.

    See: docs/answer.md
    """
    first = bars.target_start
    if first == 0:
        return False
    readers = Readers(Series.of(bars), first - 1, first + 1)
    rows = [
        row.make(np.zeros(1, np.int64), workers, control)
        for row in rows_of_variant(grid, base, readers)
    ]
    sides: WordArray = reduce(np.bitwise_and, rows)[0, :, 0]
    return bool((sides & BOTH_BARS == BOTH_BARS).any())
