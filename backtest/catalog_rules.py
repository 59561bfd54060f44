"""What the catalog and the rules of risk demand of a request's axes, as problems with a place.

Names are compared stripped and in lower case. What one axis must be: `axis_rules`.

See: docs/grid.md
"""

from collections.abc import Iterator, Mapping, Sequence

from backtest.axes import Axis, ExplicitAxis, axis_ends
from backtest.axis_rules import (
    normal_name,
    number_axis_problems,
    param_problems,
    source_problems,
)
from backtest.errors import Loc, Problem
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator, Param, SignalParam
from backtest.request import IndicatorGrid, RiskGrid, SignalGrids

# Problems with the name of an entry, not with the axis under it.
NAME_CODES = frozenset(
    {"unknown_indicator", "duplicate_indicator", "unknown_parameter", "duplicate_parameter"}
)


def find_indicator(indicator_id: str) -> Indicator | None:
    """The catalog row that a request means, if it may be asked for."""
    row = INDICATORS.get(normal_name(indicator_id))
    return None if row is None or row.is_internal else row


def indicator_problems(grid: IndicatorGrid, loc: Loc) -> Iterator[Problem]:
    """What is wrong with one indicator's axes; `loc` is the place of the grid."""
    row = find_indicator(grid.indicator_id)
    if row is None:
        yield Problem(
            (*loc, grid.id_member),
            "unknown_indicator",
            "no such indicator; the catalog lists all ids",
        )
        return
    yield from _axes_problems(row.id, row.params, grid.params, (*loc, "params"))
    if grid.source is not None:
        yield from source_problems(row, grid.source, (*loc, "source"))


def signal_problems(
    indicator_ids: set[str], signal_grids: SignalGrids, loc: Loc
) -> Iterator[Problem]:
    """What is wrong with the axes of signal parameters; `indicator_ids` are the run's, normal."""
    names = [normal_name(indicator_id) for indicator_id in signal_grids]
    for indicator_id, params in signal_grids.items():
        place = (*loc, indicator_id)
        row = find_indicator(indicator_id)
        if row is None or row.rule is None or row.id not in indicator_ids:
            yield Problem(place, "unknown_indicator", "not among the indicators of this run")
        elif names.count(row.id) > 1:
            yield Problem(place, "duplicate_indicator", "the indicator is listed twice; remove one")
        else:
            yield from _axes_problems(f"the rule of {row.id}", row.rule.params, params, place)


def _axes_problems(
    owner: str, known: Sequence[Param | SignalParam], axes: Mapping[str, Axis], loc: Loc
) -> Iterator[Problem]:
    """Axes by parameter name; `owner` is who has these parameters."""
    params = {param.name: param for param in known}
    names = [normal_name(name) for name in axes]
    for name, axis in axes.items():
        param = params.get(normal_name(name))
        if param is None:
            message = (
                f"{owner} has no such parameter, only: {', '.join(params)}"
                if params
                else f"{owner} has no parameters"
            )
            yield Problem((*loc, name), "unknown_parameter", message)
        elif names.count(param.name) > 1:
            yield Problem((*loc, name), "duplicate_parameter", "the parameter is given twice")
        else:
            yield from param_problems(param, axis, (*loc, name))


def risk_problems(risk: RiskGrid, loc: Loc) -> Iterator[Problem]:
    """What is wrong with stop-loss and take-profit; axes of a disabled kind are ignored."""
    for name, is_enabled, axis, scalar in (
        ("sl", risk.sl_enabled, risk.sl, risk.sl_pct),
        ("tp", risk.tp_enabled, risk.tp, risk.tp_pct),
    ):
        if not is_enabled:
            continue
        if axis is not None:
            yield from number_axis_problems(axis, (*loc, name))
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
    if row.rising is not None:
        yield from _rising_problems(*row.rising, axes, (*loc, "params"))


def _rising_problems(
    smaller: str, larger: str, axes: Mapping[str, Axis], loc: Loc
) -> Iterator[Problem]:
    """Two axes of which no pair of values rises."""
    top, bottom = max(_ends(axes[larger])), min(_ends(axes[smaller]))
    if top <= bottom:
        yield Problem(
            (*loc, larger),
            "parameter_order",
            f"no variant has {larger} > {smaller}: the largest {larger} is {top:g}, the smallest"
            f" {smaller} is {bottom:g}",
        )


def _ends(axis: Axis) -> Sequence[float]:
    """Numbers among which the smallest and the largest value of an axis are."""
    if isinstance(axis, ExplicitAxis):
        return [float(value) for value in axis.values]
    return axis_ends(axis)


def _edge_values(axis: Axis, loc: Loc) -> Iterator[tuple[Loc, float | str]]:
    """Every explicit value, or the start of a range, with its place."""
    if isinstance(axis, ExplicitAxis):
        for position, value in enumerate(axis.values):
            yield (*loc, "values", position), value
    else:
        yield (*loc, "start"), axis.start
