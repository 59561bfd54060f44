"""Which conditions a rule asks for, over all settings of its parameters.

Many settings share a condition: a grid of m long and n short thresholds has m·n settings but only
some 2·(m + n) different comparisons. A plan lists the distinct ones and numbers them.

See: docs/signals.md
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from backtest.axes import Scalar
from backtest.indicators.definition import Rule, RuleFamily
from backtest.types import IntArray

AxisValues = tuple[str, tuple[Scalar, ...]]


class ComparisonKind(IntEnum):
    """What a bar is held against; level comparisons come first, as `bits` numbers them."""

    ABOVE_LEVEL = 0
    AT_LEAST_LEVEL = 1
    BELOW_LEVEL = 2
    AT_MOST_LEVEL = 3
    PRICE_ABOVE = 4
    PRICE_BELOW = 5
    RISEN = 6
    FALLEN = 7
    BODY_UP = 8
    BODY_DOWN = 9
    FIRST_IS_FINITE = 10
    SECOND_IS_FINITE = 11


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `number` is the level, or the distance in bars."""

    comparison: ComparisonKind
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class RulePlan:
    """Distinct conditions of a rule, and which two of them make each setting.

    `longs` and `shorts` are shape (n_settings,) int64, positions in `conditions`.

    See: docs/signals.md
    """

    rule: Rule
    conditions: tuple[Condition, ...]
    longs: IntArray
    shorts: IntArray

    def __len__(self) -> int:
        return len(self.longs)


def plan_rule(rule: Rule, axes: Sequence[AxisValues]) -> RulePlan:
    """The plan of a rule over the product of its parameters' axes, the last axis fastest.

    Args:
        rule: The rule.
        axes: Its parameters with their values, sorted by name.

    See: docs/signals.md
    """
    values = dict(axes)
    sizes = [len(numbers) for _, numbers in axes]
    digits = np.indices(sizes).reshape(len(sizes), math.prod(sizes))
    places = dict(zip(values, digits, strict=True))
    match rule.family:
        case RuleFamily.THRESHOLD_BAND:
            return _plan_band(rule, values, places)
        case RuleFamily.DELTA_SIGN:
            rises = [_moved(ComparisonKind.RISEN, n) for n in values["long_delta_periods"]]
            falls = [_moved(ComparisonKind.FALLEN, n) for n in values["short_delta_periods"]]
            return RulePlan(
                rule,
                (*rises, *falls),
                places["long_delta_periods"],
                places["short_delta_periods"] + len(rises),
            )
        case _:
            sides = [_two_sides(rule, _only(values, place)) for place in range(math.prod(sizes))]
            each = np.arange(len(sides)) * 2
            return RulePlan(rule, tuple(side for pair in sides for side in pair), each, each + 1)


def _plan_band(
    rule: Rule, values: dict[str, tuple[Scalar, ...]], places: dict[str, IntArray]
) -> RulePlan:
    """Which of the two thresholds is larger decides the regime (docs/signals.md)."""
    longs, shorts = (
        np.array([float(value) for value in values[name]])
        for name in ("long_threshold", "short_threshold")
    )
    long, short = places["long_threshold"], places["short_threshold"]
    reverts = longs[long] <= shorts[short]
    conditions = [
        Condition(comparison, level)
        for levels, pair in (
            (longs, (ComparisonKind.AT_MOST_LEVEL, ComparisonKind.AT_LEAST_LEVEL)),
            (shorts, (ComparisonKind.AT_LEAST_LEVEL, ComparisonKind.AT_MOST_LEVEL)),
        )
        for level in levels.tolist()
        for comparison in pair
    ]
    follows = (~reverts).astype(np.int64)
    return RulePlan(
        rule, tuple(conditions), 2 * long + follows, 2 * len(longs) + 2 * short + follows
    )


def _moved(comparison: ComparisonKind, periods: Scalar) -> Condition:
    return Condition(comparison, abs(int(periods)))


def _only(values: dict[str, tuple[Scalar, ...]], place: int) -> float | None:
    """The value of the one parameter, if the rule has one."""
    for numbers in values.values():
        return float(numbers[place])
    return None


def _two_sides(rule: Rule, number: float | None) -> tuple[Condition, Condition]:
    """Long and short condition of the families with at most one parameter."""
    match rule.family:
        case RuleFamily.COMPARE_PRICE | RuleFamily.COMPARE_VOLUME:
            above, below = (
                Condition(ComparisonKind.PRICE_ABOVE),
                Condition(ComparisonKind.PRICE_BELOW),
            )
            return (below, above) if rule.invert else (above, below)
        case RuleFamily.THRESHOLD_CENTERED:
            assert number is not None
            return (
                Condition(ComparisonKind.ABOVE_LEVEL, 1.0 + number),
                Condition(ComparisonKind.BELOW_LEVEL, 1.0 - number),
            )
        case RuleFamily.SIGN:
            return Condition(ComparisonKind.ABOVE_LEVEL), Condition(ComparisonKind.BELOW_LEVEL)
        case RuleFamily.CANDLE_BODY:
            assert number is not None
            return Condition(ComparisonKind.BODY_UP, number), Condition(
                ComparisonKind.BODY_DOWN, number
            )
        case _:
            return Condition(ComparisonKind.FIRST_IS_FINITE), Condition(
                ComparisonKind.SECOND_IS_FINITE
            )
