"""Combos: every distinct choice of one bit row per indicator.

Rows of all indicators but one stay in memory; the one with the most rows is the fast one, made in
blocks where it would not fit. How combos are numbered says `numbering`.

See: docs/scoring.md
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backtest.control import Control
from backtest.engine.signal_rows.numbering import Numbering
from backtest.engine.signal_rows.rows import IndicatorRows, Readers
from backtest.engine.workers.chunks import Workers
from backtest.grid import Grid
from backtest.types import IntArray, WordArray

FAST_BLOCK_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Some combos with the bit rows they need.

    `places`, shape (n,), are positions in the list that was asked for; `slow_ids`, shape
    (n, n_slow), rows among the resident ones; `fast_ids`, shape (n,), rows of `fast_rows`.

    See: docs/scoring.md
    """

    places: IntArray
    slow_ids: IntArray
    fast_ids: IntArray
    fast_rows: WordArray


class Combos:
    """Serves the bit rows of the combos of a grid.

    Args:
        grid: The run's grid.
        readers: Per-thread candles and rule readers.
        workers: The thread pool.
        control: The run's handle.

    See: docs/scoring.md
    """

    def __init__(self, grid: Grid, readers: Readers, workers: Workers, control: Control) -> None:
        self._workers, self._control = workers, control
        rows = [IndicatorRows(entry, readers) for entry in grid.indicators]
        self.numbering = Numbering(grid, rows)
        self._fast = rows.pop(self.numbering.fast_place)
        self._resident_fast: WordArray | None = None
        self.slow_rows = self._make_slow(rows, readers.n_words)

    @property
    def n_outer(self) -> int:
        """Combinations of the slow indicators' rows."""
        return self.numbering.n_outer

    @property
    def n_fast(self) -> int:
        """Rows of the fast indicator."""
        return self.numbering.n_fast

    def slow_ids(self, outers: IntArray) -> IntArray:
        """Rows of outer combos in `slow_rows`, shape (n, n_slow)."""
        return self.numbering.slow_ids(outers)

    def fast_blocks(self) -> Iterator[tuple[int, WordArray]]:
        """All rows of the fast indicator, in blocks `(first row, rows)`."""
        block = self._rows_per_block()
        for first in range(0, self.n_fast, block):
            ids = np.arange(first, min(self.n_fast, first + block))
            yield first, self._fast_rows(ids)

    def batches(self, combos: IntArray) -> Iterator[Batch]:
        """The listed combos with their rows, as many at a time as fit in memory."""
        outer, fast = np.divmod(combos, self.n_fast)
        distinct, inverse = np.unique(fast, return_inverse=True)
        block = self._rows_per_block()
        for first in range(0, len(distinct), block):
            ids = distinct[first : first + block]
            places = np.flatnonzero((inverse >= first) & (inverse < first + block))
            yield Batch(
                places, self.slow_ids(outer[places]), inverse[places] - first, self._fast_rows(ids)
            )

    def _rows_per_block(self) -> int:
        return max(1, FAST_BLOCK_BYTES // self._fast.row_bytes)

    def _fast_rows(self, ids: IntArray) -> WordArray:
        if self.n_fast > self._rows_per_block():
            return self._fast.make(ids, self._workers, self._control)
        if self._resident_fast is None:
            every = np.arange(self.n_fast)
            self._resident_fast = self._fast.make(every, self._workers, self._control)
        rows = self._resident_fast
        return rows if len(ids) == len(rows) else rows[ids]

    def _make_slow(self, slow: list[IndicatorRows], n_words: int) -> WordArray:
        made = [row.make(np.arange(row.n_rows), self._workers, self._control) for row in slow]
        return np.concatenate([*made, np.empty((0, 2, n_words), np.uint64)])
