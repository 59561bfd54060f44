"""Stage A of one run on the accelerator, as long as there is one that can.

See: docs/scale.md#an-accelerator
"""

from collections.abc import Callable
from functools import partial

from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.money.target import TargetSlice
from backtest.engine.workers.chunks import Chunk, spans
from backtest.engine.workers.device import BlockScorer, Device
from backtest.engine.workers.device_work import DeviceWork, check_room
from backtest.types import FloatArray, IntArray, WordArray

# A launch is a chunk: as much work as keeps a large device busy for about ten milliseconds, and
# no more combined rows, scores and growth than this.
LAUNCH_WORK = 20_000_000_000
LAUNCH_BYTES = 512 << 20
SCORE_BYTES = 8
GROWN_BYTES = N_BLOCKS * 4 + 1


class OnDevice:
    """Scores blocks of the fast indicator's rows on the accelerator.

    Args:
        work: What is done on the device for this run.
        slow_rows: Shape (n, 2, n_words).
        target: The run's target slice.
        marks: Where all rows are cut, the slow ones too, for a run with a ledger.

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
        self._scorer: BlockScorer | None = None
        self._taken: WordArray | None = None

    def score(self, rows: WordArray, slow_ids: IntArray, out: FloatArray) -> bool:
        """Score outer variants with every row of a block, unless that is left to the processors.

        Args:
            rows: Shape (n_rows, 2, n_words).
            slow_ids: Shape (n_outer, n_slow).
            out: Out, shape (n_outer, n_rows).

        Returns:
            False where there is no device or it cannot; `out` is then to be filled by others.
        """

        def launch(low: int, high: int) -> None:
            out[low:high] = self._on_it.score(slow_ids[low:high])

        return self._is_done(rows, len(slow_ids), launch)

    def grow(
        self,
        rows: WordArray,
        slow_ids: IntArray,
        out: FloatArray,
        growth: GrowthArray,
        ruined: FlagArray,
    ) -> bool:
        """The same with the ledger, shape (n_outer, n_rows, 64) and (n_outer, n_rows)."""

        def launch(low: int, high: int) -> None:
            here = slice(low, high)
            out[here] = self._on_it.grow(slow_ids[here], growth[here], ruined[here])

        return self._is_done(rows, len(slow_ids), launch)

    @property
    def _on_it(self) -> BlockScorer:
        assert self._scorer is not None
        return self._scorer

    def _is_done(self, rows: WordArray, n_outer: int, launch: Callable[[int, int], None]) -> bool:
        height = self._outer_per_launch(rows)

        def chunks_on(device: Device) -> list[Chunk]:
            take = partial(self._take, device, rows, min(height, n_outer))
            return [take, *(partial(launch, *span) for span in spans(n_outer, height))]

        return self._work.is_done("stage_a", chunks_on)

    def release(self) -> None:
        """Give the device's memory back; the next block uploads everything again."""
        self._scorer = self._taken = None

    def _take(self, device: Device, rows: WordArray, n_outer: int) -> None:
        """Upload what is not there yet."""
        if self._taken is not None and _is_same(self._taken, rows):
            return
        self._taken = None
        check_room(device, self._bytes_needed(rows, n_outer))
        if self._scorer is None:
            target = self._target
            self._scorer = device.scorer(
                self._slow_rows, target.side_masks, target.prices, target.terms, self._marks
            )
        self._scorer.take(rows)
        self._taken = rows

    def _outer_per_launch(self, rows: WordArray) -> int:
        by_work = LAUNCH_WORK // (len(rows) * (self._target.n_bars + 1000))
        by_bytes = LAUNCH_BYTES // (rows[0].nbytes + len(rows) * self._variant_bytes)
        return max(1, min(by_work, by_bytes))

    def _bytes_needed(self, rows: WordArray, n_outer: int) -> int:
        """Rows as they come and turned, what a launch makes, and what is not there yet."""
        launch = n_outer * (rows[0].nbytes + len(rows) * self._variant_bytes)
        prices = 2 * self._target.prices.padded.nbytes
        missing = 0 if self._scorer is not None else self._slow_rows.nbytes + prices
        return 2 * rows.nbytes + missing + launch

    @property
    def _variant_bytes(self) -> int:
        return SCORE_BYTES if self._marks is None else SCORE_BYTES + GROWN_BYTES


def _is_same(held: WordArray, rows: WordArray) -> bool:
    """Whether these are the rows that are still held, and not others in their place."""
    return held.ctypes.data == rows.ctypes.data and held.shape == rows.shape
