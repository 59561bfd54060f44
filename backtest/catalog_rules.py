"""What the catalog and the rules of risk demand of a request's axes, as problems with a place.

Everything is counted before it is materialised. Names are compared stripped and in lower case.
"""

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

from backtest.axes import MAX_AXIS_VALUES, Axis, ExplicitAxis, RangeAxis, axis_len, axis_problem
from backtest.errors import Loc, Problem
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator, Param, SignalParam
from backtest.request import IndicatorGrid, RiskGrid, SignalGrids


def normal_name(name: str) -> str:
    """A name as the catalog spells it."""
    return name.strip().lower()


def find_indicator(indicator_id: str) -> Indicator | None:
    """The catalog row that a request means, if it may be asked for."""
    row = INDICATORS.get(normal_name(indicator_id))
    return None if row is None or row.is_internal else row


def indicator_problems(grid: IndicatorGrid, loc: Loc) -> Iterator[Problem]:
    """What is wrong with one indicator's axes; `loc` is the place of the grid."""
    row = find_indicator(grid.indicator_id)
    if row is None:
        yield Problem(
            (*loc, "indicator_id"),
            "unknown_indicator",
            "no such indicator; the catalog lists all ids",
        )
        return
    names = [normal_name(name) for name in grid.params]
    for name, axis in grid.params.items():
        place = (*loc, "params", name)
        if normal_name(name) not in {param.name for param in row.params}:
            expected = ", ".join(param.name for param in row.params) or "none"
            yield Problem(
                place, "unknown_parameter", f"{row.id} has no such parameter, only: {expected}"
            )
        elif names.count(normal_name(name)) > 1:
            yield Problem(place, "duplicate_parameter", "the parameter is given twice")
        else:
            yield from _param_problems(row.param(normal_name(name)), axis, place)
    if grid.source is not None:
        yield from _source_problems(row, grid.source, (*loc, "source"))


def signal_problems(
    indicator_ids: set[str], signal_grids: SignalGrids, loc: Loc
) -> Iterator[Problem]:
    """What is wrong with the axes of signal parameters; `indicator_ids` are the run's, normal."""
    for indicator_id, params in signal_grids.items():
        place = (*loc, indicator_id)
        row = find_indicator(indicator_id)
        if row is None or row.rule is None or row.id not in indicator_ids:
            yield Problem(place, "unknown_indicator", "not among the indicators of this run")
            continue
        known = {param.name: param for param in row.rule.params}
        for name, axis in params.items():
            param = known.get(normal_name(name))
            if param is None:
                expected = ", ".join(known) or "none"
                yield Problem(
                    (*place, name),
                    "unknown_parameter",
                    f"the rule of {row.id} has no such parameter, only: {expected}",
                )
            else:
                yield from _signal_param_problems(param, axis, (*place, name))


def risk_problems(risk: RiskGrid, loc: Loc) -> Iterator[Problem]:
    """What is wrong with stop-loss and take-profit; axes of a disabled kind are ignored."""
    for name, is_enabled, axis, scalar in (
        ("sl", risk.sl_enabled, risk.sl, risk.sl_pct),
        ("tp", risk.tp_enabled, risk.tp, risk.tp_pct),
    ):
        if not is_enabled:
            continue
        if axis is not None:
            yield from _number_axis_problems(axis, (*loc, name))
            for place, value in _edge_values(axis, (*loc, name)):
                if not isinstance(value, str) and value < 0:
                    yield Problem(place, "greater_than_equal", f"must be >= 0, was {value}")
        elif scalar is None:
            yield Problem(
                (*loc, name), "required", f"{name}_enabled needs either {name} or {name}_pct"
            )
        elif scalar < 0:
            yield Problem(
                (*loc, f"{name}_pct"), "greater_than_equal", f"must be >= 0, was {scalar}"
            )


def order_problems(row: Indicator, axes: Mapping[str, Axis], loc: Loc) -> Iterator[Problem]:
    """Pairs of parameters that are not ordered in every variant; `axes` are complete and sound."""
    for smaller, larger in row.constraints:
        top = max(_ends(axes[smaller]))
        bottom = min(_ends(axes[larger]))
        if bottom < top:
            yield Problem(
                (*loc, "params", larger),
                "parameter_order",
                f"{larger} must be >= {smaller} in every variant, was {bottom} < {top}",
            )


def _ends(axis: Axis) -> list[float]:
    """Numbers among which the smallest and the largest value of an axis are."""
    if isinstance(axis, ExplicitAxis):
        return [float(value) for value in axis.values]
    last = Fraction(repr(axis.start)) + (axis_len(axis) - 1) * Fraction(repr(axis.step))
    return [float(axis.start), float(last)]


def _number_axis_problems(axis: Axis, loc: Loc) -> Iterator[Problem]:
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


def _edge_values(axis: Axis, loc: Loc) -> Iterator[tuple[Loc, float | str]]:
    """Every explicit value, or the start of a range, with its place."""
    if isinstance(axis, ExplicitAxis):
        for position, value in enumerate(axis.values):
            yield (*loc, "values", position), value
    else:
        yield (*loc, "start"), axis.start


def _param_problems(param: Param, axis: Axis, loc: Loc) -> Iterator[Problem]:
    yield from _number_axis_problems(axis, loc)
    if axis_problem(axis) is not None:
        return
    if isinstance(axis, RangeAxis):
        yield from _lattice_problems(param, axis, loc)
        yield from _bound_problems(param, axis.start, (*loc, "start"))
        last = Fraction(repr(axis.start)) + (axis_len(axis) - 1) * Fraction(repr(axis.step))
        if last > Fraction(repr(param.hard_max)):
            yield from _bound_problems(param, float(last), (*loc, "stop_incl"))
        return
    for position, value in enumerate(axis.values):
        place = (*loc, "values", position)
        if isinstance(value, str) or not math.isfinite(value):
            continue
        if param.kind == "int" and not isinstance(value, int):
            yield Problem(place, "int_type", f"{param.name} takes whole numbers, was {value}")
        else:
            yield from _bound_problems(param, value, place)


def _bound_problems(param: Param, value: float, loc: Loc) -> Iterator[Problem]:
    if value < param.hard_min:
        yield Problem(
            loc, "greater_than_equal", f"{param.name} must be >= {param.hard_min}, was {value}"
        )
    elif value > param.hard_max:
        yield Problem(
            loc, "less_than_equal", f"{param.name} must be <= {param.hard_max}, was {value}"
        )


def _lattice_problems(param: Param, axis: RangeAxis, loc: Loc) -> Iterator[Problem]:
    """Ranges start on the lattice of the parameter and move along it."""
    step, origin = Fraction(repr(param.step)), Fraction(repr(param.hard_min))
    if param.kind == "int" and Fraction(repr(axis.step)) % 1:
        yield Problem((*loc, "step"), "int_type", f"{param.name} takes whole numbers")
    elif Fraction(repr(axis.step)) % step:
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


def _source_problems(row: Indicator, axis: Axis, loc: Loc) -> Iterator[Problem]:
    if not row.sources:
        yield Problem(loc, "source_not_supported", f"{row.id} has no choice of source")
        return
    if isinstance(axis, RangeAxis):
        yield Problem(loc, "source_not_supported", "a source axis lists names, not a range")
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


def _signal_param_problems(param: SignalParam, axis: Axis, loc: Loc) -> Iterator[Problem]:
    yield from _number_axis_problems(axis, loc)
    if axis_problem(axis) is not None or not param.nonzero:
        return
    if isinstance(axis, RangeAxis):
        numbers: Mapping[str, float] = {"start": axis.start, "step": axis.step}
        for member, number in numbers.items():
            if not float(number).is_integer():
                yield Problem((*loc, member), "int_type", f"{param.name} takes whole numbers")
        if axis.start <= 0 <= axis.stop_incl and float(-axis.start / axis.step).is_integer():
            yield Problem(loc, "zero_periods", f"{param.name} must not be 0; leave 0 out")
        return
    for position, value in enumerate(axis.values):
        place = (*loc, "values", position)
        if isinstance(value, float) and not value.is_integer():
            yield Problem(place, "int_type", f"{param.name} takes whole numbers, was {value}")
        elif value == 0:
            yield Problem(place, "zero_periods", f"{param.name} must not be 0")
