"""What one parameter demands of one axis: the only such rule, for requests and for files.

An axis is judged by the values that it stands for, not by how it is written. Everything is counted
before it is materialised.

See: docs/grid.md#axes
"""

import math
from collections.abc import Iterator
from fractions import Fraction

from backtest.axes import (
    MAX_AXIS_VALUES,
    Axis,
    ExplicitAxis,
    RangeAxis,
    axis_ends,
    axis_len,
    axis_problem,
)
from backtest.errors import Loc, Problem
from backtest.indicators.definition import Indicator, Param, SignalParam


def normal_name(name: str) -> str:
    """A name as the catalog spells it."""
    return name.strip().lower()


def param_problems(param: Param | SignalParam, axis: Axis, loc: Loc) -> Iterator[Problem]:
    """What is wrong with the axis of a parameter of an indicator or of its signal rule."""
    yield from number_axis_problems(axis, loc)
    if axis_problem(axis) is not None:
        return
    if isinstance(axis, RangeAxis):
        yield from _range_problems(param, axis, loc)
        return
    for position, value in enumerate(axis.values):
        if not isinstance(value, str) and math.isfinite(value):
            yield from _value_problems(param, value, (*loc, "values", position))


def number_axis_problems(axis: Axis, loc: Loc) -> Iterator[Problem]:
    """An axis that is meaningless, endless or not of numbers."""
    problem = axis_problem(axis)
    if problem is not None:
        member, code, message = problem
        yield Problem((*loc, member), code, message)
    elif axis_len(axis) > MAX_AXIS_VALUES:
        yield Problem(
            loc, "too_long", f"an axis has at most {MAX_AXIS_VALUES} values, not {axis_len(axis)}"
        )
    if isinstance(axis, ExplicitAxis):
        for position, value in enumerate(axis.values):
            if isinstance(value, str):
                yield Problem((*loc, "values", position), "number_type", "must be a number")
            elif not math.isfinite(value):
                yield Problem((*loc, "values", position), "finite_number", "must be finite")


def source_problems(row: Indicator, axis: Axis, loc: Loc) -> Iterator[Problem]:
    """What is wrong with the choice of candle series."""
    if not row.sources:
        yield Problem(loc, "source_not_supported", f"{row.id} takes no source; remove it")
        return
    if isinstance(axis, RangeAxis):
        yield Problem(loc, "source_not_supported", "source must be a list of names, not a range")
        return
    if not axis.values:
        yield Problem((*loc, "values"), "too_short", "values must not be empty")
    seen: set[str] = set()
    for position, value in enumerate(axis.values):
        name = normal_name(str(value))
        place = (*loc, "values", position)
        if name not in row.sources:
            allowed = ", ".join(row.sources)
            yield Problem(place, "unknown_source", f"{row.id} takes one of: {allowed}")
        elif name in seen:
            yield Problem(place, "duplicate_values", "the source is given twice")
        seen.add(name)


def _value_problems(param: Param | SignalParam, value: float, loc: Loc) -> Iterator[Problem]:
    if param.is_whole and not isinstance(value, int):
        yield _not_whole(param, value, loc)
    elif isinstance(param, SignalParam) and param.nonzero and value == 0:
        yield Problem(loc, "zero_periods", f"{param.name} must not be 0")
    else:
        yield from _bound_problems(param, value, loc)


def _range_problems(param: Param | SignalParam, axis: RangeAxis, loc: Loc) -> Iterator[Problem]:
    first, last = axis_ends(axis)
    yield from _step_problems(param, axis, loc)
    yield from _bound_problems(param, axis.start, (*loc, "start"))
    if last > param.hard_max:
        yield from _bound_problems(param, last, (*loc, "stop_incl"))
    meets_zero = first <= 0 <= last and Fraction(repr(axis.start)) % Fraction(repr(axis.step)) == 0
    if isinstance(param, SignalParam) and param.nonzero and meets_zero:
        yield Problem(loc, "zero_periods", f"{param.name} must not be 0; leave 0 out")


def _step_problems(param: Param | SignalParam, axis: RangeAxis, loc: Loc) -> Iterator[Problem]:
    """Ranges of whole numbers are written in whole numbers, others move along the lattice.

    A range with one fraction in it gives floats, so `stop_incl` has to be whole as well. Thresholds
    of signals have no lattice.
    """
    members = {"start": axis.start, "stop_incl": axis.stop_incl, "step": axis.step}
    broken = {name for name, number in members.items() if Fraction(repr(number)) % 1}
    if param.is_whole and broken:
        for name in members.keys() & broken:
            yield _not_whole(param, members[name], (*loc, name))
    elif isinstance(param, Param):
        yield from _lattice_problems(param, axis, loc)


def _lattice_problems(param: Param, axis: RangeAxis, loc: Loc) -> Iterator[Problem]:
    """Ranges start on the lattice of the parameter and move along it."""
    step, origin = Fraction(repr(param.step)), Fraction(repr(param.hard_min))
    if Fraction(repr(axis.step)) % step:
        yield Problem(
            (*loc, "step"),
            "multiple_of",
            f"step must be a multiple of {param.step}, was {axis.step}",
        )
    if (Fraction(repr(axis.start)) - origin) % step:
        yield Problem(
            (*loc, "start"),
            "multiple_of",
            f"start must be {param.hard_min} plus a multiple of {param.step}, was {axis.start}",
        )


def _bound_problems(param: Param | SignalParam, value: float, loc: Loc) -> Iterator[Problem]:
    if value < param.hard_min:
        yield Problem(
            loc, "greater_than_equal", f"{param.name} must be >= {param.hard_min}, was {value}"
        )
    elif value > param.hard_max:
        yield Problem(
            loc, "less_than_equal", f"{param.name} must be <= {param.hard_max}, was {value}"
        )


def _not_whole(param: Param | SignalParam, value: float, loc: Loc) -> Problem:
    return Problem(loc, "int_type", f"{param.name} takes whole numbers, was {value}")
