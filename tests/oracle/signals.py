"""The eight signal rules, one bar at a time."""

import math
from collections.abc import Mapping

import numpy as np

from backtest.axes import Scalar
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator, Rule, RuleFamily
from backtest.indicators.series import Series
from backtest.types import SignalArray

Number = float | np.floating


def signal_of(
    indicator: Indicator,
    series: Series,
    setting: Mapping[str, Scalar],
    rule_setting: Mapping[str, Scalar],
) -> SignalArray:
    """1 long, -1 short, 0 neutral at every bar of the series, warm-up included."""
    rule = indicator.rule
    assert rule is not None
    chosen = {name: value for name, value in setting.items() if name in indicator.primary_axes}
    read = [INDICATORS[name] for name in rule.reads] or [indicator]
    outputs = [row.compute(series, **chosen) for row in read]
    price = price_name(rule, setting)
    signal = np.zeros(len(series), np.int8)
    for t in range(len(series)):
        values = [float(output[t]) for output in outputs]
        if rule.family is RuleFamily.DELTA_SIGN:
            long, short = delta_sides(outputs[0], t, rule_setting, on_sum=rule.on_sum)
        else:
            candle = {name: float(series[name][t]) for name in ("open", "close", price)}
            long, short = sides(rule, values, candle, price, rule_setting)
        signal[t] = 0 if long and short else int(long) - int(short)
    return signal


def price_name(rule: Rule, setting: Mapping[str, Scalar]) -> str:
    if rule.price == "source":
        return str(setting.get("source", "close"))
    return rule.price


def sides(
    rule: Rule,
    values: list[float],
    candle: Mapping[str, float],
    price: str,
    setting: Mapping[str, Scalar],
) -> tuple[bool, bool]:
    """Whether a bar is long and whether it is short, each for itself."""
    y = values[0]
    family = rule.family
    if family in {RuleFamily.COMPARE_PRICE, RuleFamily.COMPARE_VOLUME}:
        long, short = above(candle[price], y), above(y, candle[price])
        return (short, long) if rule.invert else (long, short)
    if family is RuleFamily.THRESHOLD_BAND:
        low, high = float(setting["long_threshold"]), float(setting["short_threshold"])
        if low <= high:
            return at_least(low, y), at_least(y, high)
        return at_least(y, low), at_least(high, y)
    if family is RuleFamily.THRESHOLD_CENTERED:
        distance = float(setting["abs_threshold"])
        return above(y, 1 + distance), above(1 - distance, y)
    if family is RuleFamily.SIGN:
        return above(y, 0.0), above(0.0, y)
    if family is RuleFamily.CANDLE_BODY:
        is_large = at_least(y, float(next(iter(setting.values()))))
        rises = above(candle["close"], candle["open"])
        falls = above(candle["open"], candle["close"])
        return is_large and rises, is_large and falls
    assert family is RuleFamily.PIVOT_EVENTS
    return math.isfinite(values[0]), math.isfinite(values[1])


def delta_sides(
    output: np.ndarray, t: int, setting: Mapping[str, Scalar], *, on_sum: bool
) -> tuple[bool, bool]:
    longs, shorts = (abs(int(setting[f"{side}_delta_periods"])) for side in ("long", "short"))

    def more(left: Number, right: Number, n_bars: int) -> bool:
        return grown(float(left), float(right), n_bars) if on_sum else above(left, right)

    rises = t >= longs and more(output[t], output[t - longs], longs)
    falls = t >= shorts and more(output[t - shorts], output[t], shorts)
    return rises, falls


def grown(left: float, right: float, n_bars: int) -> bool:
    """More than rounding can make of as many additions."""
    least = n_bars * 2.0**-53 * max(abs(left), abs(right))
    return math.isfinite(left) and math.isfinite(right) and left - right > least


def above(left: Number, right: Number) -> bool:
    """Strictly above, both rounded to float32 and finite."""
    a, b = narrowed(left), narrowed(right)
    return math.isfinite(a) and math.isfinite(b) and a > b


def at_least(left: Number, right: Number) -> bool:
    a, b = narrowed(left), narrowed(right)
    return math.isfinite(a) and math.isfinite(b) and a >= b


def narrowed(value: Number) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(value))
