"""Which variants win: the best cells of the shortlist, in their exact order.

See: docs/ranking.md
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from backtest.control import Control
from backtest.engine.limits.estimate import claim_ties
from backtest.engine.money.daily import Measures
from backtest.engine.pipeline.measured import (
    Measured,
    bounds_of,
    columns_knowing,
    columns_of,
    in_parts,
)
from backtest.engine.pipeline.ranking import Criteria
from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.engine.pipeline.shortlist import (
    KeyOf,
    Margin,
    best_by_bound,
    best_by_columns,
    best_by_fast_score,
)
from backtest.engine.pipeline.stages import Stages
from backtest.engine.scoring.items import N_TRADES
from backtest.engine.selection.distinct import Groups
from backtest.engine.signal_rows.numbering import Numbering
from backtest.grid import NO_RISK, Grid
from backtest.identity import VariantKeys, risk_json, selection_json, signals_json
from backtest.types import FloatArray, IntArray

INDICATOR_KEYS_KEPT = 4096
# Where variants with too few trades stood among the best, this many times as many are looked at.
MORE_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """One of the best: its base variant, its place in the shortlist and its risk cell.

    `alike` are base variants and cells with its trades, itself among them, where one of them
    stands for all.

    See: docs/ranking.md
    """

    base: int
    rank: int
    cell: int
    alike: tuple[IntArray, IntArray] | None = None


class KeyMaker:
    """Variant keys of a grid, made only when asked for, out of parts that variants share.

    Args:
        grid: The run's grid.
        keys: The fixed parts of the run's keys.
        control: The run's handle; many tied variants need many keys.

    See: docs/ranking.md
    """

    def __init__(self, grid: Grid, keys: VariantKeys, control: Control) -> None:
        self._grid, self._keys, self._control = grid, keys, control
        self._no_risk = risk_json(NO_RISK)
        self._selection = cache(self._selection_json)
        self._signal = cache(self._signal_json)
        self._risk = cache(self._risk_json)
        self._indicators = lru_cache(INDICATOR_KEYS_KEPT)(self._indicator_key)

    def indicator_key(self, base: int) -> str:
        """Key of the indicators' settings of a base variant."""
        return self._indicators(self._grid.point(base).compute)

    def base_key(self, base: int) -> str:
        """Key of a base variant, risk disabled."""
        return self._key(base, self._no_risk)

    def key(self, base: int, cell: int) -> str:
        """Key of a base variant in a risk cell."""
        return self._key(base, self._risk(cell))

    def _key(self, base: int, risk: str) -> str:
        self._control.check()
        point = self._grid.point(base)
        parts = [self._signal(place, index) for place, index in enumerate(point.signals)]
        signals = f"{{{','.join(part for part in parts if part)}}}"
        return self._keys.variant_key(self._indicators(point.compute), risk, signals)

    def _indicator_key(self, compute: tuple[int, ...]) -> str:
        parts = [self._selection(place, index) for place, index in enumerate(compute)]
        return self._keys.indicator_variant_key(parts)

    def _risk_json(self, cell: int) -> str:
        return risk_json(self._grid.risk(cell))

    def _selection_json(self, place: int, index: int) -> str:
        return selection_json(self._grid.indicators[place].selection(index))

    def _signal_json(self, place: int, index: int) -> str:
        """One member of the signals block; empty for a rule without parameters."""
        entry = self._grid.indicators[place]
        if not entry.signal_axes:
            return ""
        return signals_json({entry.indicator.id: entry.signal_setting(index)})[1:-1]


class Contest:
    """Ranks the cells of one run.

    Args:
        stages: Who scores.
        numbering: Which combo a base variant is.
        plane: The risk plane.
        criteria: What orders variants, and what keeps one out.
        keys: Who makes keys for ties.
        margin: How far fast scores may be off.
        control: The run's handle.

    See: docs/ranking.md
    """

    def __init__(
        self,
        *,
        stages: Stages,
        numbering: Numbering,
        plane: RiskPlane,
        criteria: Criteria,
        keys: KeyMaker,
        margin: Margin,
        control: Control,
    ) -> None:
        self._control = control
        self._stages, self._numbering, self._plane = stages, numbering, plane
        self._criteria, self._keys, self._margin = criteria, keys, margin

    def best(self, shortlist: IntArray, n_best: int, *, is_distinct: bool = False) -> list[Winner]:
        """The best cells of the shortlist crossed with the risk plane, with trades enough.

        Where results are distinct, one of them stands for all with the same trades.
        """
        n_all = len(shortlist) * self._plane.n_cells
        if n_all == 0:
            return []
        n_asked = n_best
        groups = self._groups(shortlist) if is_distinct else None
        while True:
            winners = self._best_of_all(shortlist, n_asked, groups)
            if not self._criteria.min_trades:
                return winners
            trades = self._trades_of(winners)
            enough = [
                w for w, n in zip(winners, trades, strict=True) if n >= self._criteria.min_trades
            ]
            if len(enough) >= n_best or n_asked >= n_all:
                return enough[:n_best]
            n_asked *= MORE_AT_ONCE

    def _trades_of(self, winners: list[Winner]) -> IntArray:
        bases = np.array([winner.base for winner in winners], np.int64)
        combos = self._numbering.combos_of(bases)
        cells = np.array([winner.cell for winner in winners], np.int64)
        return self._stages.exact_cells(combos, cells, self._plane)[:, N_TRADES].astype(np.int64)

    def _groups(self, shortlist: IntArray) -> Groups:
        """The cells by their trades."""
        combos, inverse = np.unique(self._numbering.combos_of(shortlist), return_inverse=True)
        return Groups(self._stages.plane_signatures(combos, self._plane)[inverse].reshape(-1))

    def _best_of_all(self, shortlist: IntArray, n_best: int, groups: Groups | None) -> list[Winner]:
        """The best cells, however often they trade; one of each group, if there are groups."""
        n_cells = self._plane.n_cells
        if self._plane.is_disabled and groups is None:
            return [
                Winner(base=base, rank=rank, cell=0)
                for rank, base in enumerate(shortlist[:n_best].tolist())
            ]

        def measured(members: IntArray, measures: Sequence[Measures]) -> FloatArray:
            ranks, cells = np.divmod(members, n_cells)
            combos = self._numbering.combos_of(shortlist[ranks])
            return self._cell_metrics(combos, cells, measures)

        def key_of(member: int) -> str:
            rank, cell = divmod(member, n_cells)
            return self._keys.key(int(shortlist[rank]), cell)

        if groups is not None:

            def of_groups(ids: IntArray, measures: Sequence[Measures]) -> FloatArray:
                return measured(groups.firsts[ids], measures)

            best = self._best_cells(shortlist, n_best, of_groups, groups.key(key_of), groups)
            return [self._standing(shortlist, groups, group, key_of) for group in best.tolist()]
        winners = self._best_cells(shortlist, n_best, measured, key_of)
        places = (divmod(member, n_cells) for member in winners.tolist())
        return [Winner(base=int(shortlist[rank]), rank=rank, cell=cell) for rank, cell in places]

    def _standing(self, shortlist: IntArray, groups: Groups, group: int, key_of: KeyOf) -> Winner:
        """The member of a group that stands for it."""
        n_cells = self._plane.n_cells
        rank, cell = divmod(groups.best(group, key_of), n_cells)
        ranks, cells = np.divmod(groups.members(group), n_cells)
        alike = shortlist[ranks], cells
        return Winner(base=int(shortlist[rank]), rank=rank, cell=cell, alike=alike)

    def _best_cells(
        self,
        shortlist: IntArray,
        n_best: int,
        measured: Measured,
        key_of: KeyOf,
        groups: Groups | None = None,
    ) -> IntArray:
        """Numbers of the best cells, or of the best groups."""
        if not self._criteria.by_return:
            n_all = len(shortlist) * self._plane.n_cells if groups is None else len(groups)
            return self._best_exactly(n_all, n_best, measured, key_of)
        combos, inverse = np.unique(self._numbering.combos_of(shortlist), return_inverse=True)
        scores = self._stages.plane_scores(combos, self._plane)[inverse].reshape(-1)
        scores = scores if groups is None else scores[groups.firsts]
        columns = in_parts(columns_knowing(scores, measured, self._criteria))

        def claimed(members: IntArray) -> tuple[FloatArray, ...]:
            claim_ties(self._control, len(members), n_best)
            return columns(members)

        return best_by_fast_score(scores, n_best, self._margin, claimed, key_of)

    def _best_exactly(
        self, n_members: int, n_best: int, measured: Measured, key_of: KeyOf
    ) -> IntArray:
        """The best by exact numbers; drawdowns are measured roughly first, where any are read."""
        columns = in_parts(columns_of(measured, self._criteria))
        everyone = np.arange(n_members, dtype=np.int64)
        if not self._criteria.rough:
            return best_by_columns(everyone, columns(everyone), n_best, key_of)[:n_best]
        (bound,) = in_parts(bounds_of(measured, self._criteria))(everyone)
        return best_by_bound(bound, n_best, columns, key_of)

    def _cell_metrics(
        self, combos: IntArray, cells: IntArray, measures: Sequence[Measures]
    ) -> FloatArray:
        n_cells = self._plane.n_cells
        distinct, inverse = np.unique(combos * n_cells + cells, return_inverse=True)
        places = np.divmod(distinct, n_cells)
        return self._stages.exact_cells(*places, self._plane, measures=measures)[inverse]
