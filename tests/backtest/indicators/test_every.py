"""What holds of every indicator: it is its twin's equal, meets its golden vectors, looks at no
later bar, and forgets what it computed before. What is special to one stands in its group's file.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator, Param
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle.agreement import assert_meets_golden, assert_same, golden_entries
from tests.oracle.candles import NASTY, candles, prefix, walk, with_standstills
from tests.oracle.decimals import as_floats, rows_of
from tests.oracle.twins import TWINS, exact_output
from tests.oracle.windows import highest, lowest

Settings = Mapping[str, Any]


def average(*windows: int, source: str = "close") -> list[Settings]:
    return [{"source": source, "window": window} for window in windows]


# Usual settings and short ones, of the axes that the primary output depends on.
SETTINGS: dict[str, list[Settings]] = {
    **{f"ma.{name}": average(2, 3, 14, 25, 101) for name in ("sma", "ema", "rma", "wma", "lwma")},
    **{f"ma.{name}": average(2, 3, 14, 25, 101) for name in ("dema", "tema", "hma", "zlema")},
    "ma.vwma": [{"window": window} for window in (2, 3, 14, 25, 101)],
    **{
        f"cross.{name}": [
            {"source": "close", "fast_window": 9, "slow_window": 21},
            {"source": "hlc3", "fast_window": 2, "slow_window": 101},
        ]
        for name in ("ema", "rma", "sma")
    },
    "volatility.tr": [{}],
    "volatility.atr": [{"window": 14}, {"window": 2}],
    "volatility.variance": [*average(20), *average(2, source="hlc3")],
    "volatility.stddev": [*average(20), *average(3, source="low")],
    "volatility.hv": [
        {"annualization": 365, "source": "close", "window": 20},
        {"annualization": 252, "source": "open", "window": 2},
    ],
    "volatility.bbands": [*average(20), *average(5, source="ohlc4")],
    "volatility.bbands_bandwidth": [
        {"mult": 2.0, "source": "close", "window": 20},
        {"mult": 0.1, "source": "high", "window": 2},
    ],
    "volatility.bbands_percent_b": [
        {"mult": 2.0, "source": "close", "window": 20},
        {"mult": 0.1, "source": "high", "window": 2},
    ],
    "momentum.cci": [{"window": 14}, {"window": 3}],
    "momentum.fisher": [{"window": 14}, {"window": 2}],
    "momentum.macd": [
        {"source": "close", "fast_window": 12, "slow_window": 26},
        {"source": "open", "fast_window": 9, "slow_window": 2},
    ],
    "momentum.ppo": [
        {"source": "close", "fast_window": 12, "slow_window": 26},
        {"source": "ohlc4", "fast_window": 9, "slow_window": 2},
    ],
    "momentum.roc": [*average(14), *average(2, source="low")],
    "momentum.rsi": [*average(14), *average(3, source="hlc3")],
    "momentum.stoch": [{"k_window": 14, "smoothing": 3}, {"k_window": 3, "smoothing": 2}],
    "momentum.stoch_rsi": [{"source": "close", "rsi_window": 9, "k_window": 6, "smoothing": 3}],
    "momentum.trix": [*average(15), *average(2, source="high")],
    "momentum.williams_r": [{"window": 14}, {"window": 2}],
    "trend.adx": [{"window": 20, "smoothing": 14}, {"window": 3, "smoothing": 2}],
    "trend.aroon": [{"window": 20}, {"window": 2}],
    "trend.chandelier_exit": [{"window": 20, "mult": 2.0}, {"window": 3, "mult": 0.13}],
    "trend.donchian": [{"window": 20}, {"window": 2}],
    "trend.ichimoku": [
        {"conversion_window": 9, "base_window": 26, "displacement": 26},
        {"conversion_window": 4, "base_window": 3, "displacement": 2},
    ],
    "trend.keltner": [{"window": 20}, {"window": 2}],
    "trend.linreg_slope": [
        *average(20),
        *average(3, source="hlc3"),
        *average(2, source="low"),
    ],
    "trend.psar": [
        {"accel_start": 0.02, "accel_step": 0.02, "accel_max": 0.2},
        {"accel_start": 0.3, "accel_step": 0.5, "accel_max": 1.3},
    ],
    "trend.supertrend": [{"window": 20, "mult": 2.0}, {"window": 3, "mult": 0.4}],
    "trend.vortex": [{"window": 20}, {"window": 2}],
    "volume.ad_line": [{}],
    "volume.cmf": [{"window": 20}, {"window": 2}],
    "volume.obv": [{}],
    "volume.mfi": [{"window": 20}, {"window": 2}],
    "volume.volume_sma": [{"window": 20}, {"window": 3}],
    "volume.vwap": [{"window": 20}, {"window": 2}],
    "volume.vwap_deviation": [{"window": 20, "mult": 2.0}, {"window": 3, "mult": 0.75}],
    "structure.candle_stats": [{}],
    "structure.candle_stats_atr_norm": [{"atr_window": 14}, {"atr_window": 2}],
    "structure.distance_to_ma_norm": [*average(20), *average(3, source="low")],
    "structure.percent_rank": [
        *average(20),
        *average(2, source="hlc3"),
        *average(7, source="high"),
    ],
    "structure.pivots": [{"left": 5, "right": 5}],
    "structure.pivot_high": [{"left": 2, "right": 7}],
    "structure.pivot_low": [{"left": 2, "right": 7}, {"left": 6, "right": 2}],
    "structure.zscore": [*average(20), *average(2, source="ohlc4")],
}


def one(series: Series, chosen: Settings) -> float:
    return 1.0


def price(series: Series, chosen: Settings) -> float:
    return float(np.abs(series["high"]).max())


def spread(series: Series, chosen: Settings) -> float:
    return float(series["high"].max() - series["low"].min())


def traded(series: Series, chosen: Settings) -> float:
    return float(series["volume"].sum())


def width(series: Series, chosen: Settings) -> float:
    return 1 / chosen["mult"]


class Tolerance(NamedTuple):
    """`atol` counts in what `of` gives: some roundings of a number of that size."""

    atol: float = 0.0
    of: Callable[[Series, Settings], float] = one
    rtol: float = 1e-12


# What is not here does the same operations as its twin, or its numbers are never near 0.
TOLERANCES = {
    # Averages of averages subtract prices, which leaves some roundings of the largest price.
    **{key: Tolerance(1e-14, price) for key in SETTINGS if key.startswith("ma.")},
    **{key: Tolerance(1e-13, price) for key in SETTINGS if key.startswith("cross.")},
    # A whole number of ticks times the rounded size of a tick.
    "volatility.tr": Tolerance(rtol=4e-16),
    "volatility.atr": Tolerance(rtol=1e-13),
    "volatility.bbands": Tolerance(rtol=1e-13),
    # Some hundred roundings, times what the variance magnifies.
    "volatility.variance": Tolerance(rtol=1e-11),
    "volatility.stddev": Tolerance(rtol=1e-11),
    "volatility.hv": Tolerance(rtol=1e-8),
    "volatility.bbands_bandwidth": Tolerance(rtol=1e-11),
    # The place between the bands is a difference; at the lower band its scale is 1.
    "volatility.bbands_percent_b": Tolerance(1e-11, width, rtol=1e-11),
    "momentum.rsi": Tolerance(1e-9),
    "momentum.stoch": Tolerance(1e-9),
    "momentum.williams_r": Tolerance(1e-9),
    "momentum.cci": Tolerance(1e-8),
    "momentum.macd": Tolerance(1e-13, price),
    "momentum.ppo": Tolerance(1e-11),
    "momentum.fisher": Tolerance(1e-12),
    "trend.adx": Tolerance(1e-9),
    "trend.aroon": Tolerance(1e-12),
    "trend.chandelier_exit": Tolerance(1e-13, price),
    "trend.linreg_slope": Tolerance(1e-13, spread),
    # A running sum that returns to almost nothing keeps the roundings of what it has seen.
    "volume.ad_line": Tolerance(1e-15, traded),
    "volume.obv": Tolerance(1e-15, traded),
    "volume.cmf": Tolerance(1e-12),
    "volume.mfi": Tolerance(1e-9),
    "structure.zscore": Tolerance(1e-11),
}
CASES = [
    pytest.param(INDICATORS[key], chosen, id=f"{key} {list(chosen.values())}")
    for key, many in SETTINGS.items()
    for chosen in many
]


def twin_of(row: Indicator, series: Series, chosen: Settings) -> FloatArray:
    return as_floats(exact_output(row, rows_of(series), **chosen))


def assert_matches_twin(row: Indicator, series: Series, chosen: Settings) -> None:
    ours, theirs = row.compute(series, **chosen), twin_of(row, series, chosen)
    if row.id == "momentum.stoch_rsi":
        assert_same_but_where_digits_decide(series, chosen, ours, theirs)
        return
    tolerance = TOLERANCES.get(row.id, Tolerance())
    atol = tolerance.atol * tolerance.of(series, chosen)
    assert_same(ours, theirs, atol=atol, rtol=tolerance.rtol)


def assert_same_but_where_digits_decide(
    series: Series, chosen: Settings, ours: FloatArray, theirs: FloatArray
) -> None:
    """Where the RSI range is small but not a standstill, its last digits decide: only bounds."""
    known = {"source": chosen["source"], "window": chosen["rsi_window"]}
    strength = twin_of(INDICATORS["momentum.rsi"], series, known).tolist()
    tops, bottoms = (np.array(f(strength, chosen["k_window"])) for f in (highest, lowest))
    small = (tops - bottoms > 1e-11) & (tops - bottoms < 1e-4)
    is_delicate = np.convolve(small, np.ones(chosen["smoothing"]))[: len(series)] > 0

    assert np.all((ours >= -1e-9) & (ours <= 100 + 1e-9) | np.isnan(ours))
    assert_same(ours[~is_delicate], theirs[~is_delicate], atol=1e-6)


def test_the_table_has_every_indicator() -> None:
    assert SETTINGS.keys() == INDICATORS.keys()
    for key, many in SETTINGS.items():
        assert all(chosen.keys() == set(INDICATORS[key].primary_axes) for chosen in many)


@pytest.mark.parametrize("series", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize(("row", "chosen"), CASES)
def test_matches_its_twin_on_nasty_candles(
    row: Indicator, chosen: Settings, series: Series
) -> None:
    assert_matches_twin(row, series, chosen)


def drawn_value(row: Indicator, axis: str) -> st.SearchStrategy[Any]:
    if axis == "source":
        return st.sampled_from(row.sources)
    param: Param = row.param(axis)
    if param.kind == "int":
        return st.integers(2, 15)
    return st.integers(0, 400).map(lambda steps: round(param.hard_min + steps * param.step, 6))


@st.composite
def drawn_settings(draw: st.DrawFn, row: Indicator) -> dict[str, Any]:
    chosen = {axis: draw(drawn_value(row, axis)) for axis in row.primary_axes}
    for smaller, larger in row.constraints:
        chosen[larger] = max(chosen[smaller], chosen[larger])
    return chosen


@pytest.mark.parametrize("group", TWINS)
@given(series=candles(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_matches_its_twin_on_drawn_candles(group: str, series: Series, data: st.DataObject) -> None:
    for row in INDICATORS.values():
        if row.group == group:
            assert_matches_twin(row, series, data.draw(drawn_settings(row), label=row.id))


@pytest.mark.parametrize("entry", golden_entries(), ids=lambda entry: entry["key"])
def test_meets_the_golden_vector(entry: dict[str, Any]) -> None:
    assert_meets_golden(entry)


@pytest.mark.parametrize(("row", "chosen"), CASES)
def test_more_bars_never_change_earlier_values(row: Indicator, chosen: Settings) -> None:
    series = with_standstills(1_300, [range(100, 130), range(600, 640)])
    whole = row.compute(series, **chosen)

    for n_bars in (1, 2, 13, 14, 15, 19, 20, 21, 28, 40, 63, 103, 157, 400, 1_040, 1_200):
        part = row.compute(prefix(series, n_bars), **chosen)
        np.testing.assert_array_equal(part, whole[:n_bars])


def test_results_are_the_same_when_asked_again() -> None:
    series = walk(200)

    for key, many in SETTINGS.items():
        for chosen in many:
            first = INDICATORS[key].compute(series, **chosen).copy()
            np.testing.assert_array_equal(INDICATORS[key].compute(series, **chosen), first)
