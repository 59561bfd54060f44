"""Stage A and Stage B: every base variant scored, a shortlist crossed with the risk plane.

See: docs/scoring.md
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np

from backtest.control import Control, Stage
from backtest.engine.bits.combine import BitRows, combine_chosen, count_runs_of
from backtest.engine.bits.segments import empty_segments
from backtest.engine.money.daily import NOTHING_MORE, Measures
from backtest.engine.money.passage import Passages
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.on_device import OnDevice
from backtest.engine.pipeline.planes_on_device import PlanesOnDevice
from backtest.engine.pipeline.recorder import Recorder
from backtest.engine.pipeline.risk_plane import RiskPlane, Tile
from backtest.engine.pipeline.slabs import Slab
from backtest.engine.scoring.items import N_METRICS, RETURN_PCT, Items, score_exactly, score_planes
from backtest.engine.scoring.score_pairs import (
    ScorePairs,
    chunk_shape,
    prefers_totals,
    score_by_totals,
    score_by_walk,
)
from backtest.engine.scoring.signatures import sign_planes
from backtest.engine.signal_rows.combos import Batch, Combos
from backtest.engine.workers.chunks import Workers, spans
from backtest.engine.workers.device import PROCESSORS
from backtest.engine.workers.device_work import DeviceWork
from backtest.types import FloatArray, IntArray, WordArray

# a chunk is meant to take a few milliseconds: about this many bars times variants
CHUNK_WORK = 15_000_000

# variants that are measured at once, where there are many: their metrics take 80 bytes each
MEASURED_AT_ONCE = 1 << 16

MONEY_ALONE = (NOTHING_MORE,)

ScorePart = Callable[[Batch, slice], None]


class Stages:
    """Scores combos over one target slice, in chunks on the thread pool.

    Args:
        combos: The run's combos.
        target: The run's target slice.
        workers: The thread pool, and the device that may score in its place.
        control: The run's handle.
        with_ledger: Whether the growth of what is scored is kept.
        outer: The outer combos that Stage A scores here; None for all.

    Attributes:
        combos: The run's combos.
        recorder: Who keeps it.

    See: docs/scoring.md, docs/ledger.md
    """

    def __init__(
        self,
        combos: Combos,
        target: TargetSlice,
        workers: Workers,
        control: Control,
        *,
        with_ledger: bool = False,
        outer: tuple[int, int] | None = None,
    ) -> None:
        self.combos, self._target = combos, target
        self._workers, self._control = workers, control
        self._per_chunk = int(np.clip(CHUNK_WORK // (target.n_bars + 1000), 16, 4096))
        self._on_device = DeviceWork(workers.accelerator, control)
        self._blocks = OnDevice(self._on_device, combos.slow_rows, target)
        self._planes = PlanesOnDevice(self._on_device, combos.slow_rows, target)
        self.recorder = (
            Recorder(combos, target, workers, control, self._per_chunk, self._on_device, outer)
            if with_ledger
            else None
        )

    def slab_scores(self, slab: Slab) -> FloatArray:
        """End equity over initial cash of a slab's combos, exact where the fast score cannot be.

        Returns:
            Shape (slab.n_combos,).
        """
        if self.recorder is None:
            scores = self.fast_scores(slab.slow_ids, slab.rows)
        else:
            scores = self.recorder.scores(slab)
        flat = scores.reshape(-1)
        unsound = np.flatnonzero(np.isnan(flat))
        for start, stop in spans(len(unsound), MEASURED_AT_ONCE):
            places = unsound[start:stop]
            flat[places] = _equity(self.slab_metrics(slab, places, stage="exact"))
        return flat

    def fast_scores(self, slow_ids: IntArray, rows: WordArray) -> FloatArray:
        """End equity over initial cash of outer combos, each with every one of some fast rows.

        Args:
            slow_ids: Shape (n_outer, n_slow), their rows among the slow ones.
            rows: Shape (n_rows, 2, n_words).

        Returns:
            Shape (n_outer, n_rows); NaN asks for exact scoring.
        """
        scores = np.empty((len(slow_ids), len(rows)), np.float64)
        if self._blocks.score(rows, slow_ids, scores):
            return scores
        height, width = chunk_shape(*scores.shape, self._per_chunk)
        score = score_by_totals if prefers_totals(*scores.shape) else score_by_walk
        fill = partial(self._score_fast, score, scores)
        chunks = [
            partial(fill, slow_ids[low:high], rows[left:right], (low, left))
            for low, high in spans(len(slow_ids), height)
            for left, right in spans(len(rows), width)
        ]
        self._workers.run("stage_a", chunks, self._control)
        return scores

    @property
    def scored_by(self) -> tuple[str, ...]:
        """Who has scored at speed: the device by its name, the processors as `cpu`."""
        return tuple(self._on_device.done_by) or (PROCESSORS,)

    @contextmanager
    def using_device(self) -> Generator[None]:
        """Give the device's memory back at the end of the block, however it ends."""
        try:
            yield
        finally:
            self._blocks.release()
            self._planes.release()
            if self.recorder is not None:
                self.recorder.release()

    def slab_metrics(
        self,
        slab: Slab,
        places: IntArray,
        measures: Sequence[Measures] = MONEY_ALONE,
        stage: Stage = "stage_a",
    ) -> FloatArray:
        """Metrics of combos at places of a slab, shape (n, 10), as of `exact_metrics`."""
        levels = np.zeros((2, len(places)), np.int64)
        batches = [slab.batch(places)]
        return self._exact(batches, levels, self._target.never, measures, stage)

    def slab_runs(self, slab: Slab, places: IntArray) -> IntArray:
        """How often the signals at places of a slab set in, shape (n,): no cell has more trades."""
        out = np.empty(len(places), np.int64)

        def count(own: IntArray, batch: Batch, part: slice) -> None:
            rows = self._bit_rows(batch.fast_rows)
            slow_ids, fast_ids = batch.slow_ids[part], batch.fast_ids[part]
            runs = np.empty(len(fast_ids), np.int64)
            count_runs_of(rows, slow_ids, fast_ids, runs)
            own[batch.places[part]] = runs

        for start, stop in spans(len(places), MEASURED_AT_ONCE):
            batch = slab.batch(places[start:stop])
            self._over(batch, partial(count, out[start:stop]), "stage_a", self._per_chunk)
        return out

    def exact_metrics(
        self,
        combos: IntArray,
        *,
        measures: Sequence[Measures] = MONEY_ALONE,
    ) -> FloatArray:
        """Metrics of combos without stop-loss and take-profit, shape (n, 10) (`items`)."""
        levels = np.zeros((2, len(combos)), np.int64)
        batches = self.combos.batches(combos)
        return self._exact(batches, levels, self._target.never, measures, "exact")

    def exact_cells(
        self,
        combos: IntArray,
        cells: IntArray,
        plane: RiskPlane,
        *,
        measures: Sequence[Measures] = MONEY_ALONE,
    ) -> FloatArray:
        """Metrics of combos in cells of the plane, shape (n, 10) (`items`).

        Args:
            combos: Shape (n,).
            cells: Shape (n,), risk index of each.
            plane: The plane.
            measures: What is wanted beside the money, in as many passes.
        """
        out = np.empty((len(combos), N_METRICS), np.float64)
        for tile in plane.tiles():
            levels = tile.levels_of(cells, plane)
            here = np.flatnonzero((levels >= 0).all(axis=0))
            if len(here):
                batches = self.combos.batches(combos[here])
                out[here] = self._exact(batches, levels[:, here], tile.passages, measures, "exact")
        return out

    def plane_scores(self, combos: IntArray, plane: RiskPlane) -> FloatArray:
        """End equity over initial cash of combos over the whole plane.

        Args:
            combos: Shape (n,), distinct.
            plane: The plane.

        Returns:
            Shape (n, n_cells), cells in the order of the request.
        """
        out = np.empty((len(combos), plane.n_stops, plane.n_profits), np.float64)
        for tile in plane.tiles():
            per_chunk = self._items_per_chunk
            if not self._target.terms.compounds:
                # a cell may have to be traded through by itself, like a variant of Stage A
                n_cells = len(tile.stop_places) * len(tile.profit_places)
                per_chunk = max(1, min(per_chunk, 8 * self._per_chunk // n_cells))
            for batch in self.combos.batches(combos):
                store = partial(self._store_tile, tile, out, batch)
                if not self._planes.score(batch, tile.passages, store):
                    self._over(batch, partial(self._score_tile, tile, out), "stage_b", per_chunk)
        flat = out.reshape(len(combos), -1)
        unsound = np.flatnonzero(np.isnan(flat).any(axis=1))
        if len(unsound):
            n_cells = flat.shape[1]
            cells = np.tile(np.arange(n_cells), len(unsound))
            exact = self.exact_cells(np.repeat(combos[unsound], n_cells), cells, plane)
            flat[unsound] = _equity(exact).reshape(-1, n_cells)
        return flat

    def plane_signatures(self, combos: IntArray, plane: RiskPlane) -> WordArray:
        """Numbers of the trades of combos over the whole plane (`signatures`).

        Args:
            combos: Shape (n,), distinct.
            plane: The plane.

        Returns:
            Shape (n, n_cells), cells in the order of the request.
        """
        out = np.empty((len(combos), plane.n_stops, plane.n_profits), np.uint64)
        for tile in plane.tiles():
            sign = partial(self._sign_tile, tile, out)
            for batch in self.combos.batches(combos):
                self._over(batch, sign, "stage_b", self._items_per_chunk)
        return out.reshape(len(combos), -1)

    def words(self, combos: IntArray) -> WordArray:
        """Combined bit rows of combos, shape (n, 2, n_words), under the allowed sides."""
        out = np.empty((len(combos), 2, self._target.n_words), np.uint64)
        for batch in self.combos.batches(combos):
            own = np.empty((len(batch.places), *out.shape[1:]), np.uint64)
            rows = self._bit_rows(batch.fast_rows)
            combine_chosen(rows, batch.slow_ids, batch.fast_ids, own)
            out[batch.places] = own
        return out

    def _score_fast(
        self,
        score: ScorePairs,
        scores: FloatArray,
        slow_ids: IntArray,
        rows: WordArray,
        place: tuple[int, int],
    ) -> None:
        part = np.empty((len(slow_ids), len(rows)), np.float64)
        target = self._target
        score(self._bit_rows(rows), slow_ids, target.prices, target.terms, part)
        low, left = place
        scores[low : low + part.shape[0], left : left + part.shape[1]] = part

    def _exact(
        self,
        batches: Iterable[Batch],
        levels: IntArray,
        passages: Passages,
        measures: Sequence[Measures],
        stage: Stage,
    ) -> FloatArray:
        out = np.full((levels.shape[1], N_METRICS), np.nan)
        target = self._target

        def score(wanted: Measures, batch: Batch, part: slice) -> None:
            places = batch.places[part]
            metrics = np.empty((len(places), N_METRICS), np.float64)
            rows = self._bit_rows(batch.fast_rows)
            items = Items(
                batch.slow_ids[part], batch.fast_ids[part], levels[0, places], levels[1, places]
            )
            score_exactly(
                rows, items, target.prices, target.terms, passages, wanted.anew(target.n_bars),
                empty_segments(target.n_bars), metrics,
            )  # fmt: skip
            out[places] = np.where(np.isnan(metrics), out[places], metrics)

        for batch in batches:
            for wanted in measures:
                self._over(batch, partial(score, wanted), stage, self._items_per_chunk)
        return out

    def _score_tile(self, tile: Tile, out: FloatArray, batch: Batch, part: slice) -> None:
        target = self._target
        n_items = len(batch.places[part])
        shape = (n_items, len(tile.stop_places), len(tile.profit_places))
        scores = np.empty(shape, np.float64)
        rows = self._bit_rows(batch.fast_rows)
        unused = np.zeros(n_items, np.int64)
        items = Items(batch.slow_ids[part], batch.fast_ids[part], unused, unused)
        segments = empty_segments(target.n_bars)
        score_planes(rows, items, target.prices, target.terms, tile.passages, segments, scores)
        self._store_tile(tile, out, batch, part, scores)

    def _store_tile(
        self, tile: Tile, out: FloatArray, batch: Batch, part: slice, scores: FloatArray
    ) -> None:
        out[np.ix_(batch.places[part], tile.stop_places, tile.profit_places)] = scores

    def _sign_tile(self, tile: Tile, out: WordArray, batch: Batch, part: slice) -> None:
        target = self._target
        places = batch.places[part]
        shape = (len(places), len(tile.stop_places), len(tile.profit_places))
        numbers = np.empty(shape, np.uint64)
        unused = np.zeros(len(places), np.int64)
        items = Items(batch.slow_ids[part], batch.fast_ids[part], unused, unused)
        sign_planes(
            self._bit_rows(batch.fast_rows), items, target.prices, target.terms, tile.passages,
            empty_segments(target.n_bars), numbers,
        )  # fmt: skip
        out[np.ix_(places, tile.stop_places, tile.profit_places)] = numbers

    def _bit_rows(self, fast: WordArray) -> BitRows:
        return BitRows(self.combos.slow_rows, fast, self._target.side_masks)

    @property
    def _items_per_chunk(self) -> int:
        """Chosen variants per chunk: their exact numbers cost several fast scores each."""
        return max(1, self._per_chunk // 8)

    def _over(self, batch: Batch, score: ScorePart, stage: Stage, per_chunk: int) -> None:
        chunks = [
            partial(score, batch, slice(start, stop))
            for start, stop in spans(len(batch.places), per_chunk)
        ]
        self._workers.run(stage, chunks, self._control)


def _equity(metrics: FloatArray) -> FloatArray:
    return 1.0 + metrics[:, RETURN_PCT] / 100.0
