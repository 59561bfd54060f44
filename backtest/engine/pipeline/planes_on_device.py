"""Stage B of one run on the accelerator: planes of chosen variants, a few at once.

See: docs/scale.md#an-accelerator
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from backtest.control import Stage
from backtest.engine.bits.combine import BitRows, combine_chosen
from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.money.passage import Passages
from backtest.engine.money.target import TargetSlice
from backtest.engine.signal_rows.combos import Batch
from backtest.engine.workers.chunks import Chunk, spans
from backtest.engine.workers.device import Device, PlaneScorer
from backtest.engine.workers.device_work import DeviceWork, check_room
from backtest.types import FloatArray, WordArray

# A launch is a chunk, and takes no more rows, segments, lines and numbers of cells than this.
LAUNCH_BYTES = 512 << 20
NUMBER_BYTES = 8
# Lines of corners, drawn once for each layer, and as scratch: by profit, by stop, by signal.
N_LINES = 3

StoreScores = Callable[[slice, FloatArray], None]
StoreGrowth = Callable[[slice, GrowthArray, FlagArray], None]


class PlanesOnDevice:
    """Scores chosen variants over tiles of the risk plane on the accelerator.

    Args:
        work: What is done on the device for this run.
        slow_rows: Shape (n, 2, n_words).
        target: The run's target slice.
        marks: Where blocks end, for a run with a ledger.

    See: docs/scale.md#an-accelerator
    """

    def __init__(
        self,
        work: DeviceWork,
        slow_rows: WordArray,
        target: TargetSlice,
        marks: Marks | None = None,
    ) -> None:
        self._work, self._slow_rows = work, slow_rows
        self._target, self._marks = target, marks
        self._held: tuple[Passages, PlaneScorer] | None = None

    def score(self, batch: Batch, passages: Passages, store: StoreScores) -> bool:
        """Score a batch over a tile, unless that is left to the processors.

        Args:
            batch: The variants.
            passages: First passages of the tile's levels.
            store: Takes a part of the batch and its scores, shape (n, n_stops, n_profits), NaN
                where they ask for exact scoring.

        Returns:
            False where there is no device or it cannot.
        """

        def launch(part: slice) -> None:
            store(part, self._on_it.score(self._combined(batch, part)))

        return self._is_done("stage_b", batch, passages, launch, 1)

    def grow(self, batch: Batch, passages: Passages, stage: Stage, store: StoreGrowth) -> bool:
        """The same with growth, shape (n, n_cells, 64), and who was ruined."""

        def launch(part: slice) -> None:
            store(part, *self._on_it.grow(self._combined(batch, part)))

        return self._is_done(stage, batch, passages, launch, N_BLOCKS)

    def release(self) -> None:
        """Give the device's memory back; what comes next uploads everything again."""
        self._held = None

    @property
    def _on_it(self) -> PlaneScorer:
        assert self._held is not None
        return self._held[1]

    def _is_done(
        self,
        stage: Stage,
        batch: Batch,
        passages: Passages,
        launch: Callable[[slice], None],
        n_layers: int,
    ) -> bool:
        n_items = len(batch.places)
        each = self._bytes_each(passages, n_layers)
        height = max(1, min(n_items, LAUNCH_BYTES // each))

        def chunks_on(device: Device) -> list[Chunk]:
            parts = [slice(*span) for span in spans(n_items, height)]
            take = partial(self._take, device, passages, height * each)
            return [take, *(partial(launch, part) for part in parts)]

        return n_items == 0 or self._work.is_done(stage, chunks_on)

    def _take(self, device: Device, passages: Passages, launch_bytes: int) -> None:
        """Upload the tile, unless it is there."""
        if self._held is not None and self._held[0] is passages:
            return
        self._held = None
        prices = self._target.prices
        uploaded = passages.stops.nbytes + passages.profits.nbytes + 2 * prices.padded.nbytes
        check_room(device, uploaded + launch_bytes)
        self._held = passages, device.planes(prices, self._target.terms, passages, self._marks)

    def _combined(self, batch: Batch, part: slice) -> WordArray:
        """Bit rows of a part of a batch, shape (n, 2, n_words)."""
        target = self._target
        slow_ids, fast_ids = batch.slow_ids[part], batch.fast_ids[part]
        rows = np.empty((len(fast_ids), 2, target.n_words), np.uint64)
        own = BitRows(self._slow_rows, batch.fast_rows, target.side_masks)
        combine_chosen(own, slow_ids, fast_ids, rows)
        return rows

    def _bytes_each(self, passages: Passages, n_layers: int) -> int:
        """What a variant takes: its row and segments, lines and scratch, and what comes back."""
        n_stops, n_profits = passages.stops.shape[2], passages.profits.shape[2]
        n_cells = (n_stops + 1) * (n_profits + 1)
        segments = 3 * (self._target.n_bars + 1)
        numbers = 2 * self._target.n_words + segments + (N_LINES * (n_layers + 1) + 1) * n_cells
        growth = n_cells * (N_BLOCKS * 4 + 1) if n_layers > 1 else 0
        return NUMBER_BYTES * numbers + growth
