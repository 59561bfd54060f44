"""Numbers of base variants and of combos, turned into each other without a table of all.

A combo is numbered `outer * n_fast + fast`, outer being the mixed-radix number of the slow
indicators' rows. Base variants that share all rows are one combo; every combo has equally many.

See: docs/scoring.md
"""

import math
from collections.abc import Sequence

import numpy as np

from backtest.engine.signal_rows.rows import IndicatorRows, strides
from backtest.engine.workers.chunks import spans
from backtest.grid import Grid
from backtest.types import IntArray

# Numbering takes some ten numbers for each variant while it is done.
NUMBERED_AT_ONCE = 1 << 16


class Numbering:
    """Where the combos of a grid stand among its base variants.

    Args:
        grid: The run's grid.
        rows: The rows of its indicators.

    See: docs/scoring.md
    """

    def __init__(self, grid: Grid, rows: Sequence[IndicatorRows]) -> None:
        self._rows = tuple(rows)
        self.fast_place = max(range(len(rows)), key=lambda place: rows[place].n_rows)
        self._slow = [row for place, row in enumerate(rows) if place != self.fast_place]
        self.n_fast = rows[self.fast_place].n_rows
        self.n_outer = math.prod(row.n_rows for row in self._slow)
        self.n_alike = math.prod(len(row.alike()) for row in rows)
        self._weights = self._weights_of_rows()
        self._n_computes = [entry.n_compute for entry in grid.indicators]
        self._signal_strides = strides([entry.n_signals for entry in grid.indicators])
        self._compute_strides = [grid.n_signals * s for s in strides(self._n_computes)]

    @property
    def n_combos(self) -> int:
        """How many combos there are."""
        return self.n_outer * self.n_fast

    def combos_of(self, bases: IntArray) -> IntArray:
        """Combo of each base variant, shape (n,)."""
        combos = np.zeros(len(bases), np.int64)
        for place, row in enumerate(self._rows):
            computes = bases // self._compute_strides[place] % self._n_computes[place]
            signals = bases // self._signal_strides[place] % row.n_signals
            combos += row.rows_of(computes, signals) * self._weights[place]
        return combos

    def combos_of_all(self) -> IntArray:
        """Combo of every base variant, shape (n_base,)."""
        combos = np.empty(self.n_combos * self.n_alike, np.int64)
        for start, stop in spans(len(combos), NUMBERED_AT_ONCE):
            combos[start:stop] = self.combos_of(np.arange(start, stop))
        return combos

    def bases_of(self, combos: IntArray) -> IntArray:
        """The base variants of each combo, shape (n, n_alike), each row ascending."""
        firsts = np.zeros(len(combos), np.int64)
        offsets = np.zeros(1, np.int64)
        for place, row in enumerate(self._rows):
            computes, signals = row.variants_of(combos // self._weights[place] % row.n_rows)
            firsts += computes * self._compute_strides[place]
            firsts += signals * self._signal_strides[place]
            own = row.alike() * self._compute_strides[place]
            offsets = (offsets[:, None] + own).reshape(-1)
        return firsts[:, None] + offsets

    def slow_ids(self, outers: IntArray) -> IntArray:
        """Rows of outer combos among those of all slow indicators, shape (n, n_slow)."""
        sizes = [row.n_rows for row in self._slow]
        firsts = np.concatenate(([0], np.cumsum(sizes)))
        ids = np.empty((len(outers), len(sizes)), np.int64)
        for place in range(len(sizes) - 1, -1, -1):
            outers, digits = np.divmod(outers, sizes[place])
            ids[:, place] = digits + firsts[place]
        return ids

    def _weights_of_rows(self) -> list[int]:
        """What one row of each indicator adds to a combo's number."""
        weights: list[int] = []
        weight = self.n_fast
        for place in range(len(self._rows) - 1, -1, -1):
            if place == self.fast_place:
                weights.append(1)
            else:
                weights.append(weight)
                weight *= self._rows[place].n_rows
        return weights[::-1]
