"""Whether a signal that opens the target slice was on before it, where nothing may trade.

See: docs/answer.md
"""

from functools import reduce

import numpy as np

from backtest.control import Control
from backtest.engine.chunks import Workers
from backtest.engine.rows import IndicatorRows, Readers
from backtest.grid import Grid, IndicatorAxes
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
    point = grid.point(base)
    rows = [
        IndicatorRows(_alone(entry, compute, signal), readers).make(
            np.zeros(1, np.int64), workers, control
        )
        for entry, compute, signal in zip(
            grid.indicators, point.compute, point.signals, strict=True
        )
    ]
    sides: WordArray = reduce(np.bitwise_and, rows)[0, :, 0]
    return bool((sides & BOTH_BARS == BOTH_BARS).any())


def _alone(entry: IndicatorAxes, compute: int, signal: int) -> IndicatorAxes:
    """One setting of an indicator as a grid of its own."""
    setting, signals = entry.setting(compute), entry.signal_setting(signal)
    return IndicatorAxes(
        indicator=entry.indicator,
        axes=tuple((name, (setting[name],)) for name, _ in entry.axes),
        signal_axes=tuple((name, (signals[name],)) for name, _ in entry.signal_axes),
    )
