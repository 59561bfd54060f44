"""Stage B at speed: one shortlisted variant over the whole stop-loss × take-profit plane.

For one segment, the stop levels are reached in order, and so are the profit levels. So the plane
falls into a few regions with one exit each: a level that is reached before the signal exit
contributes one factor to a column or row of cells, and all the rest of the plane shares the signal
exit. Each contribution is written once at the corner of its region; prefix products spread it.
The cost is the number of levels reached, not the number of cells.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
import numpy as np

from backtest.engine.account import BUDGET_CAP, INIT_CASH, LOCK_RATE, positive_part
from backtest.engine.passage import PassageArray
from backtest.engine.score import NEAR_ZERO, trade_step
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray


@inline
def _reached(row: PassageArray, limit: int) -> int:
    """How many of the ascending passages in `row` come before `limit`."""
    n = 0
    while n < row.shape[0] and row[n] < limit:
        n += 1
    return n


@inline
def _add(corner: FloatArray, s: int, t: int, gain: float, cap: float, is_fixed: bool) -> None:
    """Count one exit at the corner of its region: profit of a fixed quote, or a factor."""
    if is_fixed:
        corner[s, t] += cap * gain
    else:
        corner[s, t] *= 1.0 + gain


@kernel(
    "boolean(float64[::1], float64[::1], float64[:, ::1], float64[::1], int64[::1], int64[::1],"
    " int64[::1], int64, int32[:, :, ::1], int32[:, :, ::1], float64[:, :, ::1], float64[:, ::1])"
)
def region_plane(
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
    corners: FloatArray,
    out: FloatArray,
) -> bool:
    """End equity over initial cash in every cell, by regions.

    It holds where every entry takes the whole balance (factors multiply), and where every entry
    takes the same fixed quote (profits add up), so long as the balance never dips below it.

    Args:
        close: Shape (n_bars,), the target slice; `inverse` is `1 / close`.
        inverse: See `close`.
        factors: `trade_coefficients`.
        terms: The account's terms, without a profit lock.
        entries: Segments as `find_segments` lists them; `exits` and `sides` with them.
        exits: See `entries`.
        sides: See `entries`.
        n_segments: How many there are.
        stops: `passage_tables`, shape (2, n_bars, n_stops); `profits` (2, n_bars, n_profits).
        profits: See `stops`.
        corners: Scratch, shape (3, n_stops + 1, n_profits + 1).
        out: Out, shape (n_stops, n_profits).

    Returns:
        False where the formula may not hold; `out` is then meaningless.
    """
    cap = terms[BUDGET_CAP]
    is_fixed = not np.isinf(cap)
    last = close.shape[0] - 1
    corners[:] = 0.0 if is_fixed else 1.0
    by_profit, by_stop, by_signal = corners[0], corners[1], corners[2]
    balance = terms[INIT_CASH]
    least = 1.0
    for k in range(n_segments):
        if is_fixed and balance < cap:
            return False
        i, side, limit = entries[k], sides[k], exits[k]
        offset = factors[0, side] - 1.0
        slope = factors[1, side] * inverse[i]
        stop_row, profit_row = stops[side - 1, i], profits[side - 1, i]
        n_stops, n_profits = _reached(stop_row, limit), _reached(profit_row, limit)
        gain = offset + slope * close[min(limit, last)]
        _add(by_signal, n_stops, n_profits, gain, cap, is_fixed)
        worst = gain
        t = 0
        for s in range(n_stops):
            while t < n_profits and profit_row[t] < stop_row[s]:
                t += 1
            gain = offset + slope * close[stop_row[s]]
            _add(by_stop, s, t, gain, cap, is_fixed)
            worst = min(worst, gain)
        s = 0
        for t in range(n_profits):
            while s < n_stops and stop_row[s] <= profit_row[t]:
                s += 1
            gain = offset + slope * close[profit_row[t]]
            _add(by_profit, s, t, gain, cap, is_fixed)
            worst = min(worst, gain)
        balance += cap * min(0.0, worst) if is_fixed else 0.0
        least = min(least, 1.0 + worst)
    if is_fixed:
        _spread_sums(by_profit, by_stop, by_signal, terms[INIT_CASH], out)
        return balance > 0.0
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


@inline
def _spread_sums(
    by_profit: FloatArray,
    by_stop: FloatArray,
    by_signal: FloatArray,
    init_cash: float,
    out: FloatArray,
) -> None:
    """The same with sums of profits."""
    n_stops, n_profits = out.shape
    for s in range(n_stops):
        along_row = 0.0
        signals = 0.0
        for t in range(n_profits):
            signals += by_signal[s, t]
            along_row += by_stop[s, t]
            if s == 0:
                by_signal[s, t] = signals
            else:
                by_signal[s, t] = signals + by_signal[s - 1, t]
                by_profit[s, t] += by_profit[s - 1, t]
            out[s, t] = 1.0 + (by_profit[s, t] + along_row + by_signal[s, t]) / init_cash


@inline
def _list_varying(
    entries: IntArray,
    exits: IntArray,
    sides: IntArray,
    n_segments: int,
    stops: PassageArray,
    profits: PassageArray,
    takes_all: bool,
    varying: IntArray,
) -> int:
    """List the segments that do not end alike in every cell; all where the budget is capped."""
    n = 0
    for k in range(n_segments):
        i, side, limit = entries[k], sides[k], exits[k]
        if not takes_all or stops[side - 1, i, 0] < limit or profits[side - 1, i, 0] < limit:
            varying[n] = k
            n += 1
    return n


@inline
def _tabulate(
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    entries: IntArray,
    exits: IntArray,
    sides: IntArray,
    chosen: IntArray,
    passages: PassageArray,
    bars: PassageArray,
    gains: FloatArray,
) -> None:
    """Exit bar and gain of each chosen segment at each level, level by level."""
    last = close.shape[0] - 1
    for v in range(chosen.shape[0]):
        k = chosen[v]
        i, side = entries[k], sides[k]
        offset = factors[0, side] - 1.0
        slope = factors[1, side] * inverse[i]
        row = passages[side - 1, i]
        for level in range(bars.shape[0]):
            bar = min(exits[k], row[level])
            bars[level, v] = bar
            gains[level, v] = offset + slope * close[min(bar, last)]


@inline
def _lead_up(
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    lock: float,
    entries: IntArray,
    exits: IntArray,
    sides: IntArray,
    n_segments: int,
    chosen: IntArray,
    before: FloatArray,
) -> None:
    """What the other segments do to the whole balance before each chosen one and after the last.

    `before[v]` is `(a, b)`: available is multiplied by `a`, `b` times the available before goes
    to safe.
    """
    last = close.shape[0] - 1
    v = 0
    before[0, 0], before[0, 1] = 1.0, 0.0
    for k in range(n_segments):
        if v < chosen.shape[0] and chosen[v] == k:
            v += 1
            before[v, 0], before[v, 1] = 1.0, 0.0
            continue
        i, side = entries[k], sides[k]
        slope = factors[1, side] * inverse[i]
        gain = factors[0, side] - 1.0 + slope * close[min(exits[k], last)]
        put_aside = positive_part(gain) * lock
        before[v, 1] += put_aside * before[v, 0]
        factor = 1.0 + (gain - put_aside)
        # zero shows the caller what two losses of more than everything would hide
        before[v, 0] *= factor if factor > NEAR_ZERO else 0.0


@kernel(
    "boolean(float64[::1], float64[::1], float64[:, ::1], float64[::1], int64[::1], int64[::1],"
    " int64[::1], int64, int32[:, :, ::1], int32[:, :, ::1], int64[::1], float64[:, ::1])"
)
def stepwise_plane(
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
    varying: IntArray,
    out: FloatArray,
) -> bool:
    """End equity over initial cash in every cell, trade by trade, for budgets of any kind.

    Where entries take the whole balance, segments that end alike in every cell are folded into
    the steps between the others. Arguments as in `region_plane`; scratch `varying`, shape
    (>= n_segments,).
    """
    cap, lock = terms[BUDGET_CAP], terms[LOCK_RATE]
    n = _list_varying(entries, exits, sides, n_segments, stops, profits, np.isinf(cap), varying)
    chosen = varying[:n]
    before = np.empty((n + 1, 2), np.float64)
    _lead_up(close, inverse, factors, lock, entries, exits, sides, n_segments, chosen, before)
    prices = (close, inverse, factors)
    stop_bars = np.empty((out.shape[0], n), np.int32)
    stop_gains = np.empty((out.shape[0], n), np.float64)
    _tabulate(*prices, entries, exits, sides, chosen, stops, stop_bars, stop_gains)
    profit_bars = np.empty((out.shape[1], n), np.int32)
    profit_gains = np.empty((out.shape[1], n), np.float64)
    _tabulate(*prices, entries, exits, sides, chosen, profits, profit_bars, profit_gains)
    least = terms[INIT_CASH]
    least_gain = 0.0
    for s in range(out.shape[0]):
        for t in range(out.shape[1]):
            available = terms[INIT_CASH]
            safe = 0.0
            for v in range(n):
                safe += available * before[v, 1]
                available *= before[v, 0]
                at_stop, at_profit = stop_gains[s, v], profit_gains[t, v]
                gain = at_stop if stop_bars[s, v] <= profit_bars[t, v] else at_profit
                available, safe = trade_step(available, safe, gain, cap, lock)
                least = min(least, available)
                least_gain = min(least_gain, gain)
            safe += available * before[n, 1]
            available *= before[n, 0]
            least = min(least, available)
            out[s, t] = (available + safe) / terms[INIT_CASH]
    if np.isinf(cap):
        return least > 0.0 and 1.0 + least_gain > NEAR_ZERO
    return least > NEAR_ZERO * min(cap, terms[INIT_CASH])
