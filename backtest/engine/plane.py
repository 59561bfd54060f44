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

from backtest.engine.account import BUDGET_CAP, INIT_CASH, LOCK_RATE
from backtest.engine.passage import PassageArray
from backtest.engine.score import NEAR_ZERO, balance_step
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


@inline
def _least_change(
    factors: FloatArray,
    close: FloatArray,
    entry_inverse: float,
    side: int,
    last_exit: int,
    stop_row: PassageArray,
    n_stops: int,
    profit_row: PassageArray,
    n_profits: int,
) -> float:
    """The worst that one segment can do in any cell, per quote invested."""
    offset = factors[0, side] - 1.0
    slope = factors[1, side] * entry_inverse
    least = offset + slope * close[last_exit]
    for s in range(n_stops):
        least = min(least, offset + slope * close[stop_row[s]])
    for t in range(n_profits):
        least = min(least, offset + slope * close[profit_row[t]])
    return least


@inline
def _is_linear(
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
) -> bool:
    """Whether the budget follows one formula in every cell: it never dips below a fixed quote.

    The bound takes the worst exit of every segment, so it holds for all cells at once.
    """
    cap = terms[BUDGET_CAP]
    if np.isinf(cap):
        return True
    last = close.shape[0] - 1
    lowest = terms[INIT_CASH]
    for k in range(n_segments):
        if lowest < cap:
            return False
        i, side = entries[k], sides[k]
        stop_row, profit_row = stops[side - 1, i], profits[side - 1, i]
        worst = _least_change(
            factors, close, inverse[i], side, min(exits[k], last),
            stop_row, _reached(stop_row, exits[k]), profit_row, _reached(profit_row, exits[k]),
        )  # fmt: skip
        lowest += cap * min(0.0, worst)
    return lowest > 0.0


@kernel(
    "boolean(float64[::1], float64[::1], float64[:, ::1], float64[::1], int64[::1], int64[::1],"
    " int64[::1], int64, int32[:, :, ::1], int32[:, :, ::1], int64[::1], float64[:, ::1],"
    " float64[:, ::1])"
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
    varying: IntArray,
    before: FloatArray,
    out: FloatArray,
) -> bool:
    """End equity over initial cash in every cell, where the running balance matters.

    A segment that reaches no level does the same in every cell. While the budget follows one
    formula, what lies between two segments that do reach one is a linear map of the account,
    composed once for the whole plane. Otherwise every cell trades every segment.

    Arguments as in `compounding_plane`, with the account's `terms`; scratch `varying`, shape
    (>= n_segments,), and `before`, shape (>= n_segments + 1, 4).
    """
    is_linear = _is_linear(
        close, inverse, factors, terms, entries, exits, sides, n_segments, stops, profits
    )
    n_varying = _compose(
        close, inverse, factors, terms, entries, exits, sides, n_segments, stops, profits,
        is_linear, varying, before,
    )  # fmt: skip
    last = close.shape[0] - 1
    least = terms[INIT_CASH]
    for s in range(out.shape[0]):
        for t in range(out.shape[1]):
            available = terms[INIT_CASH]
            safe = 0.0
            for v in range(n_varying + 1):
                safe += before[v, 2] * available + before[v, 3]
                available = before[v, 0] * available + before[v, 1]
                least = min(least, available)
                if v == n_varying:
                    break
                k = varying[v]
                i, side = entries[k], sides[k]
                j = min(exits[k], stops[side - 1, i, s], profits[side - 1, i, t], last)
                factor = factors[0, side] + factors[1, side] * (close[j] * inverse[i])
                available, safe = balance_step(available, safe, factor, terms)
                least = min(least, available)
            out[s, t] = (available + safe) / terms[INIT_CASH]
    return least > NEAR_ZERO * terms[INIT_CASH]


@inline
def _compose(
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
    is_linear: bool,
    varying: IntArray,
    before: FloatArray,
) -> int:
    """List the segments that reach a level, and the maps that lead up to each of them.

    A map `(a, c, b, d)` is `available -> a * available + c`, `safe -> safe + b * available + d`.
    """
    cap, lock = terms[BUDGET_CAP], terms[LOCK_RATE]
    is_fixed = not np.isinf(cap)
    last = close.shape[0] - 1
    n = 0
    before[0, 0], before[0, 1], before[0, 2], before[0, 3] = 1.0, 0.0, 0.0, 0.0
    for k in range(n_segments):
        i, side = entries[k], sides[k]
        limit = exits[k]
        if not is_linear or stops[side - 1, i, 0] < limit or profits[side - 1, i, 0] < limit:
            varying[n] = k
            n += 1
            before[n, 0], before[n, 1], before[n, 2], before[n, 3] = 1.0, 0.0, 0.0, 0.0
            continue
        j = min(limit, last)
        gain = factors[0, side] + factors[1, side] * (close[j] * inverse[i]) - 1.0
        put_aside = max(0.0, gain) * lock
        kept = gain - put_aside
        row = before[n]
        if is_fixed:
            row[1] += cap * kept
            row[3] += cap * put_aside
        else:
            row[2] += put_aside * row[0]
            row[0] *= 1.0 + kept
    return n
