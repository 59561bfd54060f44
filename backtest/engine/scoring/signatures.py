"""A number for the trades of a variant: equal for equal trades, whatever settings they came from.

The number of one trade is a hash of its entry, its exit and its side; that of a variant is their
sum. Money does not enter: on one account, the same trades are the same fills. Two different lists
of trades have one number with a chance of 2^-64, or 1e-8 for all pairs of 600 000 variants.

A sum spreads over the risk plane as profits do (`plane`): each exit is written once, at the corner
of the region of cells that share it. That holds as long as no cell runs out of money; where one
might, cells are traded through one by one.

See: docs/ranking.md#distinct-results
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
import numpy as np

from backtest.engine.bits.bitops import ZERO
from backtest.engine.bits.combine import BitRows, combine_slow
from backtest.engine.bits.edges import Word
from backtest.engine.bits.segments import Segments, find_segments
from backtest.engine.money.account import Terms
from backtest.engine.money.passage import Passages
from backtest.engine.money.prices import Prices
from backtest.engine.money.trades import book, exit_of, locked_profit, settle
from backtest.engine.scoring.items import Items
from backtest.engine.scoring.plane import gain_line, reached
from backtest.engine.scoring.score import NEAR_ZERO
from backtest.jit import inline, kernel
from backtest.types import WordArray

# Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014 (SplitMix64).
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_ENTRY_BIT, _EXIT_BIT = np.uint64(33), np.uint64(1)
# Far above what float64 cannot hold any more.
_LEAST_SHARE = 1e-200


@inline
def _number_of(entry: int, exit_: int, side: int) -> Word:
    """The number of one trade; bars count below 2^31."""
    word = np.uint64(entry) << _ENTRY_BIT ^ np.uint64(exit_) << _EXIT_BIT ^ np.uint64(side - 1)
    word = word + _GAMMA
    word = (word ^ (word >> _30)) * _FIRST
    word = (word ^ (word >> _27)) * _SECOND
    return word ^ (word >> _31)


@inline
def _mark_regions(
    prices: Prices,
    terms: Terms,
    segments: Segments,
    n_segments: int,
    passages: Passages,
    corners: WordArray,
) -> bool:
    """Write each exit at the corner of its region, as `region_plane` does with gains.

    Returns:
        False where a cell may run out of money, and skip what its signal asks for.
    """
    close, cap, last = prices.padded, terms.budget_cap, prices.close.shape[0] - 1
    by_profit, by_stop, by_signal = corners[0], corners[1], corners[2]
    is_fixed = not np.isinf(cap)
    balance, share = terms.init_cash, 1.0
    for k in range(n_segments):
        if balance <= 0.0 or share < _LEAST_SHARE:
            return False
        i, side, limit = segments.entries[k], segments.sides[k], segments.exits[k]
        offset, slope = gain_line(prices.inverse, terms.factors, i, side)
        stop_row, profit_row = passages.stops[side - 1, i], passages.profits[side - 1, i]
        n_stops, n_profits = reached(stop_row, limit), reached(profit_row, limit)
        worst = min(0.0, offset + slope * close[limit])
        by_signal[n_stops, n_profits] += _number_of(i, min(limit, last), side)
        t = 0
        for s in range(n_stops):
            while t < n_profits and profit_row[t] < stop_row[s]:
                t += 1
            by_stop[s, t] += _number_of(i, stop_row[s], side)
            worst = min(worst, offset + slope * close[stop_row[s]])
        s = 0
        for t in range(n_profits):
            while s < n_stops and stop_row[s] <= profit_row[t]:
                s += 1
            by_profit[s, t] += _number_of(i, profit_row[t], side)
            worst = min(worst, offset + slope * close[profit_row[t]])
        if is_fixed:
            balance += cap * worst
        elif 1.0 + worst > NEAR_ZERO:
            share *= 1.0 + worst
        else:
            return False
    return True


@inline
def _spread(corners: WordArray, out: WordArray) -> None:
    """Sum up in each cell every corner whose region holds it, as `plane` does with profits."""
    by_profit, by_stop, by_signal = corners[0], corners[1], corners[2]
    for s in range(out.shape[0]):
        along_row = signals = ZERO
        for t in range(out.shape[1]):
            along_row += by_stop[s, t]
            signals += by_signal[s, t]
            by_signal[s, t] = signals
            if s > 0:
                by_signal[s, t] += by_signal[s - 1, t]
                by_profit[s, t] += by_profit[s - 1, t]
            out[s, t] = by_profit[s, t] + along_row + by_signal[s, t]


@inline
def _number_of_all(
    prices: Prices,
    terms: Terms,
    segments: Segments,
    n_segments: int,
    passages: Passages,
    levels: tuple[int, int],
) -> Word:
    """The number of one variant by the steps of `replay`."""
    close = prices.close
    available, safe, total = terms.init_cash, 0.0, ZERO
    for k in range(n_segments):
        quote = min(available, terms.budget_cap)
        if not quote > 0.0:
            continue
        i, side = segments.entries[k], segments.sides[k]
        j, _ = exit_of(segments, k, passages, levels, close.shape[0])
        settled = settle(quote, close[i], close[j], side, terms)
        available, safe = book(available, safe, quote, settled, locked_profit(settled.net, terms))
        total += _number_of(i, j, side)
    return total


@kernel("void(BitRows, Items, Prices, Terms, Passages, Segments, uint64[:, :, ::1])")
def sign_planes(
    rows: BitRows,
    items: Items,
    prices: Prices,
    terms: Terms,
    passages: Passages,
    segments: Segments,
    out: WordArray,
) -> None:
    """Numbers of the trades of chosen variants in every cell of the risk plane.

    Args:
        rows: The run's bit rows.
        items: The chosen variants; their levels are not looked at.
        prices: Prices of the target slice.
        terms: The account's terms.
        passages: First passages of the plane's levels.
        segments: Scratch, `empty_segments`.
        out: Out, shape (n_items, n_stops, n_profits).

    See: docs/ranking.md#distinct-results
    """
    n_bars = prices.close.shape[0]
    outer = np.empty((2, rows.fast.shape[2]), np.uint64)
    corners = np.empty((3, out.shape[1] + 1, out.shape[2] + 1), np.uint64)
    for m in range(items.fast_ids.shape[0]):
        combine_slow(rows, items.slow_ids[m], outer)
        n = find_segments(outer, rows.fast[items.fast_ids[m]], n_bars, segments)
        corners[:] = ZERO
        if _mark_regions(prices, terms, segments, n, passages, corners):
            _spread(corners, out[m])
            continue
        for s in range(out.shape[1]):
            for t in range(out.shape[2]):
                out[m, s, t] = _number_of_all(prices, terms, segments, n, passages, (s, t))
