"""What variants share must not show: no series depends on what was asked before it."""

import random

import numpy as np
import pytest

from backtest.indicators.catalog import INDICATORS, public_indicators
from backtest.indicators.series import Series
from backtest.types import FloatArray
from benchmarks.indicators import grid_of, spread

N_BARS = 2_500
N_SETTINGS = 12


def holed_series() -> Series:
    """A walk with a standing stretch, bars without volume and a few bars that are missing."""
    dice = np.random.default_rng(5)
    close = 100 + np.cumsum(dice.normal(size=N_BARS))
    open_ = close + 0.1 * dice.normal(size=N_BARS)
    high = np.maximum(open_, close) + dice.random(N_BARS)
    low = np.minimum(open_, close) - dice.random(N_BARS)
    volume = 10 * dice.random(N_BARS)
    standing = slice(800, 1_000)
    for prices in (open_, high, low, close):
        prices[standing] = close[800]
    volume[standing] = 0.0
    for start in (37, 1_023, 1_026, 1_500):
        for values in (open_, high, low, close, volume):
            values[start : start + 3] = np.nan
    named: dict[str, FloatArray] = {
        "open": open_,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "hl2": (high + low) / 2,
        "hlc3": (high + low + close) / 3,
        "ohlc4": (open_ + high + low + close) / 4,
    }
    return Series(named)


@pytest.mark.parametrize("indicator_id", [row.id for row in public_indicators()])
def test_a_series_is_the_same_to_the_bit_whatever_was_asked_before(indicator_id: str) -> None:
    row, series = INDICATORS[indicator_id], holed_series()
    settings = spread(grid_of(row, 400), N_SETTINGS)
    alone = [row.compute(series.fork(), **setting) for setting in settings]

    memory, dice = series.fork(), random.Random(indicator_id)
    for place in dice.choices(range(len(settings)), k=3 * len(settings)):
        asked = row.compute(memory, **settings[place])
        assert np.array_equal(asked, alone[place], equal_nan=True)
