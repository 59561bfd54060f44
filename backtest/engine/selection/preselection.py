"""Which base variants Stage A hands on: the best of the grid, cut slab by slab.

See: docs/ranking.md, docs/scoring.md#slabs
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.limits.estimate import claim_ties
from backtest.engine.money.daily import Measures
from backtest.engine.pipeline.measured import bounds_of, columns_knowing, columns_of, in_parts
from backtest.engine.pipeline.ranking import Criteria, metrics_of
from backtest.engine.pipeline.shortlist import (
    NO_MARGIN,
    Margin,
    best_by_columns,
    best_by_fast_score,
    cut,
    measured_by_bound,
)
from backtest.engine.pipeline.slabs import Candidates, Slab, merge, slabs_of
from backtest.engine.pipeline.stages import Stages
from backtest.engine.selection.winners import KeyMaker
from backtest.engine.signal_rows.numbering import Numbering
from backtest.types import FloatArray, IntArray

# Candidates beyond those that are wanted: ties, and scores nearer than the margin. With more, the
# exact order decides at once who stays.
MOST_IN_DOUBT = 1 << 18


class Preselection:
    """Keeps the best base variants of a run, risk disabled.

    Args:
        stages: Who scores.
        numbering: Which combo a base variant is.
        criteria: What orders variants, and what keeps one out.
        keys: Who makes keys for ties.
        margin: How far fast scores may be off.
        control: The run's handle.

    See: docs/ranking.md, docs/scoring.md#slabs
    """

    def __init__(
        self,
        *,
        stages: Stages,
        numbering: Numbering,
        criteria: Criteria,
        keys: KeyMaker,
        margin: Margin,
        control: Control,
    ) -> None:
        self._stages, self._numbering = stages, numbering
        self._criteria, self._keys = criteria, keys
        self._margin = margin if criteria.by_return else NO_MARGIN
        self._control = control

    def shortlist(self, n_best: int) -> IntArray:
        """The best base variants of the grid, best first."""
        return self.best(self.candidates(n_best), n_best)

    def candidates(self, n_kept: int, outer: tuple[int, int] | None = None) -> Candidates:
        """Whoever may be among the best `n_kept` of the grid, or of a range of outer combos."""
        n_columns = 1 if self._criteria.by_return else len(metrics_of(self._criteria.ranking))
        low, high = outer or (0, self._numbering.n_outer)
        n_looked_at, n_combos = 0, (high - low) * self._numbering.n_fast
        found = Candidates.none(n_columns, self._margin)
        for slab in slabs_of(self._stages.combos, (low, high)):
            with self._control.part(n_looked_at, slab.n_combos, n_combos):
                if len(found) > n_kept + MOST_IN_DOUBT:
                    found = found.at(np.sort(self._order(found, n_kept)))
                found = merge(found, self._of_slab(slab, n_kept, found.ceiling(n_kept)), n_kept)
            n_looked_at += slab.n_combos
        return found

    def best(self, candidates: Candidates, n_best: int) -> IntArray:
        """The best base variants of candidates, best first, in the order of the exact number."""
        return candidates.bases[self._order(candidates, n_best)]

    def _order(self, candidates: Candidates, n_best: int) -> IntArray:
        """Places of the best candidates."""
        if len(candidates) == 0:
            return candidates.bases
        bases, columns = candidates.bases, candidates.columns
        claim_ties(self._control, len(bases), n_best)

        def key_of(member: int) -> str:
            return self._keys.base_key(int(bases[member]))

        if not self._criteria.by_return:
            everyone = np.arange(len(bases), dtype=np.int64)
            return best_by_columns(everyone, tuple(columns), n_best, key_of)[:n_best]

        def measured(members: IntArray, measures: Sequence[Measures]) -> FloatArray:
            return self._base_metrics(bases[members], measures)

        scores = -columns[0]
        exact = in_parts(columns_knowing(scores, measured, self._criteria))
        return best_by_fast_score(scores, n_best, self._margin, exact, key_of)

    def _of_slab(self, slab: Slab, n_kept: int, ceiling: float) -> Candidates:
        """Candidates of a slab, without those that are beyond the ceiling.

        All base variants of a combo have its columns, so it is combos that are cut.
        """
        n_alike = self._numbering.n_alike
        n_combos = -(-n_kept // n_alike)
        by = self._by_score if self._criteria.by_return else self._by_metrics
        places, columns = by(slab, n_combos, ceiling)
        kept = cut(columns, n_combos, self._margin)
        bases = self._numbering.bases_of(slab.numbers(places[kept])).reshape(-1)
        order = np.argsort(bases)
        repeated = np.repeat(columns[:, kept], n_alike, axis=1)
        return Candidates(bases=bases[order], columns=repeated[:, order], margin=self._margin)

    def _by_score(self, slab: Slab, n_kept: int, ceiling: float) -> tuple[IntArray, FloatArray]:
        scores = self._stages.slab_scores(slab)
        column = np.negative(scores, out=scores)
        if np.isinf(ceiling) and not self._criteria.min_trades:
            places = cut(column[None], n_kept, self._margin)
        else:
            places = self._entrants(slab, np.flatnonzero(column <= ceiling))
        return places, column[None, places]

    def _by_metrics(self, slab: Slab, n_kept: int, ceiling: float) -> tuple[IntArray, FloatArray]:
        """Exact numbers; drawdowns are measured roughly first, where any are read."""
        places = self._entrants(slab, np.arange(slab.n_combos))
        measured = partial(self._stages.slab_metrics, slab)
        exact = in_parts(columns_of(measured, self._criteria), self._control)
        if not self._criteria.rough:
            return places, np.stack(exact(places))
        (bound,) = in_parts(bounds_of(measured, self._criteria), self._control)(places)
        if not np.isinf(ceiling):
            possible = bound <= ceiling
            places, bound = places[possible], bound[possible]
        members, columns = measured_by_bound(bound, n_kept, lambda members: exact(places[members]))
        return places[members], np.stack(columns)

    def _entrants(self, slab: Slab, places: IntArray) -> IntArray:
        """Places that may trade often enough: each run of the signal is one trade at most.

        With stops a variant may trade more often than without, because its money lasts longer; but
        never more often than its signal sets in.
        """
        if not self._criteria.min_trades:
            return places
        return places[self._stages.slab_runs(slab, places) >= self._criteria.min_trades]

    def _base_metrics(self, bases: IntArray, measures: Sequence[Measures]) -> FloatArray:
        combos, inverse = np.unique(self._numbering.combos_of(bases), return_inverse=True)
        return self._stages.exact_metrics(combos, measures=measures)[inverse]
