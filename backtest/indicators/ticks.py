"""Prices and volumes as whole numbers, so that what is equal in decimals is equal in binary.

100.30 - 100.07 and 100.07 - 99.84 are the same move, but not as differences of binary fractions.
As counts of a decimal unit they are. The unit follows from the first bar alone: more bars never
change a count.

See: docs/ties.md
"""

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from backtest.types import FloatArray

# The first close has this many digits in units. That covers a tick of 1e-8 at a price of 9 999 and
# leaves 2^53 a factor of 9 000 above for sums over a window and for prices that rise.
DIGITS = 12
# The largest power of ten that is a float64.
MOST_DECIMALS = 22
# A price is off its decimal by one rounding, or by a few where it was a product or a quotient.
WRITTEN = 2.0**-51
LOTS_PER_VOLUME = 1e8
# A volume summed over the minutes of a bar is off its decimal by some roundings.
SUMMED = 2.0**-40
LEAST_DOUBT = 0.1


class Ticks(NamedTuple):
    """A series in units; a value is `counts / per_one`.

    `counts` is shape (n_bars,) float64, whole numbers wherever the value is a decimal of the unit.
    """

    counts: FloatArray
    per_one: float

    @property
    def size(self) -> float:
        """The value of one unit."""
        return 1.0 / self.per_one


def units_per_price(first_close: float) -> float:
    """The power of ten that gives the first close `DIGITS` digits; 1 where there are none."""
    if not 0.0 < first_close < np.inf:
        return 1.0
    n_whole = Decimal(repr(first_close)).adjusted() + 1
    return 10.0 ** min(max(DIGITS - n_whole, 0), MOST_DECIMALS)


def price_counts(prices: FloatArray, per_one: float) -> FloatArray:
    """Prices in units, whole where they are up to a few roundings."""
    raw = prices * per_one
    whole = np.rint(raw)
    return np.where(np.abs(raw - whole) <= np.abs(whole) * WRITTEN, whole, raw)


def are_whole(prices: FloatArray, per_one: float) -> bool:
    """Whether all prices are whole numbers of units, up to a few roundings."""
    counts = price_counts(prices, per_one)
    return bool(np.all(counts == np.rint(counts)))


def lot_counts(volumes: FloatArray) -> FloatArray:
    """Volumes in units of 1e-8, whole where they are up to the roundings of a sum."""
    raw = volumes * LOTS_PER_VOLUME
    whole = np.rint(raw)
    doubt = np.minimum(np.abs(whole) * SUMMED, LEAST_DOUBT)
    return np.where(np.abs(raw - whole) <= doubt, whole, raw)
