"""The bit rows of one base variant, each of its indicators by itself.

See: docs/signals.md
"""

from backtest.engine.signal_rows.rows import IndicatorRows, Readers
from backtest.grid import Grid, IndicatorAxes


def rows_of_variant(grid: Grid, base: int, readers: Readers) -> list[IndicatorRows]:
    """What makes the one row of each indicator of a base variant, in the order of the grid.

    Args:
        grid: The run's grid.
        base: The base variant.
        readers: Candles of the bars that the rows are read at.

    See: docs/signals.md
    """
    point = grid.point(base)
    return [
        IndicatorRows(_alone(entry, compute, signal), readers)
        for entry, compute, signal in zip(
            grid.indicators, point.compute, point.signals, strict=True
        )
    ]


def _alone(entry: IndicatorAxes, compute: int, signal: int) -> IndicatorAxes:
    """One setting of an indicator as a grid of its own."""
    setting, signals = entry.setting(compute), entry.signal_setting(signal)
    return IndicatorAxes(
        indicator=entry.indicator,
        axes=tuple((name, (setting[name],)) for name, _ in entry.axes),
        signal_axes=tuple((name, (signals[name],)) for name, _ in entry.signal_axes),
    )
