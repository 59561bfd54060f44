"""What the equity at the end of each UTC day says: Sharpe, Sortino, volatility and growth.

Sums run from the first day to the last, one after the other, as in the libraries that these numbers
are compared with, so that they agree to the last bit.

See: docs/ratios.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
import math
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.money.drawdown import N_HELD_BARS, N_HELD_MONEY
from backtest.jit import inline
from backtest.types import DAY_MS, FloatArray, IntArray

DAYS_PER_YEAR = 365
ROOT_OF_YEAR = math.sqrt(DAYS_PER_YEAR)

# A compound annual rate of fewer days says more about the exponent than about the strategy.
MIN_GROWTH_DAYS = 30
# A deviation of one return is not defined.
MIN_SPREAD_DAYS = 2

# Returns of a day that differ by less are rounding, and count as equal.
NOISE = 1e-12


class Measures(NamedTuple):
    """What is measured of a variant on the way through its trades, beside its money.

    `peak` is where the running peak of the drawdown starts: NaN where no drawdown is wanted, minus
    infinity where the first bar is the first peak, as in the table of 25, and the initial cash
    where a loss on the first bar counts. `is_rough` looks at bars where trades begin, and at one of
    each gap between them, which gives a drawdown that is never too large.

    `last_bars`, shape (n_days,), is the last bar of each UTC day, by close time, without a first
    bar that is a day of its own; empty where daily numbers are not wanted. `n_days` is the time
    that the bars cover, which may end within a day. The scratches are of one thread: `daily` is as
    long as `last_bars`, `held_bars` and `held_money` have a row for each trade where a drawdown is
    wanted whole.

    See: docs/ratios.md
    """

    peak: Annotated[float, "float64"]
    is_rough: Annotated[bool, "boolean"]
    last_bars: Annotated[IntArray, "int64[::1]"]
    n_days: Annotated[float, "float64"]
    daily: Annotated[FloatArray, "float64[::1]"]
    held_bars: Annotated[IntArray, "int64[:, ::1]"]
    held_money: Annotated[FloatArray, "float64[:, ::1]"]

    def anew(self, n_bars: int) -> "Measures":
        """The same with scratches of its own, for the trades of so many bars."""
        n_kept = 0 if self.is_rough or math.isnan(self.peak) else n_bars + 1
        return self._replace(
            daily=np.empty(len(self.last_bars), np.float64),
            held_bars=np.empty((n_kept, N_HELD_BARS), np.int64),
            held_money=np.empty((n_kept, N_HELD_MONEY), np.float64),
        )


NOTHING_MORE = Measures(
    peak=math.nan,
    is_rough=False,
    last_bars=np.empty(0, np.int64),
    n_days=math.nan,
    daily=np.empty(0, np.float64),
    held_bars=np.empty((0, N_HELD_BARS), np.int64),
    held_money=np.empty((0, N_HELD_MONEY), np.float64),
)


def daily_measures(ts_close: IntArray, bar_ms: int) -> Measures:
    """The measures of the daily numbers, without a drawdown.

    Args:
        ts_close: Shape (n_bars,), n_bars > 0, close times in epoch milliseconds, step `bar_ms`.
        bar_ms: Length of a bar in milliseconds.

    See: docs/ratios.md
    """
    day = ts_close // DAY_MS
    is_last = np.append(day[1:] != day[:-1], True)[: len(day)]
    covered_ms = (len(day) - int(is_last[0])) * bar_ms
    # a first bar that is a day of its own is where the run starts: nothing has passed at its close
    is_last[0] = False
    last_bars = np.flatnonzero(is_last).astype(np.int64)
    return NOTHING_MORE._replace(last_bars=last_bars, n_days=covered_ms / DAY_MS)


@inline
def growth_rate(cash: float, end: float, n_days: float) -> float:
    """Compound annual growth rate (CAGR) as a fraction.

    NaN where it is not defined: fewer than 30 days, an end below zero, or a rate that is too large
    for a float.

    See: docs/ratios.md (tests/oracle/ratios.py is the same, slowly)
    """
    if not n_days >= MIN_GROWTH_DAYS or not end >= 0.0:
        return np.nan
    rate = (end / cash) ** (1.0 / (n_days / DAYS_PER_YEAR)) - 1.0
    return rate if rate < np.inf else np.nan


@inline
def ratios_of(cash: float, daily: FloatArray) -> tuple[float, float, float]:
    """Sharpe, Sortino and annual volatility (a fraction) of equity at the ends of days.

    Each is NaN where it is not defined; Sortino is infinite for gains without a losing day. The
    first return is that of the first day over the cash before it. Sharpe (1994), Sortino and
    van der Meer (1991).

    Args:
        cash: The initial cash.
        daily: Shape (n_days,), equity at the last bar of each day; overwritten by the returns.

    See: docs/ratios.md (tests/oracle/ratios.py is the same, slowly)
    """
    n = daily.shape[0]
    before, total, squares = cash, 0.0, 0.0
    lowest, highest = np.inf, -np.inf
    for d in range(n):
        if not before > 0.0:
            return np.nan, np.nan, np.nan
        equity = daily[d]
        change = equity / before - 1.0
        before = equity
        daily[d] = change
        total += change
        loss = min(change, 0.0)
        squares += loss * loss
        lowest, highest = min(lowest, change), max(highest, change)
    if n < MIN_SPREAD_DAYS:
        return np.nan, np.nan, np.nan
    mean = total / n
    if not abs(mean) < np.inf:
        return np.nan, np.nan, np.nan
    noise = NOISE * max(1.0, abs(lowest), abs(highest))
    downside = math.sqrt(squares / n)
    if downside > noise:
        sortino = (mean * DAYS_PER_YEAR) / (downside * ROOT_OF_YEAR)
    else:
        sortino = np.inf if mean > noise else np.nan
    if not highest - lowest > noise:
        return np.nan, sortino, 0.0
    total = 0.0
    for d in range(n):
        away = daily[d] - mean
        total += away * away
    deviation = math.sqrt(total / (n - 1))
    return mean / deviation * ROOT_OF_YEAR, sortino, deviation * ROOT_OF_YEAR
