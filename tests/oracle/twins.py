"""The twin of an indicator, by its id."""

from typing import Any

from backtest.indicators.definition import Indicator
from tests.oracle import cross, ma, momentum, structure, trend, volatility, volume
from tests.oracle.decimals import Numbers, Rows, in_decimals

TWINS = {
    "cross": cross,
    "ma": ma,
    "momentum": momentum,
    "structure": structure,
    "trend": trend,
    "volatility": volatility,
    "volume": volume,
}


@in_decimals
def exact_output(row: Indicator, rows: Rows, **setting: Any) -> Numbers:
    """The primary output with a hundred digits."""
    return getattr(TWINS[row.group], row.id.partition(".")[2])(rows, **setting)
