"""Kernels over lists of chosen variants: exact metrics, and planes of a shortlist.

An item names one row of every indicator; the fast indicator's rows come apart because they may be
produced in blocks.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.bits.combine import BitRows, combine_slow
from backtest.engine.bits.segments import Segments, find_segments
from backtest.engine.money.account import Terms, positive_part
from backtest.engine.money.daily import Measures, growth_rate, ratios_of
from backtest.engine.money.drawdown import (
    Position,
    after_bar,
    after_trades,
    held_equity,
    keep_trade,
)
from backtest.engine.money.passage import Passages
from backtest.engine.money.prices import Prices
from backtest.engine.money.trades import book, exit_of, locked_profit, settle
from backtest.engine.scoring.plane import region_plane, stepwise_plane
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray

(
    RETURN_PCT,
    DRAWDOWN,
    WINS,
    LOSSES,
    N_TRADES,
    FULL_DRAWDOWN,
    SHARPE,
    SORTINO,
    VOLATILITY,
    GROWTH,
) = range(10)
N_METRICS = 10


class Items(NamedTuple):
    """Chosen variants: the bit rows of each, and its cell of the risk plane.

    `slow_ids`, shape (n_items, n_slow), and `fast_ids`, shape (n_items,), point into `BitRows`;
    `stop_levels` and `profit_levels`, shape (n_items,), are columns of `Passages`.

    See: docs/scoring.md
    """

    slow_ids: Annotated[IntArray, "int64[:, ::1]"]
    fast_ids: Annotated[IntArray, "int64[::1]"]
    stop_levels: Annotated[IntArray, "int64[::1]"]
    profit_levels: Annotated[IntArray, "int64[::1]"]


@kernel("void(BitRows, Items, Prices, Terms, Passages, Measures, Segments, float64[:, ::1])")
def score_exactly(
    rows: BitRows,
    items: Items,
    prices: Prices,
    terms: Terms,
    passages: Passages,
    measures: Measures,
    segments: Segments,
    out: FloatArray,
) -> None:
    """Metrics of chosen variants, exact to the bit of their trade logs.

    Args:
        rows: The run's bit rows.
        items: The chosen variants.
        prices: Prices of the target slice.
        terms: The account's terms.
        passages: First passages of the levels that the items name.
        measures: What is wanted beside the money; the columns of what is not are NaN.
        segments: Scratch, `empty_segments`.
        out: Out, shape (n_items, 10): return %, drawdown from the first bar's equity as a
            fraction, net wins, net losses, trades; drawdown from the initial cash, Sharpe,
            Sortino, annual volatility and annual growth as fractions.

    See: docs/scoring.md
    """
    n_bars = prices.close.shape[0]
    outer = np.empty((2, rows.fast.shape[2]), np.uint64)
    for m in range(items.fast_ids.shape[0]):
        combine_slow(rows, items.slow_ids[m], outer)
        n = find_segments(outer, rows.fast[items.fast_ids[m]], n_bars, segments)
        levels = (items.stop_levels[m], items.profit_levels[m])
        _tally(prices, terms, segments, n, passages, levels, measures, out[m])


@kernel("void(Prices, Terms, Segments, int64, Passages, Measures, float64[::1])")
def score_trades(
    prices: Prices,
    terms: Terms,
    segments: Segments,
    n_segments: int,
    passages: Passages,
    measures: Measures,
    out: FloatArray,
) -> None:
    """The same of one variant whose trades are known: its segments end where they do.

    Arguments as in `score_exactly`; `passages` has one level of each kind, which is never reached.

    See: docs/scoring.md
    """
    _tally(prices, terms, segments, n_segments, passages, (0, 0), measures, out)


@inline
def _tally(
    prices: Prices,
    terms: Terms,
    segments: Segments,
    n_segments: int,
    passages: Passages,
    levels: tuple[int, int],
    measures: Measures,
    out: FloatArray,
) -> None:
    """Metrics of one variant by the steps of `replay`, without keeping a log.

    The loop of `replay` stands here again because a log would be 16 numbers a trade that nobody
    reads. The two cannot part: tests/backtest/engine/test_oracle.py holds both against the same
    bar-by-bar loop, to the bit.
    """
    # Taken out before the loop: as fields inside it, they cost a ranking by drawdown 15 to 50 %.
    close, last_bars, daily = prices.close, measures.last_bars, measures.daily
    held_bars, held_money = measures.held_bars, measures.held_money
    keeps = held_bars.shape[0] > 0
    n_bars = close.shape[0]
    available = terms.init_cash
    safe = wins = losses = worst = 0.0
    peak = measures.peak
    with_drawdown = not np.isnan(peak)
    n = next_bar = day = 0
    day_end = last_bars[0] if last_bars.shape[0] > 0 else n_bars
    for k in range(n_segments):
        quote = min(available, terms.budget_cap)
        if not quote > 0.0:
            continue
        i, side = segments.entries[k], segments.sides[k]
        j, _ = exit_of(segments, k, passages, levels, n_bars)
        settled = settle(quote, close[i], close[j], side, terms)
        cash = available - (quote + settled.entry_fee) + safe
        position = Position(side, cash, quote, settled.qty)
        if with_drawdown:
            gap = np.nan
            # equity stands still without a position: one bar speaks for all of the gap
            if next_bar < i:
                gap = available + safe
                worst, peak = after_bar(worst, peak, gap)
            if i < j:
                worst, peak = after_bar(worst, peak, held_equity(close[i], position))
            next_bar = j
            if keeps:
                keep_trade(held_bars, held_money, n, (i, j), gap, position)
        while day_end < j:
            daily[day] = available + safe if day_end < i else held_equity(close[day_end], position)
            day += 1
            day_end = last_bars[day] if day < last_bars.shape[0] else n_bars
        locked = locked_profit(settled.net, terms)
        available, safe = book(available, safe, quote, settled, locked)
        wins += positive_part(settled.net)
        losses += positive_part(-settled.net)
        n += 1
    if keeps:
        worst, peak = after_trades(prices, held_bars, held_money, n, worst, measures.peak)
    if next_bar < n_bars:
        worst, peak = after_bar(worst, peak, available + safe)
    daily[day:] = available + safe
    out[RETURN_PCT] = 0.0 if n == 0 else ((available + safe) / terms.init_cash - 1.0) * 100.0
    from_first = measures.peak == -np.inf
    out[DRAWDOWN] = worst if from_first else np.nan
    out[FULL_DRAWDOWN] = worst if with_drawdown and not from_first else np.nan
    out[WINS], out[LOSSES], out[N_TRADES] = wins, losses, n
    out[SHARPE], out[SORTINO], out[VOLATILITY] = ratios_of(terms.init_cash, daily)
    out[GROWTH] = growth_rate(terms.init_cash, available + safe, measures.n_days)


@kernel("void(BitRows, Items, Prices, Terms, Passages, Segments, float64[:, :, ::1])")
def score_planes(
    rows: BitRows,
    items: Items,
    prices: Prices,
    terms: Terms,
    passages: Passages,
    segments: Segments,
    out: FloatArray,
) -> None:
    """End equity over initial cash of chosen variants over the whole risk plane.

    Args:
        rows: The run's bit rows.
        items: The chosen variants; their levels are not looked at.
        prices: Prices of the target slice.
        terms: The account's terms.
        passages: First passages of the plane's levels.
        segments: Scratch, `empty_segments`.
        out: Out, shape (n_items, n_stops, n_profits); NaN asks for exact scoring.

    See: docs/scoring.md
    """
    n_bars = prices.close.shape[0]
    outer = np.empty((2, rows.fast.shape[2]), np.uint64)
    varying = np.empty(n_bars, np.int64)
    corners = np.empty((3, out.shape[1] + 1, out.shape[2] + 1), np.float64)
    for m in range(items.fast_ids.shape[0]):
        combine_slow(rows, items.slow_ids[m], outer)
        n = find_segments(outer, rows.fast[items.fast_ids[m]], n_bars, segments)
        is_sound = False
        # Regions first, for a fixed quote too: trade by trade takes about 20 times as long on a
        # plane of 20 x 20, and only accounts that run out of the fixed quote need it.
        if terms.lock_rate == 0.0:
            is_sound = region_plane(prices, terms, segments, n, passages, corners, out[m])
        if not is_sound and not terms.compounds:
            is_sound = stepwise_plane(prices, terms, segments, n, passages, varying, out[m])
        if not is_sound:
            out[m] = np.nan
