from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.axes import Scalar
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator, RuleFamily
from backtest.indicators.series import SOURCES, Series
from backtest.types import FloatArray, SignalArray
from tests.backtest.signals.reading import signals_of
from tests.oracle.candles import candles, series_of, walk
from tests.oracle.signals import signal_of

Axes = dict[str, tuple[Scalar, ...]]

LEVELS = (30, 50, 50.000000001, 70, 0.1, -1e9)
PERIODS = (-1, 1, -3, 7, -64, -65, 2000)

# One indicator of each family and shape, with axes that reach every branch of its rule.
RULES: dict[str, Axes] = {
    "ma.sma": {},
    "trend.donchian": {},
    "volume.vwap_deviation": {},
    "volume.volume_sma": {},
    "momentum.rsi": {"long_threshold": LEVELS, "short_threshold": LEVELS},
    "trend.vortex": {"abs_threshold": (0.0, 0.05, 49.0, -0.1)},
    "momentum.macd": {},
    "trend.adx": {"long_delta_periods": PERIODS, "short_delta_periods": PERIODS},
    "volume.obv": {"long_delta_periods": PERIODS, "short_delta_periods": PERIODS},
    "structure.candle_stats": {"min_body_pct": (0.0, 0.1, 0.5)},
    "structure.candle_stats_atr_norm": {"min_body_atr": (0.0, 50.0)},
    "structure.pivots": {},
}
ODD = (np.nan, np.inf, -np.inf, 1e39, -1e39, 1e-46, -1e-46, 0.0, -0.0, 0.1, np.float32(0.1))
EDGES = np.array([*ODD, 0.95, 1.0, 1.05, 30, 50, 50 + 2e-6, 50 + 1e-12, 70])


def by_twin(
    indicator: Indicator,
    series: Series,
    outputs: Sequence[FloatArray],
    chosen: Mapping[str, Scalar],
    *,
    source: str = "close",
) -> SignalArray:
    """The twin over given outputs in place of computed ones."""
    rule = indicator.rule
    assert rule is not None
    if rule.family is RuleFamily.PIVOT_EVENTS:
        with np.errstate(over="ignore"):
            finite = [np.isfinite(output.astype(np.float32)) for output in outputs]
        return finite[0].astype(np.int8) - finite[1].astype(np.int8)
    stand_in = replace(indicator, compute=lambda _, **__: outputs[0])
    return signal_of(stand_in, series, {"source": source}, chosen)


def assert_matches_twin(
    indicator: Indicator,
    series: Series,
    outputs: Sequence[FloatArray],
    target: tuple[int, int],
    source: str = "close",
) -> None:
    assert indicator.rule is not None
    of_variant = source if "source" in indicator.axes else None
    axes = RULES[indicator.id]
    for chosen, signal in signals_of(
        indicator.rule, series, tuple(outputs), target, axes, of_variant
    ):
        theirs = by_twin(indicator, series, outputs, chosen, source=source)
        np.testing.assert_array_equal(signal, theirs[slice(*target)], err_msg=str(chosen))


def test_every_family_is_among_the_examples() -> None:
    families = {INDICATORS[name].rule.family for name in RULES}  # pyright: ignore[reportOptionalMemberAccess]

    assert families == set(RuleFamily)


@pytest.mark.parametrize("name", RULES)
@given(seed=st.integers(0, 2**32), series=candles(max_bars=90), source=st.sampled_from(SOURCES))
@settings(max_examples=15, deadline=None)
def test_rule_matches_its_twin_on_drawn_outputs(
    name: str, seed: int, series: Series, source: str
) -> None:
    random = np.random.default_rng(seed)
    n_bars = len(series)
    likely = np.concatenate((EDGES, series[source], series["volume"]))
    outputs = [random.choice(likely, n_bars), random.choice(likely, n_bars)]
    start = int(random.integers(0, n_bars))
    stop = int(random.integers(start + 1, n_bars + 1))

    assert_matches_twin(INDICATORS[name], series, outputs, (start, stop), source)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("target", [(0, 400), (63, 64), (64, 128), (65, 399), (1, 130)])
def test_rule_matches_its_twin_across_words(name: str, target: tuple[int, int]) -> None:
    series = walk(400, scale=0.5)
    random = np.random.default_rng(3)
    outputs = [series["close"] + np.round(random.normal(0, 2, 400)), random.normal(50, 30, 400)]
    outputs[0][random.integers(0, 400, 40)] = np.nan
    outputs[1][:17] = np.nan

    assert_matches_twin(INDICATORS[name], series, outputs, target)
    assert_matches_twin(INDICATORS[name], series, outputs[::-1], target)


def told(
    name: str, output: list[float], *, close: list[float] | None = None, **axes: tuple[Scalar, ...]
) -> list[list[int]]:
    """Signals over a whole short series, one list per setting."""
    rule = INDICATORS[name].rule
    assert rule is not None
    series = series_of(close or [1.0] * len(output))
    whole = (0, len(output))
    return [
        signal.tolist() for _, signal in signals_of(rule, series, (np.array(output),), whole, axes)
    ]


def test_numbers_that_round_to_the_same_float32_are_equal() -> None:
    output = [60_000.01, float(np.nextafter(60_000.01, 0)), 60_000.0]

    assert told("trend.donchian", output, close=[60_000.01] * 3) == [[0, 0, 1]]


def test_order_of_thresholds_is_decided_before_they_are_rounded() -> None:
    output, barely_more = [40.0, 50.0, 60.0], 50.000000001

    trend = told("momentum.rsi", output, long_threshold=(barely_more,), short_threshold=(50.0,))
    reversion = told("momentum.rsi", output, long_threshold=(50.0,), short_threshold=(barely_more,))

    assert trend == [[-1, 0, 1]]
    assert reversion == [[1, 0, -1]]


def test_inverted_comparison_is_long_below() -> None:
    output, close = [10.0, 10.0, 10.0], [9.0, 10.0, 11.0]

    assert told("volume.vwap_deviation", output, close=close) == [[1, 0, -1]]
    assert told("trend.donchian", output, close=close) == [[-1, 0, 1]]


def test_delta_reads_bars_before_the_target_but_none_before_the_series() -> None:
    rule = INDICATORS["trend.adx"].rule
    assert rule is not None
    output = np.array([3.0, 1.0, 2.0, 4.0, 4.0, 0.0])
    axes: Axes = {"long_delta_periods": (-1, -2, 6), "short_delta_periods": (1, -5, 2_000)}

    told = signals_of(rule, series_of(np.ones(6)), (output,), (1, 6), axes)

    by_periods = {tuple(chosen.values()): signal.tolist() for chosen, signal in told}
    assert by_periods[-1, 1] == [-1, 1, 1, 0, -1]
    assert by_periods[-2, 1] == [-1, 0, 1, 1, -1]
    assert by_periods[-2, -5] == [0, 0, 1, 1, -1]
    assert by_periods[6, 1] == [-1, 0, 0, 0, -1]
    assert by_periods[6, 2_000] == [0, 0, 0, 0, 0]


def test_overlapping_sides_are_neutral() -> None:
    assert told("trend.vortex", [0.7, 1.0, 1.3], abs_threshold=(-0.2,)) == [[-1, 0, 1]]
