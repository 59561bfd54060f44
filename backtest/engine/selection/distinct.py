"""Variants with the same trades, as groups of which one stands for all.

Same trades mean the same account, so every metric is equal, and the one that ranks first is the one
with the least variant key.

See: docs/ranking.md#distinct-results
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from backtest.axes import Scalar
from backtest.columns import Column
from backtest.engine.pipeline.shortlist import KeyOf
from backtest.grid import Grid, IndicatorAxes
from backtest.result import SameAs, SameAxis
from backtest.types import IntArray, WordArray


class Groups:
    """Members with the same number, in the order of their first members.

    Args:
        numbers: Shape (n_members,), number of the trades of each (`signatures`).

    See: docs/ranking.md#distinct-results
    """

    def __init__(self, numbers: WordArray) -> None:
        self._order = np.argsort(numbers, kind="stable")
        ordered = numbers[self._order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        stops = np.append(starts[1:], len(numbers))
        by_first = np.argsort(self._order[starts], kind="stable")
        self._starts, self._stops = starts[by_first], stops[by_first]
        self._best: dict[int, int] = {}
        self.firsts: IntArray = self._order[self._starts]

    def __len__(self) -> int:
        return len(self.firsts)

    def members(self, group: int) -> IntArray:
        """The members of a group, ascending."""
        return self._order[self._starts[group] : self._stops[group]]

    def best(self, group: int, key_of: KeyOf) -> int:
        """The member that ranks first: all metrics are equal, so the least key decides."""
        if group not in self._best:
            members = self.members(group).tolist()
            self._best[group] = members[0] if len(members) == 1 else min(members, key=key_of)
        return self._best[group]

    def key(self, key_of: KeyOf) -> KeyOf:
        """The variant key of the member that stands for a group, by the keys of members."""
        return lambda group: key_of(self.best(group, key_of))


def same_as(grid: Grid, bases: IntArray, cells: IntArray) -> SameAs:
    """What a row stands for: how many others, and the values of the axes on which they differ.

    Args:
        grid: The run's grid.
        bases: Base variants of the group, the one that stands for it among them, shape (n,).
        cells: Their risk cells, shape (n,).

    See: docs/ranking.md#distinct-results
    """
    axes = (*_indicator_axes(grid, bases), *_risk_axes(grid, cells))
    varied = tuple(axis for axis in axes if len(axis.values) > 1)
    return SameAs(n_others=len(bases) - 1, axes=varied)


def _indicator_axes(grid: Grid, bases: IntArray) -> Iterator[SameAxis]:
    computes, signals = np.divmod(bases, grid.n_signals)
    indexes = reversed(grid.indicators)
    found: list[list[SameAxis]] = []
    for entry in indexes:
        computes, compute = np.divmod(computes, entry.n_compute)
        signals, signal = np.divmod(signals, entry.n_signals)
        found.append(
            [*_axes(entry, entry.columns, compute), *_axes(entry, entry.signal_columns, signal)]
        )
    for own in reversed(found):
        yield from own


def _axes(
    entry: IndicatorAxes, columns: tuple[Column, ...], indexes: IntArray
) -> Iterator[SameAxis]:
    """The values that an indicator's axes take; the last column is the fastest digit."""
    found: list[list[SameAxis]] = []
    for column in reversed(columns):
        indexes, digits = np.divmod(indexes, len(column))
        places = column.places[np.unique(digits)]
        found.append(
            [
                _axis(entry.indicator.id, name, values, places[:, axis])
                for axis, (name, values) in enumerate(zip(column.names, column.values, strict=True))
            ]
        )
    for own in reversed(found):
        yield from own


def _axis(
    indicator_id: str | None, name: str, values: tuple[Scalar, ...], places: NDArray[np.integer]
) -> SameAxis:
    taken: list[int] = np.unique(places).tolist()
    return SameAxis(
        indicator_id=indicator_id, name=name, values=tuple(values[place] for place in taken)
    )


def _risk_axes(grid: Grid, cells: IntArray) -> Iterator[SameAxis]:
    percents = {"sl_pct": grid.sl_pct, "tp_pct": grid.tp_pct}
    digits = np.divmod(cells, len(grid.tp_pct or (None,)))
    for (name, values), own in zip(percents.items(), digits, strict=True):
        if values is not None:
            yield _axis(None, name, values, own)
