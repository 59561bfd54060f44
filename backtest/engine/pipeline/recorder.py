"""Who fills the ledger: growth of base variants while Stage A scores them, then of Stage B's cells.

See: docs/ledger.md
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from backtest.control import Control, Stage
from backtest.engine.bits.combine import BitRows
from backtest.engine.blocks.growth import grow_row
from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, Grown, GrowthArray, Ledger
from backtest.engine.blocks.marks import cut_rows, marks_of
from backtest.engine.money.passage import Passages
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.on_device import OnDevice
from backtest.engine.pipeline.planes_on_device import PlanesOnDevice, StoreGrowth
from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.engine.pipeline.slabs import Slab, slabs_of
from backtest.engine.scoring.items import Items
from backtest.engine.scoring.plane_growth import grow_planes
from backtest.engine.scoring.score_growth import grow_by_walk
from backtest.engine.scoring.score_pairs import chunk_shape, look_up_growth, prefers_totals
from backtest.engine.signal_rows.combos import Batch, Combos
from backtest.engine.workers.chunks import Workers, spans
from backtest.engine.workers.device_work import DeviceWork
from backtest.types import FloatArray, IntArray, WordArray

# Cells of a chunk of Stage B: their growth is copied from there to its place.
CELLS_PER_CHUNK = 1 << 14

# What becomes of the growth of variants, shape (n, n_cells, 64), and of who was ruined: `places`,
# shape (n,), are theirs in the list that was asked for.
Store = Callable[[IntArray, GrowthArray, FlagArray], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The ledger, and where its trials lie in the grid.

    Attributes:
        ledger: Growth of all trials.
        bases: Growth of every base variant without stop-loss and take-profit: those in Stage B,
            best first, then the others in the grid's numbering. It is the ledger itself where Stage
            B passes over none of them, or there is no risk plane.
        base_totals: Shape (n_base,) int64, millionths: what every base variant grew by without
            stop-loss and take-profit, those in Stage B included.
        shortlist: Shape (n_shortlist,), the base variants in Stage B, best first.
        n_cells: Cells of the risk plane; 0 where it is disabled, and Stage B has no rows.

    See: docs/ledger.md
    """

    ledger: Ledger
    bases: Ledger
    base_totals: IntArray
    shortlist: IntArray
    n_cells: int

    @property
    def n_base_rows(self) -> int:
        """How many trials are base variants without risk; the cells of Stage B follow."""
        return self.ledger.n_trials - len(self.shortlist) * self.n_cells

    def place_of(self, row: int) -> tuple[int, int | None]:
        """Base variant and risk cell of a trial; no cell for one without risk."""
        if row >= self.n_base_rows:
            rank, cell = divmod(row - self.n_base_rows, self.n_cells)
            return int(self.shortlist[rank]), cell
        if not self.n_cells:
            return row, None
        # the rows are all base variants but the shortlist, in order
        gaps = np.sort(self.shortlist) - np.arange(len(self.shortlist))
        return row + int(np.searchsorted(gaps, row, side="right")), None

    def base_at(self, row: int) -> int:
        """Base variant of a row of `bases`."""
        n_first = len(self.shortlist)
        return int(self.shortlist[row]) if row < n_first else self.place_of(row - n_first)[0]


class Recorder:
    """Keeps the growth of everything that a run scores.

    Args:
        combos: The run's combos.
        target: The run's target slice, of at least 64 bars.
        workers: The thread pool.
        control: The run's handle.
        per_chunk: Base variants of a chunk.
        work: What the device may do in place of the threads.
        outer: The outer combos that are scored, from the first to beyond the last; None for all.

    See: docs/ledger.md
    """

    def __init__(
        self,
        combos: Combos,
        target: TargetSlice,
        workers: Workers,
        control: Control,
        per_chunk: int,
        work: DeviceWork,
        outer: tuple[int, int] | None = None,
    ) -> None:
        self._combos, self._target = combos, target
        self._workers, self._control = workers, control
        self._per_chunk = per_chunk
        self._marks = marks_of(target.n_bars, target.terms)
        slow = self._cut(combos.slow_rows)
        self._blocks = OnDevice(work, slow, target, self._marks)
        self._planes = PlanesOnDevice(work, combos.slow_rows, target, self._marks)
        self._outer = outer or (0, combos.n_outer)
        shape = (self._outer[1] - self._outer[0], combos.n_fast)
        self._growth: GrowthArray = np.empty((*shape, N_BLOCKS), np.int32)
        self._ruined: FlagArray = np.empty(shape, np.bool_)
        self._has_scored = False

    def scores(self, slab: Slab) -> FloatArray:
        """Fast scores of a slab's combos, NaN where only exact ones count; their growth is kept.

        Returns:
            Shape (n_outer, n_rows), end equity over initial cash.
        """
        rows, slow_ids = slab.rows, slab.slow_ids
        scores = np.empty((len(slow_ids), len(rows)), np.float64)
        own = self._cut(rows)
        first = self._outer[0]
        here = np.s_[slab.low - first : slab.high - first, slab.first : slab.first + len(rows)]
        growth, ruined = self._growth[here], self._ruined[here]
        if not self._blocks.grow(own, slow_ids, scores, growth, ruined):
            self._score_on_threads(slab, own, scores)
        self._has_scored = True
        self._repeat(slab.numbers(np.flatnonzero(np.isnan(scores))))
        return scores

    def grown(self) -> Grown:
        """What the combos grew by that are scored here, for whoever keeps those of all."""
        self._score_all()
        return Grown(outer=self._outer, growth=self._growth, ruined=self._ruined)

    def keep(self, grown: Grown) -> None:
        """Take over what others have scored. Parts may come in any order."""
        low, high = grown.outer
        self._growth[low:high], self._ruined[low:high] = grown.growth, grown.ruined
        self._has_scored = True

    def _score_all(self) -> None:
        """Score what is scored here, unless Stage A has, which ranks by growth alone."""
        if not self._has_scored:
            for slab in slabs_of(self._combos, self._outer):
                self.scores(slab)

    def release(self) -> None:
        """Give the device's memory back."""
        self._blocks.release()
        self._planes.release()

    def _score_on_threads(self, slab: Slab, own: WordArray, scores: FloatArray) -> None:
        height, width = chunk_shape(len(slab.slow_ids), len(own), self._per_chunk)
        chunks = [
            partial(self._score, slab, own, scores, slice(low, high), slice(left, right))
            for low, high in spans(len(slab.slow_ids), height)
            for left, right in spans(len(own), width)
        ]
        self._workers.run("stage_a", chunks, self._control)

    def _cut(self, rows: WordArray) -> WordArray:
        """Bit rows cut where blocks end."""
        own = np.empty((len(rows), 2, len(self._marks.firsts) - 1), np.uint64)
        cut_rows(rows, self._marks.firsts, own)
        return own

    def recorded(
        self, combo_of_base: IntArray, shortlist: IntArray, plane: RiskPlane, winners: IntArray
    ) -> Recorded:
        """Growth of all trials, once the shortlist is known; the recorder is used up.

        Args:
            combo_of_base: Combo of every base variant, shape (n_base,).
            shortlist: Base variants in Stage B, best first.
            plane: The risk plane.
            winners: Shape (n, 3): base variant, place in the shortlist and cell of the returned.
        """
        self._score_all()
        scored = self._growth.reshape(-1, N_BLOCKS)
        base_totals = scored.sum(axis=1, dtype=np.int64)[combo_of_base]
        n_base, n_first, n_cells = len(combo_of_base), 0, 0
        order, places = np.arange(n_base), winners[:, 0]
        if not plane.is_disabled:
            n_first, n_cells = len(shortlist), plane.n_stops * plane.n_profits
            order = np.concatenate((shortlist, np.delete(order, shortlist)))
            places = n_base - n_first + winners[:, 1] * n_cells + winners[:, 2]
        del scored
        # the base variants and the trials are the first and the last rows of one array
        growth, ruined = self._gathered(combo_of_base[order], n_first, n_cells, plane)
        ledger = Ledger(
            growth=growth[n_first:],
            ruined=ruined[n_first:],
            holding=self._holding(),
            winners=places,
            adds_up=self._adds_up,
            block_ends=self._marks.ends,
        )
        bases = ledger
        if n_cells and n_first < n_base:
            nobody = np.empty(0, np.int64)
            bases = replace(ledger, growth=growth[:n_base], ruined=ruined[:n_base], winners=nobody)
        return Recorded(
            ledger=ledger,
            bases=bases,
            base_totals=base_totals,
            shortlist=shortlist,
            n_cells=n_cells,
        )

    def _gathered(
        self, combos: IntArray, n_first: int, n_cells: int, plane: RiskPlane
    ) -> tuple[GrowthArray, FlagArray]:
        """Growth of combos without stops, and then of the first of them in every cell."""
        n_base = len(combos)
        n_rows = n_base + n_first * n_cells
        growth, ruined = np.empty((n_rows, N_BLOCKS), np.int32), np.empty(n_rows, bool)
        scored, lost = self._growth.reshape(-1, N_BLOCKS), self._ruined.reshape(-1)
        np.take(scored, combos, axis=0, out=growth[:n_base], mode="clip")
        np.take(lost, combos, out=ruined[:n_base], mode="clip")
        del scored, lost, self._growth, self._ruined
        if n_cells:
            shape = (n_first, plane.n_stops, plane.n_profits)
            cells = growth[n_base:].reshape(*shape, N_BLOCKS)
            self._fill(combos[:n_first], plane, cells, ruined[n_base:].reshape(shape))
        return growth, ruined

    @property
    def _adds_up(self) -> bool:
        return not np.isinf(self._target.terms.budget_cap)

    def _holding(self) -> GrowthArray:
        """Growth of the instrument, bought at the first close without costs."""
        close, terms = self._target.prices.close, self._target.terms
        stake = min(1.0, terms.budget_cap / terms.init_cash)
        equity = 1.0 + stake * (close[self._marks.ends] / close[0] - 1.0)
        out = np.empty(N_BLOCKS, np.int32)
        grow_row(equity, self._adds_up, out)
        return out

    def _fill(
        self, combos: IntArray, plane: RiskPlane, growth: GrowthArray, ruined: FlagArray
    ) -> None:
        """Growth of Stage B, shape (n_shortlist, n_stops, n_profits, 64); equal combos once."""
        distinct, firsts, inverse = np.unique(combos, return_index=True, return_inverse=True)
        for tile in plane.tiles():
            places = (tile.stop_places, tile.profit_places)
            shape = tuple(map(len, places))

            def store(own: IntArray, part: GrowthArray, lost: FlagArray) -> None:
                here = np.ix_(firsts[own], *places)  # noqa: B023 - called before the next tile
                growth[here] = part.reshape(len(own), *shape, N_BLOCKS)  # noqa: B023
                ruined[here] = lost.reshape(len(own), *shape)  # noqa: B023

            self._over(distinct, tile.passages, "stage_b", store)
        again = np.flatnonzero(firsts[inverse] != np.arange(len(combos)))
        for place, same in zip(again.tolist(), firsts[inverse[again]].tolist(), strict=True):
            growth[place], ruined[place] = growth[same], ruined[same]

    def _repeat(self, combos: IntArray) -> None:
        """Growth of base variants whose fast scores may not hold, trade by trade."""
        places = combos - self._outer[0] * self._combos.n_fast

        def store(own: IntArray, part: GrowthArray, lost: FlagArray) -> None:
            self._growth.reshape(-1, N_BLOCKS)[places[own]] = part[:, 0]
            self._ruined.reshape(-1)[places[own]] = lost[:, 0]

        self._over(combos, self._target.never, "stage_a", store)

    def _over(self, combos: IntArray, passages: Passages, stage: Stage, store: Store) -> None:
        n_cells = passages.stops.shape[2] * passages.profits.shape[2]
        per_chunk = max(1, min(self._per_chunk // 8, CELLS_PER_CHUNK // n_cells))
        for batch in self._combos.batches(combos):
            if self._planes.grow(batch, passages, stage, _by_places(batch, store)):
                continue
            chunks = [
                partial(self._grow, batch, slice(start, stop), passages, n_cells, store)
                for start, stop in spans(len(batch.places), per_chunk)
            ]
            self._workers.run(stage, chunks, self._control)

    def _grow(
        self, batch: Batch, part: slice, passages: Passages, n_cells: int, store: Store
    ) -> None:
        target, places = self._target, batch.places[part]
        growth = np.empty((len(places), n_cells, N_BLOCKS), np.int32)
        ruined = np.empty((len(places), n_cells), np.bool_)
        unused = np.zeros(len(places), np.int64)
        items = Items(batch.slow_ids[part], batch.fast_ids[part], unused, unused)
        grow_planes(
            self._bit_rows(batch.fast_rows), items, target.prices, target.terms, self._marks,
            passages, growth, ruined,
        )  # fmt: skip
        store(places, growth, ruined)

    def _bit_rows(self, fast: WordArray) -> BitRows:
        return BitRows(self._combos.slow_rows, fast, self._target.side_masks)

    def _score(
        self, slab: Slab, own: WordArray, scores: FloatArray, outer: slice, fast: slice
    ) -> None:
        """Scores and growth of a chunk of a slab, whose rows are cut in `own`."""
        slow_ids, rows, cut = slab.slow_ids[outer], slab.rows[fast], own[fast]
        # NaN for what is to be walked
        part = np.full((len(slow_ids), len(rows)), np.nan)
        growth = np.empty((*part.shape, N_BLOCKS), np.int32)
        ruined = np.empty(part.shape, np.bool_)
        terms, prices, marks = self._target.terms, self._target.prices, self._marks
        if prefers_totals(*scores.shape):
            look_up_growth(self._bit_rows(rows), slow_ids, prices, terms, marks, part, growth)
            ruined[:] = False
        grow_by_walk(self._bit_rows(cut), slow_ids, prices, terms, marks, part, growth, ruined)
        scores[outer, fast] = part
        first, left = slab.low - self._outer[0] + outer.start, slab.first + fast.start
        here = np.s_[first : first + part.shape[0], left : left + part.shape[1]]
        self._growth[here], self._ruined[here] = growth, ruined


def _by_places(batch: Batch, store: Store) -> StoreGrowth:
    def store_part(part: slice, growth: GrowthArray, ruined: FlagArray) -> None:
        store(batch.places[part], growth, ruined)

    return store_part
