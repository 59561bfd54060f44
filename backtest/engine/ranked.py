"""From bars to winners: signals, Stage A, Stage B.

See: docs/ranking.md
"""

from dataclasses import dataclass

import numpy as np

from backtest.control import Control
from backtest.engine.accelerator import Accelerator
from backtest.engine.chunks import Workers
from backtest.engine.combos import Combos
from backtest.engine.ledger import N_BLOCKS
from backtest.engine.neighbours import NearReturns, Steps, near_returns
from backtest.engine.preselection import Preselection
from backtest.engine.ranking import Criteria
from backtest.engine.recorder import Recorded
from backtest.engine.risk_plane import RiskPlane
from backtest.engine.rows import Readers
from backtest.engine.shortlist import Margin
from backtest.engine.stages import Stages
from backtest.engine.target import TargetSlice
from backtest.engine.winners import Contest, KeyMaker, Winner
from backtest.identity import VariantKeys
from backtest.indicators.series import Series
from backtest.plan import Plan
from backtest.stopwatch import Stopwatch
from backtest.types import Bars, WordArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The winners of a run, best first, and what their reports need.

    `words`, shape (n_winners, 2, n_words), are their combined bit rows. `recorded` is None where
    nobody wants a ledger, or the target slice is too short for one. `near` are the returns of base
    variants next to the winners, with their stops; empty where nobody wants them, or no plane is.
    `scored_by` names the device, or the processors as `cpu`.

    See: docs/ranking.md
    """

    target: TargetSlice
    plane: RiskPlane
    keys: KeyMaker
    winners: list[Winner]
    words: WordArray
    recorded: Recorded | None
    near: NearReturns
    scored_by: tuple[str, ...]


def rank_variants(
    plan: Plan,
    bars: Bars,
    workers: Workers,
    control: Control,
    stopwatch: Stopwatch,
    *,
    with_ledger: bool = False,
    with_neighbours: bool = False,
    accelerator: Accelerator | None = None,
) -> Ranked:
    """Score every variant of a plan and keep the best.

    Args:
        plan: The plan.
        bars: Its bars, warm-up included.
        workers: Who computes.
        control: The run's handle.
        stopwatch: Gets the seconds of `signals`, `stage_a`, `stage_b` and `ledger`.
        with_ledger: Whether the growth of every trial is kept.
        with_neighbours: Whether the variants next to the winners are measured.
        accelerator: The device that may score in place of the workers.

    Raises:
        RunCancelled: The control was cancelled.
        DeadlineExceeded: The control's deadline passed.

    See: docs/ranking.md
    """
    settings, grid = plan.settings, plan.grid
    target = TargetSlice.of(bars, settings)
    readers = Readers(Series.of(bars), bars.target_start, bars.target_stop)
    with stopwatch.stage("signals"):
        combos = Combos(grid, readers, workers, control)
    with_ledger = with_ledger and target.n_bars >= N_BLOCKS
    stages = Stages(
        combos, target, workers, control, with_ledger=with_ledger, accelerator=accelerator
    )
    plane = RiskPlane(target, grid.sl_pct, grid.tp_pct)
    keys = KeyMaker(grid, _variant_keys(plan), control)
    criteria = Criteria.of(settings, target)
    margin = Margin.of(target.n_bars, adds_up=not np.isinf(target.terms.budget_cap))
    preselection = Preselection(
        stages=stages, numbering=combos.numbering, criteria=criteria, keys=keys, margin=margin,
        control=control,
    )  # fmt: skip
    contest = Contest(
        stages=stages, numbering=combos.numbering, plane=plane, criteria=criteria, keys=keys,
        margin=margin,
    )  # fmt: skip
    with stopwatch.stage("stage_a"):
        shortlist = preselection.shortlist(plan.n_kept)
    stages.leave_device()
    with stopwatch.stage("stage_b"):
        winners = contest.best(shortlist, settings.top_k, is_distinct=settings.distinct)
        bases = np.array([winner.base for winner in winners], np.int64)
        words = stages.words(combos.numbering.combos_of(bases))
    recorded = None
    if stages.recorder is not None:
        with stopwatch.stage("ledger"):
            places = [(winner.base, winner.rank, winner.cell) for winner in winners]
            combo_of_base = combos.numbering.combos_of_all()
            recorded = stages.recorder.recorded(
                combo_of_base, shortlist, plane, np.array(places, np.int64).reshape(-1, 3)
            )
    near: NearReturns = {}
    if with_neighbours and recorded is not None and not plane.is_disabled:
        with stopwatch.stage("neighbours"):
            cells = [(winner.base, winner.cell) for winner in winners]
            near = near_returns(Steps(grid), cells, combos.numbering, stages, plane)
    return Ranked(
        target=target,
        plane=plane,
        keys=keys,
        winners=winners,
        words=words,
        recorded=recorded,
        near=near,
        scored_by=stages.scored_by,
    )


def _variant_keys(plan: Plan) -> VariantKeys:
    settings = plan.settings
    return VariantKeys(
        instrument=settings.instrument,
        timeframe=settings.timeframe,
        direction_mode=settings.direction_mode,
        sizing_mode=settings.sizing_mode,
        execution=plan.execution,
    )
