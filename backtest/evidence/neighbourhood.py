"""Whether a returned variant stands on a plateau or on a spike: its neighbours one step away.

Indicator and signal axes are compared without stops, as Stage A scored every variant; risk axes are
compared among the cells of the same base variant. So every neighbour in the grid is known.

See: docs/landscape.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from backtest.axes import Scalar
from backtest.columns import Column
from backtest.engine.recorder import Recorded
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


def neighbourhoods(grid: Grid, recorded: Recorded) -> tuple[Neighbourhood, ...]:
    """The surroundings of every returned variant, in the order of the answer.

    See: docs/landscape.md
    """
    surveyor = _Surveyor(grid, recorded)
    rows = recorded.ledger.winners.tolist()
    return tuple(surveyor.look(place, row) for place, row in enumerate(rows))


def robust_order(found: tuple[Neighbourhood, ...]) -> tuple[int, ...]:
    """Places in the answer by the median of their neighbours, best first.

    See: docs/landscape.md
    """

    def key(one: Neighbourhood) -> tuple[bool, float, int]:
        return one.median_pct is None, -(one.median_pct or 0.0), one.place

    return tuple(one.place for one in sorted(found, key=key))


class _Steps:
    """One digit of a number: which digits are one step away on each of its axes."""

    def __init__(self, names: tuple[str, ...], column: Column) -> None:
        self._names, self._places = names, column.places.tolist()
        self._digits = {tuple(own): digit for digit, own in enumerate(self._places)}
        self._orders = [_order(values) for values in column.values]

    def around(self, digit: int) -> Iterator[tuple[str, list[int], bool]]:
        """Axis, digits one step away, and whether the digit is on the axis' edge."""
        own = self._places[digit]
        for place, (name, order) in enumerate(zip(self._names, self._orders, strict=True)):
            if len(order) < 2:
                continue
            rank = order.index(own[place])
            sides = [order[near] for near in (rank - 1, rank + 1) if 0 <= near < len(order)]
            moved = [(*own[:place], side, *own[place + 1 :]) for side in sides]
            found = [self._digits[one] for one in moved if one in self._digits]
            yield name, found, len(sides) < 2


def _order(values: tuple[Scalar, ...]) -> list[int]:
    """Places of numbers from low to high; a text has no neighbours."""
    numbers = [value for value in values if not isinstance(value, str)]
    if len(numbers) < len(values):
        return []
    return sorted(range(len(values)), key=lambda place: numbers[place])


class _Surveyor:
    def __init__(self, grid: Grid, recorded: Recorded) -> None:
        self._recorded = recorded
        adds_up = recorded.ledger.adds_up
        self._base = returns_of(recorded.base_totals, adds_up=adds_up)
        self._adds_up = adds_up
        self._steps = [
            *(
                _Steps(tuple(f"{entry.indicator.id}.{name}" for name in column.names), column)
                for entry in grid.indicators
                for column in entry.columns
            ),
            *(
                _Steps(
                    tuple(f"signals.{entry.indicator.id}.{name}" for name in column.names), column
                )
                for entry in grid.indicators
                for column in entry.signal_columns
            ),
        ]
        self._lengths = [
            *(len(column) for entry in grid.indicators for column in entry.columns),
            *(len(column) for entry in grid.indicators for column in entry.signal_columns),
        ]
        levels = (("sl_pct", grid.sl_pct), ("tp_pct", grid.tp_pct))
        self._risk = [_Steps((name,), _column(name, values)) for name, values in levels]
        self._n_profits = len(grid.tp_pct or (None,))

    def look(self, place: int, row: int) -> Neighbourhood:
        """The surroundings of one trial."""
        base, cell = self._recorded.place_of(row)
        edges: list[str] = []
        pairs = [*self._around_base(base, edges), *self._around_cell(row, cell, edges)]
        near = [other / 10_000.0 for other, _ in pairs]
        shares = [other / own for other, own in pairs if own > 0]
        kept = round(median(shares), 4) if shares and len(shares) == len(pairs) else None
        return Neighbourhood(
            place=place,
            n_neighbours=len(near),
            median_pct=round(median(near), 4) if near else None,
            worst_pct=round(min(near), 4) if near else None,
            kept=kept,
            shape=None if kept is None else _shape(kept),
            edges=tuple(edges),
        )

    def _around_base(self, base: int, edges: list[str]) -> Iterator[tuple[int, int]]:
        own, weight, rest = int(self._base[base]), 1, base
        for steps, length in zip(reversed(self._steps), reversed(self._lengths), strict=True):
            rest, digit = divmod(rest, length)
            for name, digits, is_edge in steps.around(digit):
                if is_edge:
                    edges.append(name)
                for other in digits:
                    yield int(self._base[base + (other - digit) * weight]), own
            weight *= length

    def _around_cell(
        self, row: int, cell: int | None, edges: list[str]
    ) -> Iterator[tuple[int, int]]:
        if cell is None:
            return
        own = self._return_of(row)
        for steps, digit, weight in zip(
            self._risk, divmod(cell, self._n_profits), (self._n_profits, 1), strict=True
        ):
            for name, digits, is_edge in steps.around(digit):
                if is_edge:
                    edges.append(name)
                for other in digits:
                    yield self._return_of(row + (other - digit) * weight), own

    def _return_of(self, row: int) -> int:
        total: IntArray = self._recorded.ledger.growth[row : row + 1].sum(axis=1, dtype=np.int64)
        return int(returns_of(total, adds_up=self._adds_up)[0])


def _column(name: str, values: tuple[float, ...] | None) -> Column:
    levels: tuple[Scalar, ...] = values or (0.0,)
    places = np.arange(len(levels), dtype=np.int32)[:, None]
    return Column(names=(name,), values=(levels,), places=places)


def _shape(kept: float) -> NeighbourhoodShape:
    if kept >= PLATEAU_KEEPS:
        return NeighbourhoodShape.PLATEAU
    return NeighbourhoodShape.SPIKE if kept < SPIKE_KEEPS else NeighbourhoodShape.SLOPE
