"""The landscape of a grid: what each axis is worth, and what returns look like over two of them.

Returns are whole millionths of the initial cash, so sums are exact, and a map is the same on every
machine. See: docs/landscape.md
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import permutations

import numpy as np

from backtest.axes import Scalar
from backtest.engine.blocks.growth import LN2
from backtest.engine.blocks.ledger import RUINED, UNITS, FlagArray
from backtest.engine.pipeline.recorder import Recorded
from backtest.enums import AxisKind, SurfaceStatistic
from backtest.errors import InvalidRequest, Problem
from backtest.grid import Grid
from backtest.types import FloatArray, IntArray

MOST_RETURN = 1_000_000_000_000
MAX_CELLS = 10_000
NOWHERE: Mapping[str, Scalar] = {}
_LIMB = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis with more than one value.

    `name` is `ma.sma.window`, `signals.momentum.rsi.long_threshold`, `sl_pct` or `tp_pct`.

    See: docs/landscape.md
    """

    name: str
    kind: AxisKind
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueStory:
    """What the variants with one value of an axis returned, in percent.

    See: docs/landscape.md
    """

    value: Scalar
    n_variants: int
    best_pct: float
    median_pct: float
    mean_pct: float
    profitable_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisStory:
    """What an axis is worth: the share of the variance of the return that it explains alone.

    See: docs/landscape.md
    """

    axis: Axis
    share: float | None
    values: tuple[ValueStory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Returns in percent over two axes: `cells[i][j]` at `x[i]` and `y[j]`; None without variants.

    `with_stops` tells that these are cells of Stage B, and otherwise every base variant without.

    See: docs/landscape.md
    """

    x: Axis
    y: Axis
    statistic: SurfaceStatistic
    with_stops: bool
    cells: tuple[tuple[float | None, ...], ...]


def returns_of(totals: IntArray, *, adds_up: bool) -> IntArray:
    """Total returns in millionths of the initial cash, from growth in millionths; ruin is -100 %.

    The exponential is made of basic operations alone, like the ledger's logarithm.

    Args:
        totals: Any shape, int64.
        adds_up: Whether growth is a share of the initial cash already.

    See: docs/landscape.md
    """
    lost = totals <= RUINED // 2
    if adds_up:
        return np.where(lost, -int(UNITS), totals)
    growth = totals / UNITS
    power = np.rint(growth / LN2)
    rest = growth - power * LN2
    series = np.ones_like(rest)
    for term in range(14, 0, -1):
        series = 1.0 + series * rest / term
    equity = np.ldexp(series, np.clip(power, -60, 60).astype(np.int32))
    returns = np.rint(np.minimum((equity - 1.0) * UNITS, MOST_RETURN)).astype(np.int64)
    return np.where(lost, -int(UNITS), returns)


@dataclass(frozen=True, slots=True)
class _Located:
    """An axis, and its place in it for every variant of a population, int16 or int32."""

    axis: Axis
    places: IntArray


class Landscape:
    """The map of a run: base variants without stops, and the cells of Stage B.

    Args:
        grid: The run's grid.
        recorded: What its trials grew by.

    See: docs/landscape.md
    """

    def __init__(self, grid: Grid, recorded: Recorded) -> None:
        ledger = recorded.ledger
        base = list(_base_axes(grid))
        self.base = Population(base, returns_of(recorded.base_totals, adds_up=ledger.adds_up))
        rows = ledger.growth[recorded.n_base_rows :] if recorded.n_cells else ledger.growth[:0]
        cells = returns_of(rows.sum(axis=1, dtype=np.int64), adds_up=ledger.adds_up)
        bases = np.repeat(recorded.shortlist, recorded.n_cells)
        located = [_Located(own.axis, own.places[bases]) for own in base]
        risk = list(_risk_axes(grid, len(recorded.shortlist)))
        self.cells = Population([*located, *risk], cells, with_stops=True)
        self._risk_names = {own.axis.name for own in risk}
        self._winner = recorded.place_of(int(ledger.winners[0])) if len(ledger.winners) else None
        self._recorded = recorded

    def axes(self) -> tuple[AxisStory, ...]:
        """Indicator and signal axes over the base variants, risk axes over Stage B."""
        return (*self._base_stories, *self._risk_stories)

    def interactions(self) -> float | None:
        """Share of the variance of the base variants that no axis explains alone."""
        shares = [story.share for story in self._base_stories]
        if not shares or any(share is None for share in shares):
            return None
        return round(max(0.0, 1.0 - math.fsum(share for share in shares if share is not None)), 6)

    @cached_property
    def _base_stories(self) -> tuple[AxisStory, ...]:
        return tuple(self.base.stories(set()))

    @cached_property
    def _risk_stories(self) -> tuple[AxisStory, ...]:
        return tuple(self.cells.stories(self.base.names))

    def surface(
        self,
        x: str | None,
        y: str | None,
        statistic: SurfaceStatistic,
        at: Mapping[str, Scalar] = NOWHERE,
    ) -> Surface:
        """Returns over two axes; by default over the two that explain most, of those that fit.

        Args:
            x: The first axis.
            y: The second axis.
            statistic: What a cell tells.
            at: Values of other axes; only variants that have them count.

        Raises:
            InvalidRequest: An axis does not exist, is named twice, or there are too many cells.
        """
        x, y = self._pair(x, y, at)
        of_cells = bool({x, y, *at} & self._risk_names)
        population = self.cells if of_cells else self.base
        return population.surface(x, y, statistic, self._winner_index(of_cells=of_cells), at)

    def surfaces(
        self, by: str, x: str | None, y: str | None, statistic: SurfaceStatistic
    ) -> list[tuple[Scalar, Surface]]:
        """A surface for each value of a third axis, in its order.

        Raises:
            InvalidRequest: As for `surface`; all surfaces together have too many cells.
        """
        axes = {story.axis.name: story.axis for story in self.axes()}
        others = sorted(axes.keys() - {x, y})
        if by not in others:
            message = (
                f"choose the third axis from {', '.join(others)}"
                if others
                else "there is no third axis"
            )
            raise InvalidRequest([Problem(("by",), "unknown_axis", message)])
        values = axes[by].values
        first = self.surface(x, y, statistic, {by: values[0]})
        _check_cells("by", len(values) * len(first.x.values) * len(first.y.values))
        drawn = (self.surface(first.x.name, first.y.name, statistic, {by: v}) for v in values[1:])
        return list(zip(values, (first, *drawn), strict=True))

    def _pair(self, x: str | None, y: str | None, at: Mapping[str, Scalar]) -> tuple[str, str]:
        ranked = sorted(self.axes(), key=lambda story: -(story.share or 0.0))
        lengths = {story.axis.name: len(story.axis.values) for story in ranked}
        pairs = [
            (one, two)
            for one, two in permutations(lengths, 2)
            if (x == one or (x is None and one not in at))
            and (y == two or (y is None and two not in at))
        ]
        if not pairs:
            place = "y" if x in lengths and y is not None else "x"
            names = ", ".join(sorted(lengths))
            message = (
                f"choose two different axes of {names}"
                if len(lengths) > 1
                else "a surface needs two axes with more than one value each"
            )
            raise InvalidRequest([Problem((place,), "unknown_axis", message)])
        fitting = (pair for pair in pairs if lengths[pair[0]] * lengths[pair[1]] <= MAX_CELLS)
        return next(fitting, pairs[0])

    def _winner_index(self, *, of_cells: bool) -> int | None:
        if self._winner is None:
            return None
        base, cell = self._winner
        if not of_cells:
            return base
        rank = int(np.flatnonzero(self._recorded.shortlist == base)[0])
        return rank * self._recorded.n_cells + (cell or 0)


class Population:
    """Variants with their places on axes and their returns.

    Args:
        located: The axes with more than one value.
        returns: Shape (n,) int64, millionths.
        with_stops: Whether they are cells of Stage B.

    See: docs/landscape.md
    """

    def __init__(
        self, located: Sequence[_Located], returns: IntArray, *, with_stops: bool = False
    ) -> None:
        self._located, self._with_stops = list(located), with_stops
        self._returns = returns
        # equal returns in any order, as what is told of them is equal; keeping it takes longer
        self._order = np.argsort(returns)
        self.names = {own.axis.name for own in located}

    def stories(self, known: set[str]) -> Iterator[AxisStory]:
        """Every axis that is not known already; none without variants."""
        if len(self._returns) == 0:
            return
        total = _sum_of_squares(self._returns)
        for own in self._located:
            if own.axis.name not in known:
                yield self._story(own, total)

    def _story(self, own: _Located, total: Fraction) -> AxisStory:
        found, starts, ends, ordered = self._groups(own.places)
        counts, values_of = ends - starts, own.axis.values
        sums: IntArray = np.add.reduceat(ordered, starts)
        profitable: IntArray = np.add.reduceat((ordered > 0).astype(np.int64), starts)
        medians: FloatArray = (
            ordered[(starts + ends - 1) // 2] + ordered[(starts + ends) // 2]
        ) / 2.0
        pairs = list(zip(sums.tolist(), counts.tolist(), strict=True))
        squares = sum((Fraction(s * s, n) for s, n in pairs), Fraction())
        between = squares - _mean_square(self._returns)
        values = tuple(
            ValueStory(
                value=values_of[int(place)],
                n_variants=n,
                best_pct=_pct(ordered[end - 1].item()),
                median_pct=_pct(median),
                mean_pct=_pct(s / n),
                profitable_share=round(good / n, 6),
            )
            for place, end, median, (s, n), good in zip(
                found.tolist(), ends.tolist(), medians.tolist(), pairs, profitable.tolist(),
                strict=True,
            )
        )  # fmt: skip
        share = round(float(between / total), 6) if total else None
        return AxisStory(axis=own.axis, share=share, values=values)

    def surface(
        self,
        x: str,
        y: str,
        statistic: SurfaceStatistic,
        winner: int | None,
        at: Mapping[str, Scalar] = NOWHERE,
    ) -> Surface:
        """Returns over two axes of the variants of this population that have the values of `at`.

        Raises:
            InvalidRequest: There are too many cells.
        """
        by_name = {own.axis.name: own for own in self._located}
        one, two = by_name[x], by_name[y]
        shape = (len(one.axis.values), len(two.axis.values))
        _check_cells("x", shape[0] * shape[1])
        keys = one.places.astype(np.int64) * shape[1] + two.places
        cells = np.full(shape[0] * shape[1], np.nan)
        counts = np.ones(len(keys), np.bool_)
        for name, value in at.items():
            counts &= by_name[name].places == by_name[name].axis.values.index(value)
        if statistic is SurfaceStatistic.SLICE:
            counts &= self._like(winner, {x, y, *at})
            cells[keys[counts]] = self._returns[counts]
        elif counts.any():
            self._fill(cells, keys, counts, statistic)
        rows = cells.reshape(shape).tolist()
        percentages = tuple(tuple(None if v != v else _pct(v) for v in row) for row in rows)  # noqa: PLR0124 - NaN
        return Surface(
            x=one.axis,
            y=two.axis,
            statistic=statistic,
            with_stops=self._with_stops,
            cells=percentages,
        )

    def _fill(
        self, cells: FloatArray, keys: IntArray, counts: FlagArray, statistic: SurfaceStatistic
    ) -> None:
        """What the variants that count returned in each cell."""
        found, starts, ends, ordered = self._groups(keys, counts)
        if statistic is SurfaceStatistic.BEST:
            cells[found] = ordered[ends - 1]
        elif statistic is SurfaceStatistic.MEAN:
            cells[found] = np.add.reduceat(ordered, starts) / (ends - starts)
        else:
            low, high = ordered[(starts + ends - 1) // 2], ordered[(starts + ends) // 2]
            cells[found] = (low + high) / 2.0

    def _like(self, winner: int | None, free: set[str]) -> FlagArray:
        """Variants that differ from the winner on the free axes alone; none without a winner."""
        alike = np.full(len(self._returns), winner is not None)
        if winner is not None:
            for own in self._located:
                if own.axis.name not in free:
                    alike &= own.places == own.places[winner]
        return alike

    def _groups(
        self, places: IntArray, counts: FlagArray | None = None
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Places that occur, where theirs start and end, and returns by place, ascending."""
        by_return = self._order if counts is None else self._order[counts[self._order]]
        order = by_return[np.argsort(places[by_return], kind="stable")]
        found, starts = np.unique(places[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        return found, starts, ends, self._returns[order]


def _check_cells(place: str, n_cells: int) -> None:
    if n_cells > MAX_CELLS:
        message = f"at most {MAX_CELLS} cells can be drawn, these axes make {n_cells}"
        raise InvalidRequest([Problem((place,), "too_many_cells", message)])


def _base_axes(grid: Grid) -> Iterator[_Located]:
    columns = [
        *(
            (entry, AxisKind.INDICATOR, column)
            for entry in grid.indicators
            for column in entry.columns
        ),
        *(
            (entry, AxisKind.SIGNAL, column)
            for entry in grid.indicators
            for column in entry.signal_columns
        ),
    ]
    digits = np.arange(grid.n_base)
    located: list[_Located] = []
    for entry, kind, column in reversed(columns):
        digits, own = np.divmod(digits, len(column))
        prefix = "signals." if kind is AxisKind.SIGNAL else ""
        for place, (name, values) in enumerate(zip(column.names, column.values, strict=True)):
            axis = Axis(name=f"{prefix}{entry.indicator.id}.{name}", kind=kind, values=values)
            located.append(_Located(axis, _narrow(column.places[own, place], len(values))))
    yield from (own for own in reversed(located) if len(own.axis.values) > 1)


def _risk_axes(grid: Grid, n_shortlist: int) -> Iterator[_Located]:
    levels = (grid.sl_pct or (None,), grid.tp_pct or (None,))
    cells = np.arange(grid.n_risk)
    places = np.divmod(cells, len(levels[1]))
    for name, values, own in zip(("sl_pct", "tp_pct"), levels, places, strict=True):
        known = tuple(value for value in values if value is not None)
        if len(known) > 1:
            axis = Axis(name=name, kind=AxisKind.RISK, values=known)
            yield _Located(axis, np.tile(_narrow(own, len(known)), n_shortlist))


def _narrow(places: IntArray, n_values: int) -> IntArray:
    """Sorting 16 bits takes a pass or two."""
    return places.astype(np.int16 if n_values < 1 << 15 else np.int32)  # pyright: ignore[reportReturnType]


def _mean_square(returns: IntArray) -> Fraction:
    total = int(returns.sum())
    return Fraction(total * total, len(returns))


def _sum_of_squares(returns: IntArray) -> Fraction:
    """Sum of squared distances from the mean, exactly; a square alone may not fit into 64 bits."""
    high, low = returns >> _LIMB, returns & ((1 << _LIMB) - 1)
    squares = (int(high @ high) << 2 * _LIMB) + (int(high @ low) << _LIMB + 1) + int(low @ low)
    return squares - _mean_square(returns)


def _pct(millionths: float) -> float:
    """Percent with four decimals."""
    return round(millionths / 10_000.0, 4)
