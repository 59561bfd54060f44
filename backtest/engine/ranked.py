"""From bars to winners: signals, Stage A, Stage B.

See: docs/ranking.md
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.ranking import Criteria
from backtest.engine.pipeline.recorder import Recorded, Recorder
from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.engine.pipeline.shortlist import Margin
from backtest.engine.pipeline.slabs import Candidates
from backtest.engine.pipeline.stages import Stages
from backtest.engine.selection.neighbours import NearReturns, Steps, near_returns
from backtest.engine.selection.preselection import Preselection
from backtest.engine.selection.winners import Contest, KeyMaker, Winner
from backtest.engine.shards import Found, Keep, Shard
from backtest.engine.signal_rows.combos import Combos
from backtest.engine.signal_rows.rows import Readers
from backtest.engine.workers.chunks import Workers
from backtest.identity import VariantKeys
from backtest.indicators.series import Series
from backtest.plan import Plan
from backtest.stopwatch import Stopwatch
from backtest.types import Bars, IntArray, WordArray

NODES = "nodes"


class LookElsewhere(Protocol):
    """Whoever finds the candidates of Stage A on other machines.

    See: docs/scale.md#one-large-run
    """

    def __call__(
        self, n_outer: int, n_fast: int, n_kept: int, keep: Keep | None
    ) -> Candidates | None:
        """The candidates for `n_kept` base variants of a grid of so many combos.

        `keep` is handed the growth of all of them; None where nobody wants it. The answer is None
        where the grid is better looked through here.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The winners of a run, best first, and what their reports need.

    `words`, shape (n_winners, 2, n_words), are their combined bit rows. `recorded` is None where
    nobody wants a ledger, or the target slice is too short for one. `near` are the returns of base
    variants next to the winners, with their stops; empty where nobody wants them, or no plane is.
    `scored_by` names the device, the processors as `cpu`, or `nodes` where
    others have looked through the grid.

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
    elsewhere: LookElsewhere | None = None,
) -> Ranked:
    """Score every variant of a plan and keep the best.

    Args:
        plan: The plan.
        bars: Its bars, warm-up included.
        workers: Who computes, a device among them if there is one.
        control: The run's handle.
        stopwatch: Gets the seconds of `signals`, `stage_a`, `stage_b` and `ledger`.
        with_ledger: Whether the growth of every trial is kept.
        with_neighbours: Whether the variants next to the winners are measured.
        elsewhere: Who finds the candidates of Stage A; where it is None or gives None, `workers`
            do.

    Raises:
        RunCancelled: The control was cancelled.
        DeadlineExceeded: The control's deadline passed.

    See: docs/ranking.md
    """
    target = TargetSlice.of(bars, plan.settings)
    with stopwatch.stage("signals"):
        combos = _combos(plan, bars, workers, control)
    with_ledger = with_ledger and target.n_bars >= N_BLOCKS
    stages = Stages(combos, target, workers, control, with_ledger=with_ledger)
    keys = KeyMaker(plan.grid, _variant_keys(plan), control)
    ranking = _Ranking(plan, stages, keys, target, control)
    with stopwatch.stage("stage_a"), stages.using_device():
        shortlist, is_here = ranking.stage_a(elsewhere)
    with stopwatch.stage("stage_b"), stages.using_device():
        winners, words = ranking.stage_b(shortlist)
    recorded = None
    if stages.recorder is not None:
        with stopwatch.stage("ledger"), stages.using_device():
            recorded = ranking.ledger(stages.recorder, shortlist, winners)
    near: NearReturns = {}
    if with_neighbours and recorded is not None and not ranking.plane.is_disabled:
        with stopwatch.stage("neighbours"):
            near = ranking.neighbours(winners)
    return Ranked(
        target=target,
        plane=ranking.plane,
        keys=keys,
        winners=winners,
        words=words,
        recorded=recorded,
        near=near,
        scored_by=stages.scored_by if is_here else (NODES,),
    )


class _Ranking:
    """The stages of one run, each handed what the one before has found.

    Args:
        plan: The plan.
        stages: Who scores its grid.
        keys: Who makes keys for ties.
        target: Its target slice.
        control: The run's handle.
    """

    def __init__(
        self, plan: Plan, stages: Stages, keys: KeyMaker, target: TargetSlice, control: Control
    ) -> None:
        self.plane = RiskPlane(target, plan.grid.sl_pct, plan.grid.tp_pct)
        self._plan, self._stages = plan, stages
        self._numbering = stages.combos.numbering
        self._preselection = _preselection(plan, stages, keys, target, control)
        self._contest = Contest(
            stages=stages,
            numbering=self._numbering,
            plane=self.plane,
            criteria=Criteria.of(plan.settings, target),
            keys=keys,
            margin=_margin(target),
            control=control,
        )

    def stage_a(self, elsewhere: LookElsewhere | None) -> tuple[IntArray, bool]:
        """The shortlist, best first, and whether the grid was looked through here."""
        combos, n_kept, recorder = self._stages.combos, self._plan.n_kept, self._stages.recorder
        if elsewhere is not None:
            keep = None if recorder is None else recorder.keep
            found = elsewhere(combos.n_outer, combos.n_fast, n_kept, keep)
            if found is not None:
                return self._preselection.best(found, n_kept), False
        return self._preselection.shortlist(n_kept), True

    def stage_b(self, shortlist: IntArray) -> tuple[list[Winner], WordArray]:
        """The winners, best first, and their combined bit rows."""
        settings = self._plan.settings
        winners = self._contest.best(shortlist, settings.top_k, is_distinct=settings.distinct)
        bases = np.array([winner.base for winner in winners], np.int64)
        return winners, self._stages.words(self._numbering.combos_of(bases))

    def ledger(self, recorder: Recorder, shortlist: IntArray, winners: list[Winner]) -> Recorded:
        """How every trial grew; the recorder is used up."""
        places = [(winner.base, winner.rank, winner.cell) for winner in winners]
        rows = np.array(places, np.int64).reshape(-1, 3)
        return recorder.recorded(self._numbering.combos_of_all(), shortlist, self.plane, rows)

    def neighbours(self, winners: list[Winner]) -> NearReturns:
        """The returns next to the winners, with their stops."""
        cells = [(winner.base, winner.cell) for winner in winners]
        steps = Steps(self._plan.grid)
        return near_returns(steps, cells, self._numbering, self._stages, self.plane)


def look_through(
    shard: Shard,
    plan: Plan,
    bars: Bars,
    workers: Workers,
    control: Control,
) -> Found:
    """Whoever of a shard may be among the best of the whole grid, and what all of it grew by.

    See: docs/scale.md#one-large-run
    """
    target = TargetSlice.of(bars, plan.settings)
    combos = _combos(plan, bars, workers, control)
    stages = Stages(
        combos, target, workers, control, with_ledger=shard.with_ledger, outer=shard.outer
    )
    keys = KeyMaker(plan.grid, _variant_keys(plan), control)
    preselection = _preselection(plan, stages, keys, target, control)
    with stages.using_device():
        return Found(
            candidates=preselection.candidates(shard.n_kept, shard.outer),
            grown=None if stages.recorder is None else stages.recorder.grown(),
        )


def _preselection(
    plan: Plan, stages: Stages, keys: KeyMaker, target: TargetSlice, control: Control
) -> Preselection:
    return Preselection(
        stages=stages,
        numbering=stages.combos.numbering,
        criteria=Criteria.of(plan.settings, target),
        keys=keys,
        margin=_margin(target),
        control=control,
    )


def _combos(plan: Plan, bars: Bars, workers: Workers, control: Control) -> Combos:
    readers = Readers(Series.of(bars), bars.target_start, bars.target_stop)
    return Combos(plan.grid, readers, workers, control)


def _margin(target: TargetSlice) -> Margin:
    return Margin.of(target.n_bars, adds_up=not np.isinf(target.terms.budget_cap))


def _variant_keys(plan: Plan) -> VariantKeys:
    settings = plan.settings
    return VariantKeys(
        instrument=settings.instrument,
        timeframe=settings.timeframe,
        direction_mode=settings.direction_mode,
        sizing_mode=settings.sizing_mode,
        execution=plan.execution,
    )
