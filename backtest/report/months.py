"""What a variant returned in each calendar month.

See: docs/metrics.md#months
"""

import numpy as np

from backtest.result import MonthReturn
from backtest.types import FloatArray, IntArray


def returns_by_month(ts_close: IntArray, equity: FloatArray, init_cash: float) -> list[MonthReturn]:
    """Change of equity from the last close of one month to the last close of the next.

    Args:
        ts_close: Shape (n_bars,) int64, epoch milliseconds UTC, rising.
        equity: Shape (n_bars,) float64, quote currency, at these closes.
        init_cash: Equity before the first bar, quote currency.

    Returns:
        Every month from the first bar to the last. A bar that closes at midnight ends the month
        before. The return is None where the month began with no equity above 0.

    See: docs/metrics.md#months
    """
    if not len(equity):
        return []
    inside = (ts_close - 1).astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    last = np.append(np.flatnonzero(np.diff(inside)), len(equity) - 1)
    found: list[MonthReturn] = []
    before = init_cash
    for month, after in zip(inside[last].tolist(), equity[last].tolist(), strict=True):
        change = (after / before - 1.0) * 100.0 if before > 0.0 else None
        year, place = divmod(month, 12)
        found.append(MonthReturn(year=1970 + year, month=place + 1, return_pct=change))
        before = after
    return found
