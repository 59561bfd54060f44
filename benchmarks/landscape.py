"""What the map of a large grid takes: every axis, its values, and surfaces."""

import os
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, Ledger, block_ends
from backtest.engine.pipeline.recorder import Recorded
from backtest.enums import SurfaceStatistic
from backtest.evidence.landscape import Landscape
from backtest.grid import Grid, IndicatorAxes
from backtest.indicators.catalog import INDICATORS
from benchmarks.alone import MIB, alone, peak_bytes, settle
from benchmarks.tables import Benchmark, Finding, held_against
from benchmarks.timing import thousands

REPEATS = 5
CLOSE = ("source", ("close",))
N_TAKEN_UP = 1_000
# For a map and a surface of it, of 600 000 base variants; smaller grids take less.
MARK_S = 0.5
WINNER = 5


class Load(NamedTuple):
    """A grid: how many values its two windows have, and whether there are stops and targets."""

    windows: tuple[int, int]
    with_risk: bool


LOADS = (Load((50, 20), False), Load((100, 60), False), Load((100, 60), True))


def grid_of(load: Load) -> Grid:
    """100 pairs of thresholds for each pair of windows."""
    slow, fast = load.windows
    thresholds = (
        ("long_threshold", tuple(50.0 + i for i in range(10))),
        ("short_threshold", tuple(49.0 - i for i in range(10))),
    )
    return Grid(
        indicators=(
            IndicatorAxes(
                indicator=INDICATORS["ma.sma"],
                axes=(("window", tuple(range(5, 5 + slow))), CLOSE),
                signal_axes=(),
            ),
            IndicatorAxes(
                indicator=INDICATORS["momentum.rsi"],
                axes=(("window", tuple(range(5, 5 + fast))), CLOSE),
                signal_axes=thresholds,
            ),
        ),
        sl_pct=tuple(0.5 * i for i in range(1, 21)) if load.with_risk else None,
        tp_pct=tuple(0.5 * i for i in range(1, 31)) if load.with_risk else None,
    )


def noise_over(grid: Grid, *, with_risk: bool) -> Recorded:
    """A ledger of noise for a grid."""
    random = np.random.default_rng(1)
    shortlist = np.arange(N_TAKEN_UP) * (grid.n_base // N_TAKEN_UP) if with_risk else np.arange(0)
    n_cells = grid.n_risk if with_risk else 0
    n_rows = grid.n_base + len(shortlist) * max(0, n_cells - 1)
    ledger = Ledger(
        growth=random.integers(-9_000, 9_000, (n_rows, N_BLOCKS), dtype=np.int32),
        ruined=np.zeros(n_rows, np.bool_),
        holding=np.zeros(N_BLOCKS, np.int32),
        winners=np.array([n_rows - WINNER]),
        adds_up=False,
        block_ends=block_ends(35_040),
    )
    return Recorded(
        ledger=ledger,
        bases=ledger,
        base_totals=random.normal(0.0, 70_000, grid.n_base).astype(np.int64),
        shortlist=shortlist,
        n_cells=n_cells,
    )


def cost(load: Load) -> list[str]:
    """Seconds of a processor for the map and for a surface, the least of five."""
    grid = grid_of(load)
    recorded = noise_over(grid, with_risk=load.with_risk)
    made: list[Landscape] = []

    def draw() -> None:
        made[:] = [Landscape(grid, recorded)]
        made[0].axes()
        made[0].interactions()

    held = settle()
    drawn = _least_s(draw)
    added = peak_bytes() - held
    surface = _least_s(lambda: made[0].surface(None, None, SurfaceStatistic.MEDIAN))
    return [
        thousands(grid.n_base),
        thousands(len(recorded.shortlist) * recorded.n_cells),
        str(len(made[0].axes())),
        f"{drawn:.2f} s",
        f"{surface:.2f} s",
        held_against(drawn + surface, MARK_S, "s"),
        f"{added / MIB:.0f} MiB",
    ]


def _least_s(call: Callable[[], object]) -> float:
    """Processor seconds, so that others on the machine do not show."""
    taken: list[float] = []
    for _ in range(REPEATS):
        started = time.process_time()
        call()
        taken.append(time.process_time() - started)
    return min(taken)


def measure_landscape() -> list[Finding]:
    rows = [alone(cost, load) for load in LOADS]
    return [
        Finding(
            key="landscape-cost",
            question="What does the map of a grid take?",
            header=[
                "base variants", "cells of Stage B", "axes", "all axes", "one surface", "both",
                "memory beside the ledger",
            ],
            rows=rows,
            notes=[
                (
                    "Noise on a full grid of two windows and two thresholds, without and with 20 "
                    "stop-losses and 30 take-profits; seconds of one processor, the least of "
                    f"{REPEATS} (load {os.getloadavg()[0]:.1f})."
                ),
                (
                    "All axes: from the ledger to every share, value and interaction. A surface: "
                    "medians over the two axes that explain most."
                ),
            ],
        )
    ]  # fmt: skip


LANDSCAPE = Benchmark(name="landscape", title="Landscape", measure=measure_landscape)
