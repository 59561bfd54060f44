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
import math

import numpy as np

from backtest.engine.bits.segments import Segments
from backtest.engine.money.account import Terms, lesser, positive_part
from backtest.engine.money.passage import PassageArray, Passages
from backtest.engine.money.prices import Prices
from backtest.engine.scoring.score import NEAR_ZERO, trade_step
from backtest.jit import inline, kernel, splice
from backtest.types import FloatArray, IntArray


@inline
def reached(row: PassageArray, limit: int) -> int:
    """How many of the ascending passages in `row` come before the bar `limit`.

    See: docs/first-passage.md
    """
    n = 0
    while n < row.shape[0] and row[n] < limit:
        n += 1
    return n


@inline
def joined(corner: float, gain: float, cap: float, is_fixed: bool) -> float:
    """A corner with one more exit: a profit of the fixed quote `cap` is added, a factor multiplied.

    See: docs/scoring.md
    """
    return corner + cap * gain if is_fixed else corner * (1.0 + gain)


@inline
def gain_line(
    inverse: FloatArray, factors: FloatArray, entry: int, side: int
) -> tuple[float, float]:
    """Offset and slope of a trade's gain as a fraction of what it takes, over the exit's close.

    `inverse` is of `Prices`, `factors` of `Terms`.

    See: docs/scoring.md
    """
    return factors[0, side] - 1.0, factors[1, side] * inverse[entry]


@splice
def add_exits(
    close: FloatArray,
    stops: PassageArray,
    profits: PassageArray,
    segment: tuple[int, int, int],
    line: tuple[float, float],
    gain_at_limit: float,
    cap: float,
    corners: tuple[FloatArray, FloatArray, FloatArray],
) -> float:
    """Add the exits of a segment to the corners of their regions; returns the least gain of any.

    Levels that are reached before the bar `limit` end it there, with a gain on `line`; in all other
    cells it ends at the limit with `gain_at_limit`.

    Args:
        close: `Prices.padded`.
        stops: First passages of stop-loss, of `Passages`.
        profits: First passages of take-profit.
        segment: Entry, side and limit.
        line: Of `gain_line`.
        gain_at_limit: Gain as a fraction of what the trade takes.
        cap: The fixed quote; infinite where every entry takes the whole balance.
        corners: By take-profit, by stop-loss and by signal, each shape (n_stops + 1,
            n_profits + 1); replaced.

    See: docs/scoring.md (backtest/engine/cuda_device/plane.py goes line by line)
    """
    entry, side, limit = segment
    is_fixed = not np.isinf(cap)
    by_profit, by_stop, by_signal = corners
    offset, slope = line
    stop_row, profit_row = stops[side - 1, entry], profits[side - 1, entry]
    n_stops, n_profits = reached(stop_row, limit), reached(profit_row, limit)
    corner = by_signal[n_stops, n_profits]
    by_signal[n_stops, n_profits] = joined(corner, gain_at_limit, cap, is_fixed)
    worst = gain_at_limit
    t = 0
    for s in range(n_stops):
        # `<` here and `<=` below: at 0 % both may be reached at one close, and the stop wins.
        # With `<=` twice such cells lose the trade: test_plane_scores_stay_within_the_margin.
        while t < n_profits and profit_row[t] < stop_row[s]:
            t += 1
        gain = offset + slope * close[stop_row[s]]
        by_stop[s, t] = joined(by_stop[s, t], gain, cap, is_fixed)
        worst = min(worst, gain)
    s = 0
    for t in range(n_profits):
        while s < n_stops and stop_row[s] <= profit_row[t]:
            s += 1
        gain = offset + slope * close[profit_row[t]]
        by_profit[s, t] = joined(by_profit[s, t], gain, cap, is_fixed)
        worst = min(worst, gain)
    return float(worst)


@kernel("boolean(Prices, Terms, Segments, int64, Passages, float64[:, :, ::1], float64[:, ::1])")
def region_plane(
    prices: Prices,
    terms: Terms,
    segments: Segments,
    n_segments: int,
    passages: Passages,
    corners: FloatArray,
    out: FloatArray,
) -> bool:
    """End equity over initial cash in every cell, by regions.

    It holds where every entry takes the whole balance (factors multiply), and where every entry
    takes the same fixed quote (profits add up), so long as the balance never dips below it.

    Args:
        prices: Prices of the target slice.
        terms: The account's terms, without a profit lock.
        segments: The variant's segments.
        n_segments: How many there are.
        passages: First passages of `n_stops` and `n_profits` levels.
        corners: Scratch, shape (3, n_stops + 1, n_profits + 1).
        out: Out, shape (n_stops, n_profits).

    Returns:
        False where the formula may not hold; `out` is then meaningless.

    See: docs/scoring.md
    """
    # Taken out before the loop, where each time costs two atomic additions (`splice`).
    close, inverse, factors = prices.padded, prices.inverse, terms.factors
    entries, exits, sides = segments.entries, segments.exits, segments.sides
    stops, profits = passages.stops, passages.profits
    by_kind = corners[0], corners[1], corners[2]
    cap = terms.budget_cap
    is_fixed = not np.isinf(cap)
    corners[:] = 0.0 if is_fixed else 1.0
    balance = terms.init_cash
    least = 1.0
    for k in range(n_segments):
        # `balance` is the least that any cell can have by now, so this asks for all of them at once
        if is_fixed and balance < cap:
            return False
        i, side, limit = entries[k], sides[k], exits[k]
        line = gain_line(inverse, factors, i, side)
        gain = line[0] + line[1] * close[limit]
        worst = add_exits(close, stops, profits, (i, side, limit), line, gain, cap, by_kind)
        balance += cap * min(0.0, worst) if is_fixed else 0.0
        least = min(least, 1.0 + worst)
    spread(corners, terms, out)
    return bool(balance > 0.0 if is_fixed else least > NEAR_ZERO)


@inline
def spread(corners: FloatArray, terms: Terms, out: FloatArray) -> None:
    """End equity over initial cash in every cell, from the corners, which are overwritten.

    `corners` is shape (3, n_stops + 1, n_profits + 1): exits by take-profit, by stop-loss and by
    signal. `out` is shape (n_stops, n_profits).

    See: docs/scoring.md
    """
    if np.isinf(terms.budget_cap):
        _spread_products(corners[0], corners[1], corners[2], out)
    else:
        _spread_sums(corners[0], corners[1], corners[2], terms.init_cash, out)


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
def is_varying(segments: Segments, k: int, passages: Passages, cap: float) -> bool:
    """Whether segment `k` has to be traded through in every cell.

    It has to be where a level may end it before its signal does. Where the budget is capped, every
    segment has to be, because what it takes depends on the balance of the cell.

    See: docs/scoring.md
    """
    i, side, limit = segments.entries[k], segments.sides[k], segments.exits[k]
    stop, profit = passages.stops[side - 1, i, 0], passages.profits[side - 1, i, 0]
    return not math.isinf(cap) or stop < limit or profit < limit


@inline
def led_by(factor: float, put_aside: float, gain: float, lock: float) -> tuple[float, float]:
    """What successive segments make of an account that trades its whole balance, with one more.

    Available money is multiplied by the first number; the second, times what was available before
    the first segment, is put aside. `gain` is a fraction of what the new one takes, `lock` the
    share of a win that is put aside.

    See: docs/scoring.md
    """
    share = positive_part(gain) * lock
    own = 1.0 + (gain - share)
    # zero shows the caller what two losses of more than everything would hide
    return factor * (own if own > NEAR_ZERO else 0.0), put_aside + share * factor


@inline
def holds_stepwise(least: float, least_gain: float, cash: float, cap: float) -> bool:
    """Whether money never came too near zero for the arithmetic of `stepwise_plane`.

    See: docs/scoring.md
    """
    if math.isinf(cap):
        return least > 0.0 and 1.0 + least_gain > NEAR_ZERO
    return least > NEAR_ZERO * lesser(cap, cash)


@inline
def _list_varying(
    segments: Segments, n_segments: int, passages: Passages, cap: float, varying: IntArray
) -> int:
    """List the segments that may not end alike in every cell."""
    n = 0
    for k in range(n_segments):
        if is_varying(segments, k, passages, cap):
            varying[n] = k
            n += 1
    return n


@inline
def _tabulate(
    prices: Prices,
    terms: Terms,
    segments: Segments,
    chosen: IntArray,
    table: PassageArray,
    bars: PassageArray,
    gains: FloatArray,
) -> None:
    """Exit bar and gain of each chosen segment at each level, level by level."""
    for v in range(chosen.shape[0]):
        k = chosen[v]
        i, side = segments.entries[k], segments.sides[k]
        offset, slope = gain_line(prices.inverse, terms.factors, i, side)
        row = table[side - 1, i]
        for level in range(bars.shape[0]):
            bar = min(segments.exits[k], row[level])
            bars[level, v] = bar
            gains[level, v] = offset + slope * prices.padded[bar]


@inline
def _lead_up(
    prices: Prices,
    terms: Terms,
    segments: Segments,
    n_segments: int,
    chosen: IntArray,
    before: FloatArray,
) -> None:
    """What the other segments do before each chosen one and after the last (`led_by`)."""
    v = 0
    before[0, 0], before[0, 1] = 1.0, 0.0
    for k in range(n_segments):
        if v < chosen.shape[0] and chosen[v] == k:
            v += 1
            before[v, 0], before[v, 1] = 1.0, 0.0
            continue
        entry, side = segments.entries[k], segments.sides[k]
        offset, slope = gain_line(prices.inverse, terms.factors, entry, side)
        gain = offset + slope * prices.padded[segments.exits[k]]
        lead = led_by(before[v, 0], before[v, 1], gain, terms.lock_rate)
        before[v, 0], before[v, 1] = lead


@kernel("boolean(Prices, Terms, Segments, int64, Passages, int64[::1], float64[:, ::1])")
def stepwise_plane(
    prices: Prices,
    terms: Terms,
    segments: Segments,
    n_segments: int,
    passages: Passages,
    varying: IntArray,
    out: FloatArray,
) -> bool:
    """End equity over initial cash in every cell, trade by trade, for budgets of any kind.

    Where entries take the whole balance, segments that end alike in every cell are folded into
    the steps between the others. Arguments as in `region_plane`; scratch `varying`, shape
    (>= n_segments,).

    See: docs/scoring.md
    """
    cap, lock = terms.budget_cap, terms.lock_rate
    n = _list_varying(segments, n_segments, passages, cap, varying)
    chosen = varying[:n]
    before = np.empty((n + 1, 2), np.float64)
    _lead_up(prices, terms, segments, n_segments, chosen, before)
    stop_bars = np.empty((out.shape[0], n), np.int32)
    stop_gains = np.empty((out.shape[0], n), np.float64)
    _tabulate(prices, terms, segments, chosen, passages.stops, stop_bars, stop_gains)
    profit_bars = np.empty((out.shape[1], n), np.int32)
    profit_gains = np.empty((out.shape[1], n), np.float64)
    _tabulate(prices, terms, segments, chosen, passages.profits, profit_bars, profit_gains)
    least = terms.init_cash
    least_gain = 0.0
    for s in range(out.shape[0]):
        for t in range(out.shape[1]):
            available = terms.init_cash
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
            out[s, t] = (available + safe) / terms.init_cash
    return holds_stepwise(least, least_gain, terms.init_cash, cap)
