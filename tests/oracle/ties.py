"""Signals against an arbiter: what a rule says of outputs that are exact and rounded once.

Minute series that are full of ties: prices on a coarse lattice of decimal ticks, flat starts,
outages, bars that span their window, volumes that burst. Where a signal differs, rounding made it.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backtest.axes import Scalar
from backtest.indicators.catalog import INDICATORS, public_indicators
from backtest.indicators.definition import Indicator, RuleFamily
from backtest.indicators.series import Series
from backtest.jit import warm
from backtest.types import FloatArray, SignalArray
from tests.backtest.signals.reading import signals_of
from tests.oracle.candles import series_from
from tests.oracle.decimals import (
    NAN,
    Numbers,
    Rows,
    as_floats,
    in_decimals,
    is_above,
    number,
    rows_of,
)
from tests.oracle.signals import price_name, sides
from tests.oracle.twins import exact_output

Settings = dict[str, Any]
RuleSettings = Mapping[str, tuple[Scalar, ...]]

WINDOWS = (2, 3, 4, 5, 8, 9, 14, 17, 20, 26, 50, 64, 128)
NUMBERS = {
    "mult": (0.5, 1.0, 1.5, 2.0, 2.2, 3.0, 4.0),
    "accel_start": (0.02, 0.05, 0.1),
    "accel_step": (0.02, 0.05, 0.1),
    "accel_max": (0.2, 0.5),
    "annualization": (365,),
}
# Thresholds at which a value can lie exactly.
LEVELS: dict[str, tuple[float, ...]] = {
    "momentum.cci": (-100, 0, 100),
    "momentum.rsi": (30, 50, 70),
    "momentum.stoch": (0, 20, 50, 80, 100),
    "momentum.stoch_rsi": (0, 20, 50, 80, 100),
    "momentum.williams_r": (-100, -80, -50, -20, 0),
    "trend.aroon": (50, 0, -50),
    "volatility.bbands_percent_b": (0.0, 0.5, 1.0),
    "volume.cmf": (0.05, 0.0, -0.05),
    "volume.mfi": (20, 50, 80),
    "structure.distance_to_ma_norm": (-2.0, 0.0, 2.0),
    "structure.percent_rank": (10, 50, 90, 100),
    "structure.zscore": (-2.0, -1.0, 0.0, 1.0, 2.0),
}
PERIODS = (-1, -2, 3, -10)
RULE_AXES: dict[str, tuple[Scalar, ...]] = {
    "long_delta_periods": PERIODS,
    "short_delta_periods": PERIODS,
    "min_body_pct": (0.0, 0.1, 0.25, 0.5, 1.0),
    "min_body_atr": (0.0, 0.5, 1.0, 2.0),
    "abs_threshold": (0.0, 0.05, 0.1),
}
# Above, returns of equal steps differ by less than float64 can tell (docs/ties.md).
MOST_TICKS_OF_RETURNS = 10_000_000
TICKS = ("1e-8", "1e-6", "1e-5", "0.0001", "0.001", "0.01", "0.05", "0.1", "0.5", "1")


@dataclass(frozen=True)
class Market:
    """Minutes on a lattice of ticks."""

    name: str
    series: Series

    @cached_property
    def rows(self) -> Rows:
        """The same as decimals."""
        return rows_of(self.series)


def market(seed: int, n_bars: int, tick: str, ticks: int, jump: int = 3) -> Market:
    """A walk of a few ticks a minute about a price of so many `ticks`.

    It starts flat, has an outage and stretches without a move, bars as long as their window, bars
    whose moves up and down are equal, and a burst of volume.
    """
    dice = np.random.default_rng(seed)
    close = ticks + np.cumsum(dice.integers(-jump, jump + 1, n_bars))
    close[: n_bars // 8] = ticks
    open_ = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(open_, close) + dice.integers(0, jump + 1, n_bars)
    low = np.minimum(open_, close) - dice.integers(0, jump + 1, n_bars)
    volume = dice.integers(0, 40, n_bars).astype(np.int64)
    _widen(dice, high, low, close, open_)
    _stand_still(dice, open_, high, low, close, volume)
    volume[n_bars // 5] = 3 * 10**9
    lot = str(dice.choice(["0.1", "0.001", "1", "1e-8"]))
    columns = {"open": open_, "high": high, "low": low, "close": close}
    named = {name: in_units(column, tick) for name, column in columns.items()}
    named["volume"] = in_units(volume, lot)
    return Market(f"{ticks} ticks of {tick}, seed {seed}", series_from(named))


def _widen(dice: np.random.Generator, high: Any, low: Any, close: Any, open_: Any) -> None:
    """Bars that span their window, and some that reach as far up as down from the bar before."""
    n_bars = len(high)
    for at in dice.integers(n_bars // 8, n_bars, n_bars // 20):
        start = max(0, at - 20)
        high[at], low[at] = high[start : at + 1].max() + 2, low[start : at + 1].min() - 2
        open_[at] = close[at]
    for at in dice.integers(n_bars // 8, n_bars, n_bars // 12):
        reach = int(dice.integers(1, 5))
        high[at], low[at] = high[at - 1] + reach, low[at - 1] - reach
        close[at] = min(max(close[at], low[at]), high[at])
        open_[at] = min(max(open_[at], low[at]), high[at])


def _stand_still(
    dice: np.random.Generator, open_: Any, high: Any, low: Any, close: Any, volume: Any
) -> None:
    """The flat start, an outage of two hours or what fits, and some short ones."""
    n_bars = len(close)
    outage = (n_bars // 2, n_bars // 2 + min(120, n_bars // 4))
    spans = [(0, n_bars // 8), outage]
    spans += [
        (int(at), int(at + dice.integers(2, 9))) for at in dice.integers(n_bars // 8, n_bars - 9, 6)
    ]
    for start, stop in spans:
        before = close[max(start - 1, 0)]
        for column in (open_, high, low, close):
            column[start:stop] = before
        volume[start:stop] = 0


def in_units(counts: Any, unit: str) -> FloatArray:
    """Each decimal read as a file of candles would be."""
    mantissa, _, exponent = f"{float(unit):.0e}".partition("e")
    return np.array([float(f"{int(count) * int(mantissa)}e{exponent}") for count in counts])


@dataclass(frozen=True)
class Difference:
    """A signal that is not the arbiter's."""

    market: str
    indicator_id: str
    setting: Settings
    rule_setting: Mapping[str, Scalar]
    n_bars: int
    bar: int
    ours: int
    right: int


def differences(
    market: Market, indicator_id: str, setting: Settings, axes: RuleSettings
) -> Iterator[Difference]:
    """Where our signals and the arbiter's part, at most one report for each rule setting."""
    row = INDICATORS[indicator_id]
    assert row.rule is not None
    read = [INDICATORS[name] for name in row.rule.reads] or [row]
    outputs = tuple(reader.compute(market.series, **setting) for reader in read)
    exact = [exact_output(reader, market.rows, **setting) for reader in read]
    source = str(setting["source"]) if "source" in setting else None
    whole = (0, len(market.series))
    for chosen, ours in signals_of(row.rule, market.series, outputs, whole, axes, source):
        right = arbitrated(row, market, exact, setting, chosen)
        bars = np.flatnonzero(ours != right)
        if len(bars):
            at = int(bars[0])
            told = (len(bars), at, int(ours[at]), int(right[at]))
            yield Difference(market.name, indicator_id, setting, chosen, *told)


@in_decimals
def arbitrated(
    row: Indicator,
    market: Market,
    exact: list[Numbers],
    setting: Settings,
    chosen: Mapping[str, Scalar],
) -> SignalArray:
    """The rule over exact outputs: a running sum by its differences, all else rounded once."""
    assert row.rule is not None
    outputs = [as_floats(output) for output in exact]
    signal = np.zeros(len(market.series), np.int8)
    name = price_name(row.rule, setting)
    candles = {key: as_floats(market.rows[key]).tolist() for key in {"open", "close", name}}
    for t in range(len(signal)):
        if row.rule.family is RuleFamily.DELTA_SIGN:
            y = exact[0] if row.rule.on_sum else [number(v) for v in outputs[0].tolist()]
            long, short = _moved(y, t, chosen, is_wide=row.rule.on_sum)
        else:
            candle = {key: values[t] for key, values in candles.items()}
            long, short = sides(row.rule, [float(o[t]) for o in outputs], candle, name, chosen)
        signal[t] = 0 if long and short else int(long) - int(short)
    return signal


def setting_of(row: Indicator, dice: np.random.Generator) -> Settings:
    """Some values of the axes that the primary output depends on."""
    chosen: Settings = {}
    for axis in row.primary_axes:
        offered = row.sources if axis == "source" else NUMBERS.get(axis, WINDOWS)
        chosen[axis] = offered[int(dice.integers(len(offered)))]
    for smaller, larger in row.constraints:
        chosen[larger] = max(chosen[smaller], chosen[larger])
    return chosen


def axes_of(row: Indicator) -> RuleSettings:
    """Every rule parameter with the values that are tried."""
    assert row.rule is not None
    levels = LEVELS.get(row.id)
    return {p.name: levels or RULE_AXES[p.name] for p in row.rule.params}


def trial(seed: int, n_bars: int) -> Iterator[Difference]:
    """One market, and every indicator with one setting on it."""
    dice = np.random.default_rng(seed)
    ticks = int(10 ** dice.uniform(1.5, 9.5)) + 200
    tick = TICKS[int(dice.integers(len(TICKS)))]
    jump = int(dice.choice([1, 2, 3, 6, 40]))
    drawn = market(seed, n_bars, tick, max(ticks, 60 * jump * 8), jump)
    for row in public_indicators():
        if row.id == "volatility.hv" and ticks > MOST_TICKS_OF_RETURNS:
            continue
        yield from differences(drawn, row.id, setting_of(row, dice), axes_of(row))


def _moved(y: Numbers, t: int, chosen: Mapping[str, Scalar], *, is_wide: bool) -> tuple[bool, bool]:
    longs, shorts = (abs(int(chosen[f"{side}_delta_periods"])) for side in ("long", "short"))
    read = (lambda value: value) if is_wide else _narrowed
    now = read(y[t])
    rises = t >= longs and is_above(now, read(y[t - longs]))
    falls = t >= shorts and is_above(read(y[t - shorts]), now)
    return rises, falls


def _narrowed(value: Any) -> Any:
    return NAN if value.is_nan() else number(float(np.float32(float(value))))


def main() -> None:
    """Many markets; prints every difference, and ends with status 1 if there is one."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=100)
    parser.add_argument("--bars", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    warm()
    n_differences = 0
    for seed in range(asked.seed, asked.seed + asked.markets):
        for difference in trial(seed, asked.bars):
            n_differences += 1
            print(difference)
    n_compared = asked.markets * len(public_indicators())
    print(f"{n_compared} outputs of {asked.bars} bars, {n_differences} settings differ")
    sys.exit(n_differences > 0)


if __name__ == "__main__":
    main()
