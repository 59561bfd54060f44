"""Stage B on a device: a row or a column of the risk plane for a thread, then a cell for a thread.

A processor counts the exits of a segment in all rows and columns at once (`plane.add_exits`). Here
each row and each column walks the segments by itself, so that many threads have something to do;
every corner gets the same exits in the same order, so its bits are the processor's.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
import math
from collections.abc import Callable

import numpy as np

from backtest.engine.money.account import lesser
from backtest.engine.scoring.plane import (
    gain_line,
    holds_stepwise,
    is_varying,
    joined,
    led_by,
    reached,
)
from backtest.engine.scoring.plane_growth import Seen, end_of, mark_gain
from backtest.engine.scoring.score import NEAR_ZERO, trade_step
from backtest.jit import inline
from backtest.types import FloatArray

NOWHERE = -1

# Where a line of corners gets the exit of a segment, `NOWHERE` for not at all, and the gain there:
# from what is seen, the segment, the line, the bar that limits it, and whether that bar is a mark.
ExitOf = Callable[[Seen, int, int, int, bool], tuple[int, float]]


@inline
def _gain_at(seen: Seen, entry: int, side: int, bar: int) -> float:
    line = gain_line(seen.inverse, seen.factors, entry, side)
    return line[0] + line[1] * seen.close[bar]


@inline
def exit_by_stop(seen: Seen, k: int, level: int, limit: int, is_mark: bool) -> tuple[int, float]:
    """Exits in the row of a stop-loss: from the first column that takes no profit before it.

    An `ExitOf`; it needs no `is_mark`.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/plane.py, `add_exits`)
    """
    entry, side = seen.segments.entries[k], seen.segments.sides[k]
    bar = seen.passages.stops[side - 1, entry, level]
    if not bar < limit:
        return NOWHERE, 0.0
    return reached(seen.passages.profits[side - 1, entry], bar), _gain_at(seen, entry, side, bar)


@inline
def exit_by_profit(seen: Seen, k: int, level: int, limit: int, is_mark: bool) -> tuple[int, float]:
    """Exits in the column of a take-profit: from the first row that has not stopped by then.

    An `ExitOf`; it needs no `is_mark`.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/plane.py, `add_exits`)
    """
    entry, side = seen.segments.entries[k], seen.segments.sides[k]
    bar = seen.passages.profits[side - 1, entry, level]
    if not bar < limit:
        return NOWHERE, 0.0
    return reached(seen.passages.stops[side - 1, entry], bar + 1), _gain_at(seen, entry, side, bar)


@inline
def exit_by_signal(seen: Seen, k: int, level: int, limit: int, is_mark: bool) -> tuple[int, float]:
    """Exits by the signal, or at a mark, in the row of the first stop-loss that is not reached.

    They count from the column of the first take-profit that is not reached. An `ExitOf`: every
    other row gets `NOWHERE`, and so does a mark before the entry.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/plane.py, `add_exits`)
    """
    entry, side = seen.segments.entries[k], seen.segments.sides[k]
    is_elsewhere = reached(seen.passages.stops[side - 1, entry], limit) != level
    if is_elsewhere or (is_mark and entry >= limit):
        return NOWHERE, 0.0
    if is_mark:
        gain = mark_gain(seen, entry, side, limit - 1)
    else:
        gain = _gain_at(seen, entry, side, limit)
    return reached(seen.passages.profits[side - 1, entry], limit), gain


@inline
def _spread_line(seen: Seen, corner: FloatArray, place: int, gain: float, out: FloatArray) -> None:
    """What holds from each corner of a line on, with one exit more at `place`."""
    is_fixed = not math.isinf(seen.cap)
    so_far = 0.0 if is_fixed else 1.0
    for c in range(out.shape[0]):
        here = corner[c]
        if c == place:
            here = joined(here, gain, seen.cap, is_fixed)
        so_far = so_far + here if is_fixed else so_far * here
        out[c] = so_far


def line_of(exit_of: ExitOf) -> Callable[..., None]:
    """A step that draws one line of corners at the end of every block.

    Returns:
        `draw(seen, n_segments, level, n_marks, corner, out)`: `corner` is scratch, shape
        (n_across + 1,), `out` shape (n_marks + 1, n_across); the last of them is the end.

    See: docs/scale.md#an-accelerator
    """

    @inline
    def draw(
        seen: Seen, n_segments: int, level: int, n_marks: int, corner: FloatArray, out: FloatArray
    ) -> None:
        is_fixed = not math.isinf(seen.cap)
        for c in range(corner.shape[0]):
            corner[c] = 0.0 if is_fixed else 1.0
        block = 0
        for k in range(n_segments):
            limit = seen.segments.exits[k]
            while block < n_marks and seen.ends[block] < limit:
                place, gain = exit_of(seen, k, level, seen.ends[block] + 1, True)
                _spread_line(seen, corner, place, gain, out[block])
                block += 1
            place, gain = exit_of(seen, k, level, limit, False)
            if place != NOWHERE:
                corner[place] = joined(corner[place], gain, seen.cap, is_fixed)
        while block <= n_marks:
            _spread_line(seen, corner, NOWHERE, 0.0, out[block])
            block += 1

    return draw


draw_by_stop = line_of(exit_by_stop)
draw_by_profit = line_of(exit_by_profit)
draw_by_signal = line_of(exit_by_signal)


@inline
def spread_down(signals: FloatArray, column: int, is_fixed: bool) -> None:
    """Accumulate the exits by signal down a column, row by row, in place.

    Args:
        signals: Shape (n_stops, n_profits), as drawn along the rows.
        column: The column.
        is_fixed: Profits of a fixed quote are added instead of factors multiplied.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/plane.py, `spread`)
    """
    for s in range(1, signals.shape[0]):
        here, above = signals[s, column], signals[s - 1, column]
        signals[s, column] = here + above if is_fixed else here * above


@inline
def cell_equity(
    by_profit: float, by_stop: float, by_signal: float, cash: float, is_fixed: bool
) -> float:
    """Equity of a cell over the initial cash, by the operations of `plane.spread` in their order.

    Args:
        by_profit: What exits by take-profit came to: a factor, or profit in quote currency.
        by_stop: The same of exits by stop-loss.
        by_signal: The same of exits by the signal, and of what is open at a mark.
        cash: The initial cash.
        is_fixed: The three are profits of a fixed quote.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/plane.py, `spread`)
    """
    if is_fixed:
        return 1.0 + (by_profit + by_stop + by_signal) / cash
    return by_profit * by_stop * by_signal


@inline
def holds_by_region(seen: Seen, n_segments: int) -> bool:
    """Whether regions hold for a variant: what `plane.region_plane` returns for it.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/plane.py)
    """
    is_fixed = not math.isinf(seen.cap)
    balance, least = seen.cash, 1.0
    for k in range(n_segments):
        if is_fixed and balance < seen.cap:
            return False
        worst = _worst(seen, k)
        balance += seen.cap * lesser(0.0, worst) if is_fixed else 0.0
        least = lesser(least, 1.0 + worst)
    return balance > 0.0 if is_fixed else least > NEAR_ZERO


@inline
def _worst(seen: Seen, k: int) -> float:
    """The least gain of a segment in any cell.

    A level further away is reached at a close further away, or at the same: of the stops the last
    that is reached costs most, of the profits the first gains least.
    """
    entry, side = seen.segments.entries[k], seen.segments.sides[k]
    limit = seen.segments.exits[k]
    stops, profits = seen.passages.stops[side - 1, entry], seen.passages.profits[side - 1, entry]
    worst = _gain_at(seen, entry, side, limit)
    n_stops = reached(stops, limit)
    if n_stops > 0:
        worst = lesser(worst, _gain_at(seen, entry, side, stops[n_stops - 1]))
    if profits[0] < limit:
        worst = lesser(worst, _gain_at(seen, entry, side, profits[0]))
    return worst


@inline
def step_cell(seen: Seen, n_segments: int, levels: tuple[int, int]) -> float:
    """End equity over initial cash in a cell, trade by trade, as `plane.stepwise_plane` has it.

    NaN where money came too near zero in this cell; there all cells are judged together.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/plane.py)
    """
    cap, lock, cash = seen.cap, seen.lock, seen.cash
    available, safe, least, least_gain = cash, 0.0, cash, 0.0
    factor, put_aside = 1.0, 0.0
    for k in range(n_segments):
        entry, side = seen.segments.entries[k], seen.segments.sides[k]
        if not is_varying(seen.segments, k, seen.passages, cap):
            gain = _gain_at(seen, entry, side, seen.segments.exits[k])
            factor, put_aside = led_by(factor, put_aside, gain, lock)
            continue
        safe += available * put_aside
        available *= factor
        factor, put_aside = 1.0, 0.0
        _, gain = end_of(seen, k, levels, gain_line(seen.inverse, seen.factors, entry, side))
        available, safe = trade_step(available, safe, gain, cap, lock)
        least = lesser(least, available)
        least_gain = lesser(least_gain, gain)
    safe += available * put_aside
    available *= factor
    least = lesser(least, available)
    is_sound = holds_stepwise(least, least_gain, cash, cap)
    return (available + safe) / cash if is_sound else np.nan
