"""Variants one step away from another, on every axis of numbers.

See: docs/landscape.md
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from backtest.axes import Scalar
from backtest.columns import Column
from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.engine.pipeline.stages import Stages
from backtest.engine.scoring.items import RETURN_PCT
from backtest.engine.signal_rows.numbering import Numbering
from backtest.grid import Grid

# Returns are told in millionths of the initial cash.
PER_PERCENT = 10_000

# Returns of variants in millionths of the initial cash, by base variant and cell.
NearReturns = Mapping[tuple[int, int], int]
# An axis, the variants one step away on it, and whether the variant is on its edge.
Step = tuple[str, list[int], bool]


class Steps:
    """Who is next to whom in a grid.

    Args:
        grid: The grid.

    See: docs/landscape.md
    """

    def __init__(self, grid: Grid) -> None:
        columns = [
            *(
                (f"{entry.indicator.id}.", column)
                for entry in grid.indicators
                for column in entry.columns
            ),
            *(
                (f"signals.{entry.indicator.id}.", column)
                for entry in grid.indicators
                for column in entry.signal_columns
            ),
        ]
        self._digits = [_Digit(prefix, column) for prefix, column in columns]
        levels = (("sl_pct", grid.sl_pct), ("tp_pct", grid.tp_pct))
        self._risk = [_Digit("", _levels(name, values)) for name, values in levels]

    def around_base(self, base: int) -> Iterator[Step]:
        """Base variants one step away, the last axis first."""
        return _around(self._digits, base)

    def around_cell(self, cell: int) -> Iterator[Step]:
        """Cells of the risk plane one step away."""
        return _around(self._risk, cell)


def near_returns(
    steps: Steps,
    cells: Iterable[tuple[int, int]],
    numbering: Numbering,
    stages: Stages,
    plane: RiskPlane,
) -> NearReturns:
    """Returns of the base variants next to some cells, with the stops of these.

    Stage B tried them only where they are on its shortlist, so they are traded through here.

    Args:
        steps: Who is next to whom.
        cells: Base variants and cells of the plane.
        numbering: Which combos they are.
        stages: Who trades.
        plane: The risk plane.

    See: docs/landscape.md
    """
    wanted = sorted(
        {
            (other, cell)
            for base, cell in cells
            for _, bases, _ in steps.around_base(base)
            for other in bases
        }
    )
    if not wanted:
        return {}
    bases, own = np.array(wanted, np.int64).T
    combos = numbering.combos_of(bases)
    distinct, inverse = np.unique(combos * plane.n_cells + own, return_inverse=True)
    metrics = stages.exact_cells(*np.divmod(distinct, plane.n_cells), plane)
    # -100 % is all there is to lose, as on the rest of the map
    returns = np.rint(np.maximum(metrics[:, RETURN_PCT], -100.0) * PER_PERCENT).astype(np.int64)
    return dict(zip(wanted, returns[inverse].tolist(), strict=True))


class _Digit:
    """One digit of a number: which digits are one step away on each of its axes."""

    def __init__(self, prefix: str, column: Column) -> None:
        self.length = len(column)
        self._names = [prefix + name for name in column.names]
        self._places = column.places.tolist()
        self._digits = {tuple(own): digit for digit, own in enumerate(self._places)}
        self._orders = [_order(values) for values in column.values]

    def around(self, digit: int) -> Iterator[Step]:
        """The same of digits."""
        own = self._places[digit]
        for place, (name, order) in enumerate(zip(self._names, self._orders, strict=True)):
            if len(order) < 2:
                continue
            rank = order.index(own[place])
            sides = [order[near] for near in (rank - 1, rank + 1) if 0 <= near < len(order)]
            moved = [(*own[:place], side, *own[place + 1 :]) for side in sides]
            found = [self._digits[one] for one in moved if one in self._digits]
            yield name, found, len(sides) < 2


def _around(digits: list[_Digit], number: int) -> Iterator[Step]:
    weight, rest = 1, number
    for one in reversed(digits):
        rest, digit = divmod(rest, one.length)
        for name, others, is_edge in one.around(digit):
            yield name, [number + (other - digit) * weight for other in others], is_edge
        weight *= one.length


def _order(values: tuple[Scalar, ...]) -> list[int]:
    """Places of numbers from low to high; a text has no neighbours."""
    numbers = [value for value in values if not isinstance(value, str)]
    if len(numbers) < len(values):
        return []
    return sorted(range(len(values)), key=lambda place: numbers[place])


def _levels(name: str, values: tuple[float, ...] | None) -> Column:
    levels: tuple[Scalar, ...] = values or (0.0,)
    places = np.arange(len(levels), dtype=np.int32)[:, None]
    return Column(names=(name,), values=(levels,), places=places)
