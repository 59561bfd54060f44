"""Stage A of one run on the accelerator, as long as there is one that can.

See: docs/scale.md#an-accelerator
"""

from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.accelerator import (
    PROCESSORS,
    Accelerator,
    BlockScorer,
    Device,
    DeviceFull,
    DeviceLost,
)
from backtest.engine.chunks import Chunk, spans
from backtest.engine.target import TargetSlice
from backtest.types import FloatArray, IntArray, WordArray

# A launch is a chunk: as much work as keeps a large device busy for about ten milliseconds, and
# no more combined rows than this. Both bound what a cancelled run still does.
LAUNCH_WORK = 20_000_000_000
COMBINED_BYTES = 256 << 20
WORD_BYTES = SCORE_BYTES = 8


class OnDevice:
    """Scores blocks of the fast indicator's rows on the accelerator.

    Args:
        accelerator: The device, if there is one.
        slow_rows: Shape (n, 2, n_words).
        target: The run's target slice.
        control: The run's handle.

    Attributes:
        scored_by: Who has scored blocks so far, in the words of a log.

    See: docs/scale.md#an-accelerator
    """

    def __init__(
        self, accelerator: Accelerator, slow_rows: WordArray, target: TargetSlice, control: Control
    ) -> None:
        self._accelerator, self._slow_rows = accelerator, slow_rows
        self._target, self._control = target, control
        self._scorer: BlockScorer | None = None
        self._taken: WordArray | None = None
        self.scored_by: list[str] = []

    def score(self, rows: WordArray, slow_ids: IntArray, out: FloatArray) -> bool:
        """Score outer variants with every row of a block, unless that is left to the processors.

        Args:
            rows: Shape (n_rows, 2, n_words).
            slow_ids: Shape (n_outer, n_slow).
            out: Out, shape (n_outer, n_rows).

        Returns:
            False where there is no device or it cannot; `out` is then to be filled by others.
        """
        device = self._accelerator.device()
        is_done = device is not None and self._is_scored_by(device, rows, slow_ids, out)
        name = device.name if device is not None and is_done else PROCESSORS
        if name not in self.scored_by:
            self.scored_by.append(name)
        return is_done

    def release(self) -> None:
        """Give the device's memory back; the next block uploads everything again."""
        self._scorer = self._taken = None

    def _is_scored_by(
        self, device: Device, rows: WordArray, slow_ids: IntArray, out: FloatArray
    ) -> bool:
        height = self._outer_per_launch(len(rows))
        chunks: list[Chunk] = [partial(self._take, device, rows, min(height, len(slow_ids)))]
        chunks += [
            partial(self._launch, slow_ids[low:high], out[low:high])
            for low, high in spans(len(slow_ids), height)
        ]
        try:
            device.workers.run("stage_a", chunks, self._control)
        except DeviceFull as reason:
            self._accelerator.refuse(device, str(reason))
            return False
        except DeviceLost as reason:
            self._accelerator.give_up(device, str(reason))
            return False
        return True

    def _take(self, device: Device, rows: WordArray, n_outer: int) -> None:
        """Upload what is not there yet."""
        if self._taken is not None and _is_same(self._taken, rows):
            return
        self._taken = None
        needed, free = self._bytes_needed(rows, n_outer), device.free_bytes()
        if needed > free:
            raise DeviceFull(f"it has {free} bytes free, {needed} are needed")
        if self._scorer is None:
            target = self._target
            self._scorer = device.scorer(
                self._slow_rows, target.side_masks, target.prices, target.terms
            )
        self._scorer.take(rows)
        self._taken = rows

    def _launch(self, slow_ids: IntArray, out: FloatArray) -> None:
        assert self._scorer is not None
        out[:] = self._scorer.score(slow_ids)

    def _outer_per_launch(self, n_rows: int) -> int:
        by_work = LAUNCH_WORK // (n_rows * (self._target.n_bars + 1000))
        by_bytes = COMBINED_BYTES // (2 * WORD_BYTES * self._target.n_words)
        return int(np.clip(by_work, 1, max(1, by_bytes)))

    def _bytes_needed(self, rows: WordArray, n_outer: int) -> int:
        """Rows as they come and turned, the slow ones, combined ones, prices and scores."""
        prices = 2 * self._target.prices.padded.nbytes
        combined = n_outer * 2 * WORD_BYTES * self._target.n_words
        scores = n_outer * len(rows) * SCORE_BYTES
        return 2 * rows.nbytes + self._slow_rows.nbytes + combined + prices + scores


def _is_same(held: WordArray, rows: WordArray) -> bool:
    """Whether these are the rows that are still held, and not others in their place."""
    return held.ctypes.data == rows.ctypes.data and held.shape == rows.shape
