"""Whether a returned variant stands on a plateau or on a spike: its neighbours one step away.

Neighbours on indicator and signal axes have the same stops, whether Stage B tried them or not;
those on risk axes are cells of the same base variant.

See: docs/landscape.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from backtest.engine.pipeline.recorder import Recorded
from backtest.engine.selection.neighbours import NearReturns, Steps
from backtest.enums import NeighbourhoodShape
from backtest.evidence.landscape import returns_of
from backtest.grid import Grid
from backtest.types import IntArray

# A plateau keeps at least this share of the gain at the median of its neighbours, a spike less
# than that one.
PLATEAU_KEEPS, SPIKE_KEEPS = 0.75, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The neighbours of a returned variant, one step away on each axis of numbers.

    Attributes:
        place: Its place in the answer.
        n_neighbours: How many there are.
        median_pct: Median of their returns, in percent; None without neighbours.
        worst_pct: The worst of them.
        kept: What the median neighbour keeps of the variant's own gain; None without a gain.
        shape: Plateau, slope or spike; None where `kept` is.
        edges: Axes of which it has the lowest or the highest value that was tried.

    See: docs/landscape.md
    """

    place: int
    n_neighbours: int
    median_pct: float | None
    worst_pct: float | None
    kept: float | None
    shape: NeighbourhoodShape | None
    edges: tuple[str, ...]


def neighbourhoods(grid: Grid, recorded: Recorded, near: NearReturns) -> tuple[Neighbourhood, ...]:
    """The surroundings of every returned variant, in the order of the answer.

    Args:
        grid: The run's grid.
        recorded: What its trials grew by.
        near: Returns of the base variants next to returned ones, with their stops; empty without a
            risk plane, where the ledger knows them.

    See: docs/landscape.md
    """
    surveyor = _Surveyor(grid, recorded, near)
    rows = recorded.ledger.winners.tolist()
    return tuple(surveyor.look(place, row) for place, row in enumerate(rows))


def robust_order(found: tuple[Neighbourhood, ...]) -> tuple[int, ...]:
    """Places in the answer by the median of their neighbours, best first.

    See: docs/landscape.md
    """

    def key(one: Neighbourhood) -> tuple[bool, float, int]:
        return one.median_pct is None, -(one.median_pct or 0.0), one.place

    return tuple(one.place for one in sorted(found, key=key))


class _Surveyor:
    def __init__(self, grid: Grid, recorded: Recorded, near: NearReturns) -> None:
        self._recorded, self._near = recorded, near
        self._adds_up = recorded.ledger.adds_up
        self._base = returns_of(recorded.base_totals, adds_up=self._adds_up)
        self._steps = Steps(grid)

    def look(self, place: int, row: int) -> Neighbourhood:
        """The surroundings of one trial."""
        base, cell = self._recorded.place_of(row)
        edges: list[str] = []
        own = self._return_of(row)
        near = [*self._around_base(base, cell, edges), *self._around_cell(row, cell, edges)]
        kept = round(median(other / own for other in near), 4) if near and own > 0 else None
        percents = [other / 10_000.0 for other in near]
        return Neighbourhood(
            place=place,
            n_neighbours=len(near),
            median_pct=round(median(percents), 4) if near else None,
            worst_pct=round(min(percents), 4) if near else None,
            kept=kept,
            shape=None if kept is None else _shape(kept),
            edges=tuple(edges),
        )

    def _around_base(self, base: int, cell: int | None, edges: list[str]) -> Iterator[int]:
        """Returns of other base variants with the same stops."""
        for name, bases, is_edge in self._steps.around_base(base):
            if is_edge:
                edges.append(name)
            for other in bases:
                yield int(self._base[other]) if cell is None else self._near[other, cell]

    def _around_cell(self, row: int, cell: int | None, edges: list[str]) -> Iterator[int]:
        """Returns of the same base variant with other stops."""
        if cell is None:
            return
        for name, cells, is_edge in self._steps.around_cell(cell):
            if is_edge:
                edges.append(name)
            for other in cells:
                yield self._return_of(row + other - cell)

    def _return_of(self, row: int) -> int:
        total: IntArray = self._recorded.ledger.growth[row : row + 1].sum(axis=1, dtype=np.int64)
        return int(returns_of(total, adds_up=self._adds_up)[0])


def _shape(kept: float) -> NeighbourhoodShape:
    if kept >= PLATEAU_KEEPS:
        return NeighbourhoodShape.PLATEAU
    return NeighbourhoodShape.SPIKE if kept < SPIKE_KEEPS else NeighbourhoodShape.SLOPE
