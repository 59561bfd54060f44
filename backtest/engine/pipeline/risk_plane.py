"""The stop-loss × take-profit plane of a run, in tiles whose passage tables fit in memory.

See: docs/first-passage.md
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backtest.engine.money.passage import PassageArray, Passages, passage_table
from backtest.engine.money.target import TargetSlice
from backtest.types import FloatArray, IntArray

TABLE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the plane: request positions of its levels and their first passages.

    See: docs/first-passage.md
    """

    stop_places: IntArray
    profit_places: IntArray
    passages: Passages

    def levels_of(self, cells: IntArray, plane: "RiskPlane") -> IntArray:
        """Table columns of risk cells, shape (2, n): stop and profit; -1 outside this tile."""
        levels = np.full((2, len(cells)), -1, np.int64)
        places = np.divmod(cells, plane.n_profits)
        counts = (plane.n_stops, plane.n_profits)
        own = (self.stop_places, self.profit_places)
        for kind in range(2):
            column = np.full(counts[kind], -1, np.int64)
            column[own[kind]] = np.arange(len(own[kind]))
            levels[kind] = column[places[kind]]
        return levels


class RiskPlane:
    """Levels in the order of the request, served in ascending order as the tables need them.

    Args:
        target: The run's target slice.
        sl_pct: Stop-loss percents, None if disabled.
        tp_pct: Take-profit percents, None if disabled.

    See: docs/first-passage.md
    """

    def __init__(
        self,
        target: TargetSlice,
        sl_pct: tuple[float, ...] | None,
        tp_pct: tuple[float, ...] | None,
    ) -> None:
        self._target = target
        self._levels = tuple(
            None if percents is None else np.array(percents, np.float64)
            for percents in (sl_pct, tp_pct)
        )
        self.n_stops, self.n_profits = len(sl_pct or (None,)), len(tp_pct or (None,))
        self._last: tuple[tuple[int, int], Tile] | None = None

    @property
    def n_cells(self) -> int:
        """Pairs of a stop-loss and a take-profit."""
        return self.n_stops * self.n_profits

    @property
    def is_disabled(self) -> bool:
        """Whether there is neither stop-loss nor take-profit."""
        return all(levels is None for levels in self._levels)

    @property
    def tile_levels(self) -> int:
        """Levels of one kind per tile."""
        return max(8, TABLE_BYTES // (2 * 2 * 4 * self._target.n_bars))

    def tiles(self) -> Iterator[Tile]:
        """All tiles; the last one is kept, so a plane of one tile is built once."""
        size = self.tile_levels
        for stop in range(0, self.n_stops, size):
            for profit in range(0, self.n_profits, size):
                yield self._tile(stop, profit)

    def _tile(self, stop: int, profit: int) -> Tile:
        if self._last is not None and self._last[0] == (stop, profit):
            return self._last[1]
        self._last = None
        stop_places, stops = self._table(0, stop)
        profit_places, profits = self._table(1, profit)
        tile = Tile(stop_places, profit_places, Passages(stops, profits))
        self._last = (stop, profit), tile
        return tile

    def _table(self, kind: int, first: int) -> tuple[IntArray, PassageArray]:
        levels: FloatArray | None = self._levels[kind]
        if levels is None:
            return np.zeros(1, np.int64), self._target.never.stops
        places = np.argsort(levels, kind="stable")[first : first + self.tile_levels]
        close, terms = self._target.prices.close, self._target.terms
        return places, passage_table(close, terms, levels[places], is_stop=kind == 0)
