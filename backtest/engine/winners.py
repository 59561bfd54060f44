"""Which variants win: Stage A's shortlist and Stage B's best, in their exact order.

See: docs/ranking.md
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from backtest.control import Control
from backtest.engine.ranking import needs_drawdown, ranking_columns
from backtest.engine.risk_plane import RiskPlane
from backtest.engine.shortlist import (
    NOTHING_LEFT,
    ExactColumns,
    KeyOf,
    Margin,
    best_by_columns,
    best_by_fast_score,
)
from backtest.engine.stages import Stages
from backtest.grid import NO_RISK, Grid
from backtest.identity import VariantKeys, risk_json, selection_json, signals_json
from backtest.types import FloatArray, IntArray, Ranking, RankingMetric

INDICATOR_KEYS_KEPT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """One of the best: its base variant, its place in the shortlist and its risk cell.

    See: docs/ranking.md
    """

    base: int
    rank: int
    cell: int


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
    """Ranks the variants of one run.

    Args:
        stages: Who scores.
        combo_of_base: Combo of every base variant, shape (n_base,).
        plane: The risk plane.
        ranking: The ranking.
        keys: Who makes keys for ties.
        margin: How far fast scores may be off.

    See: docs/ranking.md
    """

    def __init__(
        self,
        *,
        stages: Stages,
        combo_of_base: IntArray,
        plane: RiskPlane,
        ranking: Ranking,
        keys: KeyMaker,
        margin: Margin,
    ) -> None:
        self._stages, self._combos, self._plane = stages, combo_of_base, plane
        self._ranking, self._keys, self._margin = ranking, keys, margin
        self._with_drawdown = needs_drawdown(ranking)
        self._by_return = ranking.primary is RankingMetric.TOTAL_RETURN_PCT

    def shortlist(self, n_best: int) -> IntArray:
        """Base variants that Stage A keeps, best first, risk disabled."""
        if self._by_return:
            scores = self._stages.fast_scores()[self._combos]
            columns = self._knowing(scores, self._base_columns)
            return best_by_fast_score(scores, n_best, self._margin, columns, self._keys.base_key)
        everyone = np.arange(len(self._combos), dtype=np.int64)
        columns = self._base_columns(everyone)
        return best_by_columns(everyone, columns, n_best, self._keys.base_key)[:n_best]

    def best(self, shortlist: IntArray, n_best: int) -> list[Winner]:
        """The best cells of the shortlist crossed with the risk plane."""
        n_cells = self._plane.n_stops * self._plane.n_profits
        if self._plane.is_disabled:
            return [
                Winner(base=base, rank=rank, cell=0)
                for rank, base in enumerate(shortlist[:n_best].tolist())
            ]

        def columns(members: IntArray) -> tuple[FloatArray, ...]:
            ranks, cells = np.divmod(members, n_cells)
            return self._distinct_columns(self._combos[shortlist[ranks]], cells)

        def key_of(member: int) -> str:
            rank, cell = divmod(member, n_cells)
            return self._keys.key(int(shortlist[rank]), cell)

        winners = self._best_cells(shortlist, n_best, columns, key_of)
        places = (divmod(member, n_cells) for member in winners.tolist())
        return [Winner(base=int(shortlist[rank]), rank=rank, cell=cell) for rank, cell in places]

    def _best_cells(
        self, shortlist: IntArray, n_best: int, columns: ExactColumns, key_of: KeyOf
    ) -> IntArray:
        n_cells = self._plane.n_stops * self._plane.n_profits
        if self._by_return:
            combos, inverse = np.unique(self._combos[shortlist], return_inverse=True)
            scores = self._stages.plane_scores(combos, self._plane)[inverse].reshape(-1)
            knowing = self._knowing(scores, columns)
            return best_by_fast_score(scores, n_best, self._margin, knowing, key_of)
        everyone = np.arange(len(shortlist) * n_cells, dtype=np.int64)
        return best_by_columns(everyone, columns(everyone), n_best, key_of)[:n_best]

    def _knowing(self, scores: FloatArray, columns: ExactColumns) -> ExactColumns:
        """The same columns, without replaying variants that are known to have lost everything."""
        if self._ranking.secondary is not None:
            return columns

        def known(members: IntArray) -> tuple[FloatArray, ...]:
            lost_everything = scores[members] < NOTHING_LEFT
            losses = np.full(len(members), 100.0)
            if not lost_everything.all():
                (losses[~lost_everything],) = columns(members[~lost_everything])
            return (losses,)

        return known

    def _base_columns(self, bases: IntArray) -> tuple[FloatArray, ...]:
        combos, inverse = np.unique(self._combos[bases], return_inverse=True)
        metrics = self._stages.exact_metrics(
            combos, with_drawdown=self._with_drawdown, stage="stage_a"
        )
        return ranking_columns(metrics[inverse], self._ranking)

    def _distinct_columns(self, combos: IntArray, cells: IntArray) -> tuple[FloatArray, ...]:
        n_cells = self._plane.n_stops * self._plane.n_profits
        distinct, inverse = np.unique(combos * n_cells + cells, return_inverse=True)
        metrics = self._stages.exact_cells(
            *np.divmod(distinct, n_cells), self._plane, with_drawdown=self._with_drawdown
        )
        return ranking_columns(metrics[inverse], self._ranking)
