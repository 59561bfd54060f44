"""Stage B's ledger: growth of one shortlisted variant in each block over the whole risk plane.

At the end of a block all segments that are over have their exits at their corners, as in `plane`.
The one that is still open, if there is one, has ended where a level was reached by then, and is
marked in all other cells: as if its signal ended there, without the costs of leaving.

See: docs/ledger.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import NamedTuple

import numpy as np

from backtest.engine.bits.combine import BitRows, combine_slow
from backtest.engine.bits.segments import Segments, find_segments
from backtest.engine.blocks.growth import write_block
from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.money.account import Terms, greater, lesser
from backtest.engine.money.passage import Passages
from backtest.engine.money.prices import Prices
from backtest.engine.scoring.items import Items
from backtest.engine.scoring.plane import add_exits, gain_line, spread
from backtest.engine.scoring.score import NEAR_ZERO, trade_step
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray


class Seen(NamedTuple):
    """What a plane is made of: members of `Prices` (`close` is `padded`), `Terms` and `Marks`.

    See: docs/ledger.md (backtest/engine/cuda_device/plane_kernels.py)
    """

    close: FloatArray
    inverse: FloatArray
    factors: FloatArray
    cash: float
    cap: float
    lock: float
    ends: IntArray
    mark_factors: FloatArray
    passages: Passages
    segments: Segments


class _Plane(NamedTuple):
    """Equity of every cell, shape (n_stops, n_profits), and what becomes of it (`write_block`)."""

    equity: FloatArray
    totals: IntArray
    growth: GrowthArray
    ruined: FlagArray


@inline
def _close_block(plane: _Plane, k: int, adds_up: bool) -> None:
    write_block(plane.equity.reshape(-1), adds_up, k, plane.totals, plane.growth, plane.ruined)


@inline
def _copy(source: FloatArray, target: FloatArray) -> None:
    """`target[:] = source`, whose check of shapes Numba takes a second to compile."""
    source, target = source.reshape(-1), target.reshape(-1)
    for i in range(target.shape[0]):
        target[i] = source[i]


@inline
def mark_gain(seen: Seen, entry: int, side: int, bar: int) -> float:
    """Gain of an open position at `bar` as a fraction of what it took, before the costs of leaving.

    See: docs/ledger.md
    """
    factors = seen.mark_factors
    return factors[0, side] + factors[1, side] * seen.close[bar] * seen.inverse[entry] - 1.0


@inline
def _grow_by_region(
    seen: Seen, terms: Terms, n_segments: int, room: FloatArray, plane: _Plane
) -> bool:
    """Growth in every cell by regions; false where they may not hold, as in `region_plane`.

    `room` is scratch, shape (2, 3, n_stops + 1, n_profits + 1).
    """
    close, segments, ends = seen.close, seen.segments, seen.ends
    stops, profits = seen.passages.stops, seen.passages.profits
    corners, work, cap = room[0], room[1], seen.cap
    by_kind = corners[0], corners[1], corners[2]
    is_fixed = not np.isinf(cap)
    corners[:] = 0.0 if is_fixed else 1.0
    balance, least = seen.cash, 1.0
    block = 0
    for k in range(n_segments):
        if is_fixed and balance < cap:
            return False
        i, side, limit = segments.entries[k], segments.sides[k], segments.exits[k]
        line = gain_line(seen.inverse, seen.factors, i, side)
        while block < N_BLOCKS - 1 and ends[block] < limit:
            end = ends[block]
            _copy(corners, work)
            if i <= end:
                gain = mark_gain(seen, i, side, end)
                parts = work[0], work[1], work[2]
                add_exits(close, stops, profits, (i, side, end + 1), line, gain, cap, parts)
            spread(work, terms, plane.equity)
            _close_block(plane, block, is_fixed)
            block += 1
        gain = line[0] + line[1] * close[limit]
        worst = add_exits(close, stops, profits, (i, side, limit), line, gain, cap, by_kind)
        balance += cap * min(0.0, worst) if is_fixed else 0.0
        least = min(least, 1.0 + worst)
    while block < N_BLOCKS:
        _copy(corners, work)
        spread(work, terms, plane.equity)
        _close_block(plane, block, is_fixed)
        block += 1
    return bool(balance > 0.0 if is_fixed else least > NEAR_ZERO)


@inline
def end_of(
    seen: Seen, k: int, levels: tuple[int, int], line: tuple[float, float]
) -> tuple[int, float]:
    """Exit bar of segment `k` in one cell, `n_bars` for a forced close, and the gain there.

    `levels` are the columns of the cell's stop-loss and take-profit, `line` is of `gain_line`, and
    the gain is a fraction of what the trade takes.

    See: docs/fills.md (backtest/engine/money/trades.py, `exit_of`)
    """
    i, side = seen.segments.entries[k], seen.segments.sides[k]
    stop = seen.passages.stops[side - 1, i, levels[0]]
    profit = seen.passages.profits[side - 1, i, levels[1]]
    j = min(seen.segments.exits[k], stop, profit)
    return j, float(line[0] + line[1] * seen.close[j])


@inline
def draw_cell(seen: Seen, n_segments: int, levels: tuple[int, int], equity: FloatArray) -> None:
    """Equity at the ends of blocks in one cell, trade by trade, for budgets of any kind.

    `levels` are the columns of the cell's stop-loss and take-profit; `equity` is out, shape (64,),
    over the initial cash.

    See: docs/ledger.md
    """
    segments, ends = seen.segments, seen.ends
    cap, lock, cash = seen.cap, seen.lock, seen.cash
    available, safe = cash, 0.0
    block = 0
    for k in range(n_segments):
        i, side = segments.entries[k], segments.sides[k]
        while block < N_BLOCKS - 1 and ends[block] < i:
            equity[block] = (available + safe) / cash
            block += 1
        j, gain = end_of(seen, k, levels, gain_line(seen.inverse, seen.factors, i, side))
        quote = greater(0.0, lesser(available, cap))
        while block < N_BLOCKS - 1 and ends[block] < j:
            held = quote * mark_gain(seen, i, side, ends[block])
            equity[block] = (available + safe + held) / cash
            block += 1
        available, safe = trade_step(available, safe, gain, cap, lock)
    while block < N_BLOCKS:
        equity[block] = (available + safe) / cash
        block += 1


@inline
def _grow_by_cell(seen: Seen, n_segments: int, cells: FloatArray, plane: _Plane) -> None:
    """Growth cell by cell; `cells` is scratch, shape (64, n_stops, n_profits)."""
    n_stops, n_profits = plane.equity.shape
    equity = np.empty(N_BLOCKS, np.float64)
    for s in range(n_stops):
        for t in range(n_profits):
            draw_cell(seen, n_segments, (s, t), equity)
            for block in range(N_BLOCKS):
                cells[block, s, t] = equity[block]
    for block in range(N_BLOCKS):
        _copy(cells[block], plane.equity)
        _close_block(plane, block, not np.isinf(seen.cap))


@inline
def _clear(plane: _Plane) -> None:
    plane.totals[:] = 0
    plane.ruined[:] = False


@kernel("void(BitRows, Items, Prices, Terms, Marks, Passages, int32[:, :, ::1],boolean[:, ::1])")
def grow_planes(
    rows: BitRows,
    items: Items,
    prices: Prices,
    terms: Terms,
    marks: Marks,
    passages: Passages,
    growth: GrowthArray,
    ruined: FlagArray,
) -> None:
    """Growth of chosen variants in each block over the whole risk plane.

    Args:
        rows: The run's bit rows.
        items: The chosen variants; their levels are not looked at.
        prices: Prices of the target slice.
        terms: The account's terms.
        marks: Where blocks end.
        passages: First passages of the plane's levels.
        growth: Out, shape (n_items, n_stops * n_profits, 64), millionths.
        ruined: Out, shape (n_items, n_stops * n_profits).

    See: docs/ledger.md
    """
    shape = (passages.stops.shape[2], passages.profits.shape[2])
    n_cells = shape[0] * shape[1]
    whole = np.empty((2, rows.fast.shape[2]), np.uint64)
    room = np.empty((2, 3, shape[0] + 1, shape[1] + 1), np.float64)
    equity, totals = np.empty(shape, np.float64), np.empty((2, n_cells), np.int64)
    n_bars = prices.close.shape[0]
    places = np.empty((3, n_bars + 1), np.int64)
    segments = Segments(places[0], places[1], places[2])
    seen = Seen(
        prices.padded, prices.inverse, terms.factors,
        terms.init_cash, terms.budget_cap, terms.lock_rate,
        marks.ends, marks.factors, passages, segments,
    )  # fmt: skip
    for m in range(items.fast_ids.shape[0]):
        combine_slow(rows, items.slow_ids[m], whole)
        fast = rows.fast[items.fast_ids[m]]
        n = find_segments(whole, fast, n_bars, segments)
        plane = _Plane(equity, totals, growth[m], ruined[m])
        is_sound = False
        if terms.lock_rate == 0.0:
            _clear(plane)
            is_sound = _grow_by_region(seen, terms, n, room, plane)
        if not is_sound:
            _clear(plane)
            cells = np.empty((N_BLOCKS, shape[0], shape[1]), np.float64)
            _grow_by_cell(seen, n, cells, plane)
