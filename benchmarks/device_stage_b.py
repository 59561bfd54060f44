"""What Stage B takes on a CUDA device: planes of a shortlist, and their growth."""

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.engine.pipeline.stages import Stages
from backtest.engine.workers.accelerator import Accelerator
from benchmarks.bars import YEAR_15M
from benchmarks.engine import SIZINGS, two_averages
from benchmarks.grids import request
from benchmarks.machine import n_processors
from benchmarks.prepared import prepared
from benchmarks.tables import Finding
from benchmarks.timing import median_s, thousands

# 600 000 cells.
GRID = (50, 30)
LEVELS = tuple(0.5 * level for level in range(1, 21))
REPEATS = 3


def stage_b(accelerator: Accelerator, card: str, n_bars: int = YEAR_15M) -> Finding:
    """Every base variant of a small grid, over a plane."""
    rows = [
        _row(accelerator, sizing, n_bars, with_ledger=with_ledger)
        for with_ledger in (False, True)
        for sizing in SIZINGS
    ]
    return Finding(
        key="device-stage-b",
        question="What does Stage B take on the device, and are its bits those of the processors?",
        header=["sizing", card, "cells/s", "processors", "ratio"],
        rows=rows,
        notes=[
            (
                f"{thousands(GRID[0] * GRID[1])} base variants over {len(LEVELS)} × {len(LEVELS)} "
                f"levels and {thousands(n_bars)} bars, first passages ready; the device's time "
                "counts combining rows, uploading them and the passages, and copying back."
            ),
            f"Processors: {n_processors()} threads, in the same process. Medians of {REPEATS}.",
            "Every bit of both is asserted to be the same.",
        ],
    )


def _row(accelerator: Accelerator, sizing: str, n_bars: int, *, with_ledger: bool) -> list[str]:
    body = request(*two_averages(*GRID), n_bars=n_bars, sizing_mode=sizing)
    found: list[tuple[np.ndarray, ...]] = []
    seconds: list[float] = []
    for where in (accelerator, Accelerator()):
        with prepared(body, where, with_ledger=with_ledger) as stages:
            plane = RiskPlane(stages._target, LEVELS, LEVELS)  # noqa: SLF001 - one part of a run

            def score(stages: Stages = stages, plane: RiskPlane = plane) -> tuple[np.ndarray, ...]:
                return _scored(stages, plane)

            found.append(score())
            seconds.append(median_s(score, REPEATS))
            assert (stages.scored_by == ("cpu",)) == (where is not accelerator), stages.scored_by
    for mine, theirs in zip(*found, strict=True):
        assert np.array_equal(mine, theirs), sizing
    n_cells = GRID[0] * GRID[1] * len(LEVELS) ** 2
    return [
        f"`{sizing}`{', with its ledger' if with_ledger else ''}",
        f"{seconds[0] * 1e3:.1f} ms",
        thousands(n_cells / seconds[0]),
        f"{seconds[1] * 1e3:.0f} ms",
        f"{seconds[1] / seconds[0]:.1f}",
    ]


def _scored(stages: Stages, plane: RiskPlane) -> tuple[np.ndarray, ...]:
    """Scores of all cells, or their growth and who was ruined."""
    combos = np.arange(GRID[0] * GRID[1])
    with stages.using_device():
        if stages.recorder is None:
            return (stages.plane_scores(combos, plane),)
        shape = (len(combos), plane.n_stops, plane.n_profits)
        growth, ruined = np.empty((*shape, N_BLOCKS), np.int32), np.empty(shape, np.bool_)
        stages.recorder._fill(combos, plane, growth, ruined)  # noqa: SLF001 - one part of a run
    return growth, ruined
