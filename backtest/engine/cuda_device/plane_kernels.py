"""Kernels of Stage B on a CUDA device; `plane` has the steps that their threads take.

See: docs/scale.md#an-accelerator
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportArgumentType=false
# numba-cuda is untyped. An element of an array is typed as if it could be an array itself.

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.bits.segments import Segments, find_runs
from backtest.engine.blocks.growth import write_growth
from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.cuda_device.kernels import Kernel, cuda
from backtest.engine.cuda_device.plane import (
    cell_equity,
    draw_by_profit,
    draw_by_signal,
    draw_by_stop,
    holds_by_region,
    spread_down,
    step_cell,
)
from backtest.engine.money.passage import Passages
from backtest.engine.scoring.plane_growth import Seen, draw_cell
from backtest.engine.scoring.score import Account
from backtest.jit import inline
from backtest.types import FloatArray, IntArray, WordArray


class Planes(NamedTuple):
    """What all kernels look at first: the account, marks, levels and the segments of variants.

    `ends` and `mark_factors` are of `Marks`. `places`, shape (n, 3, n_bars + 1), and `counts`,
    shape (n,), are of `list_segments`.

    See: docs/scale.md#an-accelerator
    """

    account: Annotated[Account, "Account"]
    cash: Annotated[float, "float64"]
    ends: Annotated[IntArray, "int64[::1]"]
    mark_factors: Annotated[FloatArray, "float64[:, ::1]"]
    passages: Annotated[Passages, "Passages"]
    places: Annotated[IntArray, "int64[:, :, ::1]"]
    counts: Annotated[IntArray, "int64[::1]"]


class Layers(NamedTuple):
    """Lines of corners at the end of each block, of a score of one layer at the end.

    Shape (n, n_layers, n_profits, n_stops) by profit, (n, n_layers, n_stops, n_profits) by stop
    and by signal.

    See: docs/scale.md#an-accelerator
    """

    by_profit: Annotated[FloatArray, "float64[:, :, :, ::1]"]
    by_stop: Annotated[FloatArray, "float64[:, :, :, ::1]"]
    by_signal: Annotated[FloatArray, "float64[:, :, :, ::1]"]


@inline
def _seen(planes: Planes, m: int) -> Seen:
    account, places = planes.account, planes.places[m]
    return Seen(
        account.close, account.inverse, account.factors, planes.cash, account.cap, account.lock,
        planes.ends, planes.mark_factors, planes.passages,
        Segments(places[0], places[1], places[2]),
    )  # fmt: skip


def list_segments(rows: WordArray, n_bars: int, places: IntArray, counts: IntArray) -> None:
    """The segments of variants; one thread per variant.

    Args:
        rows: Shape (n, 2, n_words), combined.
        n_bars: Bars of the target slice.
        places: Out, shape (n, 3, n_bars + 1): entries, exits and sides.
        counts: Out, shape (n,).

    See: docs/scale.md#an-accelerator (backtest/engine/bits/segments.py)
    """
    m = cuda.grid(1)
    if m < counts.size:
        segments = Segments(places[m, 0], places[m, 1], places[m, 2])
        counts[m] = find_runs(rows[m], rows[m], n_bars, segments)


def _lines_with(name: str, draw: Callable[..., None]) -> Kernel:
    """A kernel that draws lines of corners; `draw` is one of `plane.line_of`."""

    def lines(planes: Planes, n_marks: int, corners: FloatArray, out: FloatArray) -> None:
        i = cuda.grid(1)
        n_levels = corners.shape[1]
        if i < corners.shape[0] * n_levels:
            m, level = i // n_levels, i % n_levels
            seen = _seen(planes, m)
            draw(seen, planes.counts[m], level, n_marks, corners[m, level], out[m, :, level])

    lines.__name__ = name
    return lines


stop_lines = _lines_with("stop_lines", draw_by_stop)
profit_lines = _lines_with("profit_lines", draw_by_profit)
signal_lines = _lines_with("signal_lines", draw_by_signal)


def spread_signals(cap: float, signals: FloatArray) -> None:
    """Accumulate the exits by signal down the columns, in place; one thread per column.

    Args:
        cap: The most quote that an entry takes.
        signals: Shape (n, n_layers, n_stops, n_profits), as drawn along the rows.

    See: docs/scale.md#an-accelerator
    """
    i = cuda.grid(1)
    n_layers, n_profits = signals.shape[1], signals.shape[3]
    if i < signals.shape[0] * n_layers * n_profits:
        place, column = i // n_profits, i % n_profits
        spread_down(signals[place // n_layers, place % n_layers], column, not math.isinf(cap))


def judge_regions(planes: Planes, is_sound: FlagArray) -> None:
    """Whether regions hold for each variant (`plane.holds_by_region`); one thread per variant.

    The result is `is_sound`, shape (n,).

    See: docs/scale.md#an-accelerator
    """
    m = cuda.grid(1)
    if m < is_sound.size:
        is_sound[m] = holds_by_region(_seen(planes, m), planes.counts[m])


def score_cells(layers: Layers, cash: float, cap: float, out: FloatArray) -> None:
    """End equity over initial cash of cells, from the lines of one layer; one thread per cell.

    Args:
        layers: `n_layers` is 1.
        cash: The initial cash.
        cap: The most quote that an entry takes.
        out: Out, shape (n, n_stops, n_profits).

    See: docs/scale.md#an-accelerator
    """
    i = cuda.grid(1)
    if i < out.size:
        t, rest = i % out.shape[2], i // out.shape[2]
        s, m = rest % out.shape[1], rest // out.shape[1]
        out[m, s, t] = cell_equity(
            layers.by_profit[m, 0, t, s], layers.by_stop[m, 0, s, t], layers.by_signal[m, 0, s, t],
            cash, not math.isinf(cap),
        )  # fmt: skip


def grow_cells(
    layers: Layers, cash: float, cap: float, growth: GrowthArray, ruined: FlagArray
) -> None:
    """Growth of cells, from the lines of 64 layers; one thread per cell.

    Args:
        layers: `n_layers` is 64.
        cash: The initial cash.
        cap: The most quote that an entry takes.
        growth: Out, shape (n, n_stops * n_profits, 64), millionths.
        ruined: Out, shape (n, n_stops * n_profits).

    See: docs/scale.md#an-accelerator, docs/ledger.md
    """
    i = cuda.grid(1)
    if i < ruined.size:
        m, c = i // ruined.shape[1], i % ruined.shape[1]
        s, t = c // layers.by_stop.shape[3], c % layers.by_stop.shape[3]
        is_fixed = not math.isinf(cap)
        equity = cuda.local.array(N_BLOCKS, np.float64)
        totals = cuda.local.array(N_BLOCKS, np.int64)
        for k in range(N_BLOCKS):
            equity[k] = cell_equity(
                layers.by_profit[m, k, t, s], layers.by_stop[m, k, s, t],
                layers.by_signal[m, k, s, t], cash, is_fixed,
            )  # fmt: skip
        ruined[m, c] = write_growth(equity, is_fixed, totals, growth[m, c])


def step_cells(planes: Planes, chosen: IntArray, out: FloatArray) -> None:
    """Scores of cells of chosen variants, trade by trade; one thread per cell.

    `chosen`, shape (n_chosen,), are places among the variants. `out` is as in `score_cells`; NaN
    asks for exact scoring of the variant.

    See: docs/scale.md#an-accelerator
    """
    i = cuda.grid(1)
    n_cells = out.shape[1] * out.shape[2]
    if i < chosen.size * n_cells:
        m, c = chosen[i // n_cells], i % n_cells
        levels = (c // out.shape[2], c % out.shape[2])
        out[m, levels[0], levels[1]] = step_cell(_seen(planes, m), planes.counts[m], levels)


def draw_cells(planes: Planes, chosen: IntArray, growth: GrowthArray, ruined: FlagArray) -> None:
    """Growth of cells of chosen variants, trade by trade; one thread per cell.

    `chosen`, shape (n_chosen,), are places among the variants, `growth` and `ruined` are as in
    `grow_cells`.

    See: docs/scale.md#an-accelerator, docs/ledger.md
    """
    i = cuda.grid(1)
    n_cells, n_profits = ruined.shape[1], planes.passages.profits.shape[2]
    if i < chosen.size * n_cells:
        m, c = chosen[i // n_cells], i % n_cells
        equity = cuda.local.array(N_BLOCKS, np.float64)
        totals = cuda.local.array(N_BLOCKS, np.int64)
        draw_cell(_seen(planes, m), planes.counts[m], (c // n_profits, c % n_profits), equity)
        is_fixed = not math.isinf(planes.account.cap)
        ruined[m, c] = write_growth(equity, is_fixed, totals, growth[m, c])


_LAYERS = "float64[:, :, :, ::1]"
_LINES = f"void(Planes, int64, float64[:, :, ::1], {_LAYERS})"
_GROWTH = "int32[:, :, ::1], boolean[:, ::1]"

SIGNATURES: dict[Kernel, str] = {
    list_segments: "void(uint64[:, :, ::1], int64, int64[:, :, ::1], int64[::1])",
    stop_lines: _LINES,
    profit_lines: _LINES,
    signal_lines: _LINES,
    spread_signals: f"void(float64, {_LAYERS})",
    judge_regions: "void(Planes, boolean[::1])",
    score_cells: "void(Layers, float64, float64, float64[:, :, ::1])",
    grow_cells: f"void(Layers, float64, float64, {_GROWTH})",
    step_cells: "void(Planes, int64[::1], float64[:, :, ::1])",
    draw_cells: f"void(Planes, int64[::1], {_GROWTH})",
}
