"""Stage B at speed: one shortlisted variant over the whole stop-loss × take-profit plane.

For one segment, the stop levels are reached in order, and so are the profit levels. So the plane
falls into a few regions with one exit each: a level that is reached before the signal exit
contributes one factor to a column or row of cells, and all the rest of the plane shares the signal
exit. Each contribution is written once at the corner of its region; prefix products spread it.
The cost is the number of levels reached, not the number of cells.

See: docs/scoring.md
"""

from backtest.engine.account import BUDGET_CAP, INIT_CASH, LOCK_RATE
from backtest.engine.passage import PassageArray
from backtest.engine.score import NEAR_ZERO
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray


@inline
def _reached(row: PassageArray, limit: int) -> int:
    """How many of the ascending passages in `row` come before `limit`."""
    n = 0
    while n < row.shape[0] and row[n] < limit:
        n += 1
    return n


@kernel(
    "boolean(float64[::1], float64[::1], float64[:, ::1], int64[::1], int64[::1], int64[::1],"
    " int64, int32[:, :, ::1], int32[:, :, ::1], float64[:, :, ::1], float64[:, ::1])"
)
def compounding_plane(
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    entries: IntArray,
    exits: IntArray,
    sides: IntArray,
    n_segments: int,
    stops: PassageArray,
    profits: PassageArray,
    corners: FloatArray,
    out: FloatArray,
) -> bool:
    """End equity over initial cash in every cell, where every entry takes the whole balance.

    Args:
        close: Shape (n_bars,), the target slice; `inverse` is `1 / close`.
        inverse: See `close`.
        factors: `trade_coefficients`.
        entries: Segments as `find_segments` lists them; `exits` and `sides` with them.
        exits: See `entries`.
        sides: See `entries`.
        n_segments: How many there are.
        stops: `passage_tables`, shape (2, n_bars, n_stops); `profits` (2, n_bars, n_profits).
        profits: See `stops`.
        corners: Scratch, shape (3, n_stops + 1, n_profits + 1).
        out: Out, shape (n_stops, n_profits).

    Returns:
        False where a factor comes near zero and the plane must be scored exactly.
    """
    n_bars = close.shape[0]
    corners[:] = 1.0
    by_profit, by_stop, by_signal = corners[0], corners[1], corners[2]
    least = 1.0
    for k in range(n_segments):
        i = entries[k]
        side = sides[k]
        offset = factors[0, side]
        slope = factors[1, side] * inverse[i]
        signal_exit = exits[k]
        stop_row = stops[side - 1, i]
        profit_row = profits[side - 1, i]
        n_stops = _reached(stop_row, signal_exit)
        n_profits = _reached(profit_row, signal_exit)
        factor = offset + slope * close[min(signal_exit, n_bars - 1)]
        by_signal[n_stops, n_profits] *= factor
        least = min(least, factor)
        t = 0
        for s in range(n_stops):
            while t < n_profits and profit_row[t] < stop_row[s]:
                t += 1
            factor = offset + slope * close[stop_row[s]]
            by_stop[s, t] *= factor
            least = min(least, factor)
        s = 0
        for t in range(n_profits):
            while s < n_stops and stop_row[s] <= profit_row[t]:
                s += 1
            factor = offset + slope * close[profit_row[t]]
            by_profit[s, t] *= factor
            least = min(least, factor)
    _spread_products(by_profit, by_stop, by_signal, out)
    return least > NEAR_ZERO


@inline
def _spread_products(
    by_profit: FloatArray, by_stop: FloatArray, by_signal: FloatArray, out: FloatArray
) -> None:
    """Multiply each cell with every corner whose region holds it.

    A corner of `by_profit` reaches down its column, one of `by_stop` along its row, one of
    `by_signal` both ways.
    """
    n_stops, n_profits = out.shape
    for s in range(n_stops):
        along_row = 1.0
        signals = 1.0
        for t in range(n_profits):
            signals *= by_signal[s, t]
            along_row *= by_stop[s, t]
            if s == 0:
                by_signal[s, t] = signals
            else:
                by_signal[s, t] = signals * by_signal[s - 1, t]
                by_profit[s, t] *= by_profit[s - 1, t]
            out[s, t] = by_profit[s, t] * along_row * by_signal[s, t]


@kernel(
    "boolean(float64[::1], float64[::1], float64[:, ::1], float64[::1], int64[::1], int64[::1],"
    " int64[::1], int64, int32[:, :, ::1], int32[:, :, ::1], int64[::1], float64[:, ::1])"
)
def balance_plane(
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    terms: FloatArray,
    entries: IntArray,
    exits: IntArray,
    sides: IntArray,
    n_segments: int,
    stops: PassageArray,
    profits: PassageArray,
    ends: IntArray,
    out: FloatArray,
) -> bool:
    """End equity over initial cash in every cell, where the running balance matters.

    Arguments as in `compounding_plane`, with the account's `terms`, and scratch `ends` of shape
    (>= n_segments,).
    """
    last = close.shape[0] - 1
    least = terms[INIT_CASH]
    for s in range(out.shape[0]):
        for k in range(n_segments):
            ends[k] = min(exits[k], stops[sides[k] - 1, entries[k], s])
        for t in range(out.shape[1]):
            available = terms[INIT_CASH]
            safe = 0.0
            for k in range(n_segments):
                side = sides[k]
                i = entries[k]
                j = min(ends[k], profits[side - 1, i, t], last)
                factor = factors[0, side] + factors[1, side] * (close[j] * inverse[i])
                quote = max(0.0, min(available, terms[BUDGET_CAP]))
                change = quote * (factor - 1.0)
                locked = max(0.0, change) * terms[LOCK_RATE]
                available += change - locked
                safe += locked
                least = min(least, available)
            out[s, t] = (available + safe) / terms[INIT_CASH]
    return least > NEAR_ZERO * terms[INIT_CASH]
