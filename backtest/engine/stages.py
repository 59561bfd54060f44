"""Stage A and Stage B: every base variant scored, a shortlist crossed with the risk plane.

See: docs/scoring.md
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.chunks import Workers, spans
from backtest.engine.combos import Batch, Combos
from backtest.engine.items import N_METRICS, RETURN_PCT, score_exactly, score_planes
from backtest.engine.market import Market
from backtest.engine.passage import PassageArray
from backtest.engine.risk_plane import RiskPlane, Tile
from backtest.engine.score import score_balances, score_compounding
from backtest.types import FloatArray, IntArray, WordArray

# a chunk is meant to take a few milliseconds: about this many bars times variants
CHUNK_WORK = 15_000_000

ScorePart = Callable[[Batch, slice], None]


class Stages:
    """Scores combos over one market, in chunks on the thread pool.

    Args:
        combos: The run's combos.
        market: The run's market.
        workers: The thread pool.
        control: The run's handle.
    """

    def __init__(self, combos: Combos, market: Market, workers: Workers, control: Control) -> None:
        self._combos, self._market = combos, market
        self._workers, self._control = workers, control
        self._per_chunk = int(np.clip(CHUNK_WORK // (market.n_bars + 1000), 16, 4096))

    def fast_scores(self) -> FloatArray:
        """End equity over initial cash of every combo, exact where the fast score cannot be.

        Returns:
            Shape (n_combos,).
        """
        scores = np.empty((self._combos.n_outer, self._combos.n_fast), np.float64)
        for first, rows in self._combos.fast_blocks():
            width = min(len(rows), self._per_chunk)
            height = max(1, self._per_chunk // width)
            chunks = [
                partial(self._score_fast, rows[left:right], scores, (low, high), first + left)
                for low, high in spans(self._combos.n_outer, height)
                for left, right in spans(len(rows), width)
            ]
            self._workers.run("stage_a", chunks, self._control)
        flat = scores.reshape(-1)
        unsound = np.flatnonzero(np.isnan(flat))
        if len(unsound):
            flat[unsound] = _equity(self.exact_metrics(unsound))
        return flat

    def exact_metrics(
        self, combos: IntArray, *, with_drawdown: bool = False, stage: str = "exact"
    ) -> FloatArray:
        """Metrics of combos without stop-loss and take-profit, shape (n, 5) (`items`)."""
        levels = np.zeros((2, len(combos)), np.int64)
        never = self._market.never
        return self._exact(combos, levels, (never, never), with_drawdown, stage)

    def exact_cells(
        self, combos: IntArray, cells: IntArray, plane: RiskPlane, *, with_drawdown: bool = False
    ) -> FloatArray:
        """Metrics of combos in cells of the plane, shape (n, 5) (`items`).

        Args:
            combos: Shape (n,).
            cells: Shape (n,), risk index of each.
            plane: The plane.
            with_drawdown: Whether the drawdown is wanted.
        """
        out = np.empty((len(combos), N_METRICS), np.float64)
        for tile in plane.tiles():
            levels = tile.levels_of(cells, plane)
            here = np.flatnonzero((levels >= 0).all(axis=0))
            if len(here):
                tables = (tile.stops, tile.profits)
                out[here] = self._exact(
                    combos[here], levels[:, here], tables, with_drawdown, "exact"
                )
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
            if not self._market.compounds:
                # a cell may have to be traded through by itself, like a variant of Stage A
                n_cells = len(tile.stop_places) * len(tile.profit_places)
                per_chunk = max(1, min(per_chunk, 8 * self._per_chunk // n_cells))
            self._over(combos, partial(self._score_tile, tile, out), "stage_b", per_chunk)
        flat = out.reshape(len(combos), -1)
        unsound = np.flatnonzero(np.isnan(flat).any(axis=1))
        if len(unsound):
            n_cells = flat.shape[1]
            cells = np.tile(np.arange(n_cells), len(unsound))
            exact = self.exact_cells(np.repeat(combos[unsound], n_cells), cells, plane)
            flat[unsound] = _equity(exact).reshape(-1, n_cells)
        return flat

    def words(self, combos: IntArray) -> WordArray:
        """Combined bit rows of combos, shape (n, 2, n_words), under the allowed sides."""
        out = np.empty((len(combos), 2, self._market.n_words), np.uint64)
        masks = self._market.side_masks[:, None]
        for batch in self._combos.batches(combos):
            for place, slow, fast in zip(batch.places, batch.slow_ids, batch.fast_ids, strict=True):
                together = np.bitwise_and.reduce(self._combos.slow_rows[slow], axis=0)
                out[place] = batch.fast_rows[fast] & together & masks
        return out

    def _score_fast(
        self, rows: WordArray, scores: FloatArray, outer: tuple[int, int], first: int
    ) -> None:
        market = self._market
        low, high = outer
        part = np.empty((high - low, len(rows)), np.float64)
        scratch = np.empty((2, market.n_words), np.uint64)
        slow = (self._combos.slow_rows, self._combos.outer_ids[low:high], market.side_masks)
        prices = (market.padded, market.inverse, market.factors)
        if market.compounds:
            score_compounding(*slow, rows, *prices, scratch, part)
        else:
            score_balances(*slow, rows, *prices, market.terms, scratch, part)
        scores[low:high, first : first + len(rows)] = part

    def _exact(
        self,
        combos: IntArray,
        levels: IntArray,
        tables: tuple[PassageArray, PassageArray],
        with_drawdown: bool,
        stage: str,
    ) -> FloatArray:
        out = np.empty((len(combos), N_METRICS), np.float64)
        market = self._market

        def score(batch: Batch, part: slice) -> None:
            places = batch.places[part]
            metrics = np.empty((len(places), N_METRICS), np.float64)
            words, segments = self._scratch(3)
            score_exactly(
                self._combos.slow_rows, batch.slow_ids[part], market.side_masks,
                batch.fast_rows, batch.fast_ids[part], market.close, market.windows,
                market.blocks, market.terms, *tables, levels[0, places], levels[1, places],
                with_drawdown, words, segments, metrics,
            )  # fmt: skip
            out[places] = metrics

        self._over(combos, score, stage, self._items_per_chunk)
        return out

    def _score_tile(self, tile: Tile, out: FloatArray, batch: Batch, part: slice) -> None:
        market = self._market
        places = batch.places[part]
        n_stops, n_profits = len(tile.stop_places), len(tile.profit_places)
        scores = np.empty((len(places), n_stops, n_profits), np.float64)
        words, segments = self._scratch(4)
        score_planes(
            self._combos.slow_rows, batch.slow_ids[part], market.side_masks,
            batch.fast_rows, batch.fast_ids[part], market.close, market.inverse, market.factors,
            market.terms, tile.stops, tile.profits, words, segments,
            np.empty((3, n_stops + 1, n_profits + 1), np.float64),
 scores,
        )  # fmt: skip
        out[np.ix_(places, tile.stop_places, tile.profit_places)] = scores

    def _scratch(self, n_rows: int) -> tuple[WordArray, IntArray]:
        return (
            np.empty((2, self._market.n_words), np.uint64),
            np.empty((n_rows, self._market.n_bars + 1), np.int64),
        )

    @property
    def _items_per_chunk(self) -> int:
        """Chosen variants per chunk: their exact numbers cost several fast scores each."""
        return max(1, self._per_chunk // 8)

    def _over(self, combos: IntArray, score: ScorePart, stage: str, per_chunk: int) -> None:
        for batch in self._combos.batches(combos):
            chunks = [
                partial(score, batch, slice(start, stop))
                for start, stop in spans(len(batch.places), per_chunk)
            ]
            self._workers.run(stage, chunks, self._control)


def _equity(metrics: FloatArray) -> FloatArray:
    return 1.0 + metrics[:, RETURN_PCT] / 100.0
