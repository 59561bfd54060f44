"""Candles as the decimals that they mean, and arithmetic with a hundred digits on plain lists.

The indicators' twins reckon with these. A difference beyond the eightieth digit is rounding, and
nothing that an indicator tells apart is so small: values that differ by less are equal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import reduce
from operator import add
from typing import ParamSpec, TypeVar

import numpy as np

from backtest.indicators.series import MEANS, Series
from backtest.types import FloatArray

P = ParamSpec("P")
R = TypeVar("R")
Numbers = list[Decimal]

NAN = Decimal("NaN")
ZERO = Decimal(0)
# Without traps a comparison with NaN is false.
HUNDRED_DIGITS = Context(prec=100, traps=[])
NOTHING = Decimal("1e-80")
DIGITS = 12
WRITTEN = Decimal(2) ** -51
TOUCH = Decimal(2) ** -48
LOT = Decimal("1e-8")
SUMMED = Decimal(2) ** -40
LEAST_DOUBT = LOT / 10


@dataclass(frozen=True)
class Rows:
    """Candle series and sources by name."""

    named: dict[str, Numbers]
    unit: Decimal | None

    def __getitem__(self, name: str) -> Numbers:
        return self.named[name]

    def __len__(self) -> int:
        return len(self.named["close"])


def in_decimals(function: Callable[P, R]) -> Callable[P, R]:
    """Run with a hundred digits."""

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(HUNDRED_DIGITS):
            return function(*args, **kwargs)

    return run


@in_decimals
def rows_of(series: Series) -> Rows:
    """What docs/ties.md says that candles mean, and the sources made of it."""
    prices = {name: series[name].tolist() for name in ("open", "high", "low", "close")}
    unit = unit_of({name: values[0] for name, values in prices.items()})
    named = {name: [price(value, unit) for value in values] for name, values in prices.items()}
    for name, parts in MEANS.items():
        # what is no decimal is added up in float64
        columns = [(named if unit is not None else prices)[part] for part in parts]
        sums = (reduce(add, values) for values in zip(*columns, strict=True))
        named[name] = [Decimal(total) / len(parts) for total in sums]
    named["volume"] = [volume(value) for value in series["volume"].tolist()]
    return Rows(named, unit)


def unit_of(first: dict[str, float]) -> Decimal | None:
    """The unit in which the first close has twelve digits; None if the first bar has others."""
    unit = Decimal(10) ** -max(0, DIGITS - 1 - number(first["close"]).adjusted())
    return unit if all(is_whole(value, unit) for value in first.values()) else None


def in_whole(value: float, unit: Decimal) -> Decimal:
    return (Decimal(value) / unit).to_integral_value() * unit


def is_whole(value: float, unit: Decimal) -> bool:
    whole = in_whole(value, unit)
    return abs(Decimal(value) - whole) <= abs(whole) * WRITTEN


def price(value: float, unit: Decimal | None) -> Decimal:
    """A whole number of units where it is one up to a few roundings, else what the bits say."""
    if unit is None or not is_whole(value, unit):
        return Decimal(value)
    return in_whole(value, unit)


def volume(value: float) -> Decimal:
    """A number of lots where it is one up to the roundings of a sum, else what the bits say."""
    exact = Decimal(value)
    lots = (exact / LOT).to_integral_value() * LOT
    doubt = min(abs(lots) * SUMMED, LEAST_DOUBT)
    return lots if abs(exact - lots) <= doubt else exact


def number(value: float) -> Decimal:
    """A parameter: the decimal that it is written as."""
    return Decimal(repr(value))


@in_decimals
def as_floats(values: Numbers) -> FloatArray:
    """The float64 next to each value; rounding of a hundred digits is none."""
    return np.array([float(value if abs(value) > NOTHING else value * 0) for value in values])


def is_above(left: Decimal, right: Decimal) -> bool:
    """`left > right`, beyond rounding."""
    return left - right > NOTHING * max(abs(left), abs(right))


def crosses(left: Decimal, right: Decimal, rows: Rows) -> bool:
    """`is_above`; prices without ticks touch where they are as near as the page says."""
    return is_above(left, right) and (
        rows.unit is not None or left - right > TOUCH * max(abs(left), abs(right))
    )


def windows(x: Numbers, window: int) -> list[Numbers]:
    """The last `window` values at every bar; an empty list while there are fewer, or with a NaN."""
    parts = [x[t - window + 1 : t + 1] if t >= window - 1 else [] for t in range(len(x))]
    return [[] if any(value.is_nan() for value in part) else part for part in parts]


def smoothed(x: Numbers, alpha: Decimal) -> Numbers:
    """Exponential smoothing that starts on the first value and again after every NaN."""
    out: Numbers = []
    for t, value in enumerate(x):
        is_seed = t == 0 or out[t - 1].is_nan() or value.is_nan()
        out.append(value if is_seed else alpha * value + (1 - alpha) * out[t - 1])
    return out


def ema(x: Numbers, window: int) -> Numbers:
    return smoothed(x, Decimal(2) / (window + 1))


def rma(x: Numbers, window: int) -> Numbers:
    return smoothed(x, Decimal(1) / window)


def mean(part: Sequence[Decimal]) -> Decimal:
    return sum(part, ZERO) / len(part) if part else NAN


def rolling_mean(x: Numbers, window: int) -> Numbers:
    return [mean(part) for part in windows(x, window)]


def weighted_mean(x: Numbers, window: int) -> Numbers:
    weights = range(1, window + 1)
    return [
        sum((n * v for n, v in zip(weights, part, strict=True)), ZERO) / sum(weights)
        if part
        else NAN
        for part in windows(x, window)
    ]


def rolling_variance(x: Numbers, window: int) -> Numbers:
    out: Numbers = []
    for part in windows(x, window):
        # from the newest value: thirds that are equal are then apart by exactly nothing
        apart = [value - part[-1] for value in part]
        out.append(mean([(value - mean(apart)) ** 2 for value in apart]))
    return out


def rolling_deviation(x: Numbers, window: int) -> Numbers:
    return [value.sqrt() for value in rolling_variance(x, window)]


def rolling_offset(x: Numbers, window: int) -> Numbers:
    return [-mean([value - part[-1] for value in part]) for part in windows(x, window)]


def highest(x: Numbers, window: int) -> Numbers:
    return [max(part) if part else NAN for part in windows(x, window)]


def lowest(x: Numbers, window: int) -> Numbers:
    return [min(part) if part else NAN for part in windows(x, window)]


def quotient(numerator: Decimal, denominator: Decimal) -> Decimal:
    return numerator / denominator if abs(denominator) > NOTHING * abs(numerator) else NAN


def quotients(numerators: Numbers, denominators: Numbers) -> Numbers:
    return [quotient(a, b) for a, b in zip(numerators, denominators, strict=True)]


def true_ranges(rows: Rows) -> Numbers:
    h, low, c = rows["high"], rows["low"], rows["close"]
    later = [
        max(h[t] - low[t], abs(h[t] - c[t - 1]), abs(low[t] - c[t - 1])) for t in range(1, len(h))
    ]
    return [h[0] - low[0], *later]


def atr(rows: Rows, window: int) -> Numbers:
    return rma(true_ranges(rows), window)
