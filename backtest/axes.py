"""An axis: ordered distinct values of one parameter, written out or as a range.

An axis is counted before it is materialised, so that a range of 10^12 values costs nothing.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Scalar = int | float | str

MAX_AXIS_VALUES = 1_000_000


@dataclass(frozen=True, slots=True)
class ExplicitAxis:
    """Values as given: order and number types are kept, `1` equals `1.0`."""

    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class RangeAxis:
    """`start, start + step, …` up to and including `stop_incl`, in decimal arithmetic."""

    start: int | float
    stop_incl: int | float
    step: int | float


Axis = ExplicitAxis | RangeAxis


def explicit(*values: Scalar) -> ExplicitAxis:
    """An axis that holds exactly these values."""
    return ExplicitAxis(values)


def axis_problem(axis: Axis) -> tuple[str, str, str] | None:
    """What makes an axis meaningless by itself.

    Returns:
        `(member, code, message)` where member is the field of the axis at fault, or None.
    """
    if isinstance(axis, ExplicitAxis):
        if not axis.values:
            return "values", "too_short", "values must not be empty"
        if len(set(axis.values)) != len(axis.values):
            return "values", "duplicate_values", "values must be unique; 1 and 1.0 are the same"
        return None
    if axis.step <= 0:
        return "step", "greater_than", f"step must be > 0, was {axis.step}"
    if axis.start > axis.stop_incl:
        return (
            "start",
            "range_order",
            f"start must be <= stop_incl, was {axis.start} > {axis.stop_incl}",
        )
    return None


def axis_len(axis: Axis) -> int:
    """Number of values, without materialising any. The axis must have no `axis_problem`."""
    if isinstance(axis, ExplicitAxis):
        return len(axis.values)
    start, stop, step = map(Fraction, _decimals(axis))
    return (stop - start) // step + 1


def axis_ends(axis: RangeAxis) -> tuple[float, float]:
    """The first and the last value of a range; `stop_incl` itself need not be one."""
    start, _, step = map(Fraction, _decimals(axis))
    return float(axis.start), float(start + (axis_len(axis) - 1) * step)


def axis_values(axis: Axis) -> tuple[Scalar, ...]:
    """The values in order.

    A range of integers (whole floats count as integers) gives integers; any other range is
    computed in decimal arithmetic on the shortest decimal form of its numbers and gives floats,
    so that steps of 0.1 give 0.1, 0.2, 0.3 exactly as written.
    """
    if isinstance(axis, ExplicitAxis):
        return axis.values
    n = axis_len(axis)
    start, _, step = _decimals(axis)
    if all(_is_whole(number) for number in (axis.start, axis.stop_incl, axis.step)):
        return tuple(int(start) + i * int(step) for i in range(n))
    return tuple(float(start + i * step) for i in range(n))


def _is_whole(number: float) -> bool:
    return isinstance(number, int) or number.is_integer()


def _decimals(axis: RangeAxis) -> tuple[Decimal, Decimal, Decimal]:
    return (
        Decimal(repr(axis.start)),
        Decimal(repr(axis.stop_incl)),
        Decimal(repr(axis.step)),
    )
