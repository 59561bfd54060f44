from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.indicators import dispersion, extremes, primitives, smoothing, sums
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle import primitives as oracle
from tests.oracle import windows
from tests.oracle.agreement import assert_same
from tests.oracle.candles import NASTY, candles, walk, with_standstills

WINDOWS = [2, 3, 8, 9, 64, 200]
# Rounding errors relative to the result, and for differences relative to the largest value.
ROLLING = {
    "rolling_sum": (oracle.rolling_sum, 1e-13, 0.0),
    "rolling_mean": (oracle.rolling_mean, 1e-13, 0.0),
    "weighted_mean": (oracle.weighted_mean, 1e-13, 0.0),
    "rolling_variance": (oracle.rolling_variance, 1e-11, 0.0),
    "rolling_deviation": (oracle.rolling_deviation, 1e-11, 0.0),
    "rolling_offset": (oracle.rolling_offset, 1e-12, 1e-16),
    "rolling_max": (windows.highest, 0.0, 0.0),
    "rolling_min": (windows.lowest, 0.0, 0.0),
    "bars_since_max": (oracle.bars_since_max, 0.0, 0.0),
    "bars_since_min": (oracle.bars_since_min, 0.0, 0.0),
    "shift": (oracle.shift, 0.0, 0.0),
}
MODULES = (sums, dispersion, extremes, smoothing, primitives)
SMOOTHING = ["smooth", "smooth_by_fours"]
with_holes = st.lists(
    st.one_of(st.just(float("nan")), st.integers(0, 5).map(float), st.floats(0.01, 1e6)),
    min_size=1,
    max_size=50,
)


# Kernels of which some values come in units: how large one is, or how many make a 1.
IN_UNITS = {
    *("rolling_mean", "weighted_mean"),
    *("rolling_variance", "rolling_deviation", "rolling_offset"),
}


def rolled(name: str, x: FloatArray, window: int) -> FloatArray:
    units = [1.0] if name in IN_UNITS else []
    return primitives.rolled(found(name), x, window, *units)


def found(name: str) -> Any:
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


def smoothed(name: str, x: FloatArray, alpha: float) -> FloatArray:
    out = np.empty_like(x)
    found(name)(x, alpha, out)
    return out


def assert_matches_twin(name: str, x: FloatArray, window: int) -> None:
    twin, rtol, of_largest = ROLLING[name]
    largest = np.max(np.abs(x), initial=0.0, where=np.isfinite(x))
    expected = twin(x.tolist(), window)
    assert_same(rolled(name, x, window), expected, rtol=rtol, atol=float(of_largest * largest))


@pytest.mark.parametrize("series", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("name", ROLLING)
def test_rolling_kernel_matches_its_twin(name: str, series: Series) -> None:
    for window in WINDOWS:
        assert_matches_twin(name, series["close"], window)
        assert_matches_twin(name, series["volume"], window)


@pytest.mark.parametrize("name", ROLLING)
@given(values=with_holes, window=st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_rolling_kernel_passes_nan_on_only_from_its_window(
    name: str, values: list[float], window: int
) -> None:
    twin, _, _ = ROLLING[name]

    ours = rolled(name, np.array(values), window)

    np.testing.assert_array_equal(np.isnan(ours), np.isnan(twin(values, window)))
    np.testing.assert_allclose(ours, twin(values, window), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SMOOTHING)
@given(values=with_holes, alpha=st.sampled_from([1 / 2, 2 / 3, 2 / 21, 1 / 14, 1 / 2000]))
@settings(max_examples=100, deadline=None)
def test_smoothing_seeds_with_the_first_value_after_every_hole(
    name: str, values: list[float], alpha: float
) -> None:
    largest = np.nanmax([0.0, *values])
    theirs = windows.smoothed(values, alpha)

    assert_same(smoothed(name, np.array(values), alpha), theirs, atol=1e-14 * largest)


@pytest.mark.parametrize("price", [0.1, 60_000.01, 2.0**24 + 1, 1e-9])
@pytest.mark.parametrize("window", [2, 20, 200, 2_000])
def test_smoothing_of_a_constant_is_the_constant(window: int, price: float) -> None:
    x = np.full(500, price)

    assert np.all(smoothed("smooth", x, 2 / (window + 1)) == price)
    assert not np.any(smoothed("smooth_lag", x, 2 / (window + 1)))


@pytest.mark.parametrize("window", [2, 5, 20])
def test_a_lag_fades_with_all_its_digits(window: int) -> None:
    x = np.concatenate(([60_000.01], np.full(300, 60_000.02)))
    kept = 1 - Fraction(2, window + 1)
    step = Fraction(x[0]) - Fraction(x[1])

    lags = smoothed("smooth_lag", x, 2 / (window + 1))

    np.testing.assert_allclose(
        lags, [float(step * kept**t) if t else 0.0 for t in range(301)], rtol=1e-12
    )


@given(series=candles())
@settings(max_examples=100, deadline=None)
def test_true_range_matches_its_twin(series: Series) -> None:
    rows = (series[name].tolist() for name in ("high", "low", "close"))

    # as exact as the prices: a unit in the last place of the largest
    largest = series["high"].max()
    assert_same(
        primitives.true_ranges(series), oracle.true_range(*rows), rtol=0.0, atol=5e-16 * largest
    )


@pytest.mark.parametrize("name", ROLLING)
@pytest.mark.parametrize("n_bars", [1, 4, 63, 64, 65, 200, 511])
def test_more_bars_never_change_a_bit_of_a_window(name: str, n_bars: int) -> None:
    x = with_standstills(600, [range(100, 140)])["close"]

    for window in WINDOWS:
        whole = rolled(name, x, window)
        np.testing.assert_array_equal(rolled(name, x[:n_bars].copy(), window), whole[:n_bars])


@pytest.mark.parametrize("name", SMOOTHING)
def test_more_bars_never_change_a_bit_of_an_average(name: str) -> None:
    x = walk(60)["close"].copy()
    x[[0, 1, 7, 12, 13]] = np.nan
    whole = smoothed(name, x, 0.1)

    for n_bars in range(1, 60):
        np.testing.assert_array_equal(smoothed(name, x[:n_bars].copy(), 0.1), whole[:n_bars])


@pytest.mark.parametrize("name", [name for name in ROLLING if name != "shift"])
def test_window_longer_than_the_series_is_undefined_everywhere(name: str) -> None:
    assert np.isnan(rolled(name, walk(10)["close"], 11)).all()
    assert np.isnan(rolled(name, walk(10)["close"], 2_000)).all()
    assert np.isfinite(rolled(name, walk(10)["close"], 10)).tolist() == [False] * 9 + [True]


@pytest.mark.parametrize("price", [0.1, 60_000.01, 1e12 + 0.1, 1e-9])
def test_equal_values_have_exactly_no_variance(price: float) -> None:
    x = np.concatenate((walk(30)["close"] * price, np.full(500, price)))

    for window in (2, 5, 20, 64):
        rested = slice(29 + window, None)
        assert not np.any(rolled("rolling_variance", x, window)[rested])
        assert not np.any(rolled("rolling_offset", x, window)[rested])


def test_sum_of_zeros_is_exactly_zero_whatever_came_before() -> None:
    x = np.concatenate((walk(50)["volume"] * 1e9 + 0.1, np.zeros(50), walk(50)["volume"]))

    for window in (2, 7, 20, 50):
        assert not np.any(rolled("rolling_sum", x, window)[49 + window : 100])


def test_variance_of_long_quiet_series_keeps_its_digits() -> None:
    quiet = np.round(60_000 + np.random.default_rng(1).normal(0, 0.02, 50_000), 2)

    for window in (5, 20, 200):
        views = np.lib.stride_tricks.sliding_window_view(quiet - 60_000, window)[-500:]
        ours = rolled("rolling_variance", quiet, window)
        assert np.all(ours[window - 1 :] >= 0.0)
        np.testing.assert_allclose(ours[-500:], np.var(views, axis=1), rtol=1e-9, atol=0.0)


def test_moves_of_a_thousandth_at_a_billion_keep_their_digits() -> None:
    x = 1e9 + np.round(np.random.default_rng(2).normal(0, 1, 300)) / 1024

    for window in (2, 5, 20, 200):
        assert_matches_twin("rolling_variance", x, window)
        assert_matches_twin("rolling_offset", x, window)


def test_weighted_mean_does_not_drift_over_a_long_series() -> None:
    x = 60_000 + np.cumsum(np.random.default_rng(3).normal(0, 10, 50_000))

    ours = rolled("weighted_mean", x, 200)[-100:]

    assert_same(ours, oracle.weighted_mean(x[-299:].tolist(), 200)[-100:], atol=0.0, rtol=1e-14)


def test_ties_count_back_to_the_latest_extreme() -> None:
    x = np.array([3.0, 1.0, 3.0, 2.0, 2.0, 1.0, 1.0])

    assert rolled("bars_since_max", x, 3)[2:].tolist() == [0, 1, 2, 1, 2]
    assert rolled("bars_since_min", x, 3)[2:].tolist() == [1, 2, 0, 0, 0]


def test_division_by_zero_is_undefined() -> None:
    out = np.empty(4)

    primitives.divide(np.array([1.0, 0.0, -2.0, np.nan]), np.array([0.0, 0.0, 4.0, 1.0]), out)

    np.testing.assert_array_equal(out, [np.nan, np.nan, -0.5, np.nan])


def test_shared_sub_results_are_what_the_kernels_give() -> None:
    series = walk(120)

    for name, kernel in [
        ("sma", "rolling_mean"),
        ("wma", "weighted_mean"),
        ("variance", "rolling_variance"),
        ("offset", "rolling_offset"),
        ("highest", "rolling_max"),
        ("lowest", "rolling_min"),
        ("deviation", "rolling_deviation"),
    ]:
        ours = series.shared(found(name), "high", 9)
        np.testing.assert_array_equal(ours, rolled(kernel, series["high"], 9))
        assert series.shared(found(name), "high", 9) is ours


@given(values=with_holes, window=st.integers(2, 12), scale=st.sampled_from([1.0, 100.0]))
@settings(max_examples=100, deadline=None)
def test_ratio_of_sums_is_the_quotient_of_both_sums_to_the_bit(
    values: list[float], window: int, scale: float
) -> None:
    y = np.array(values)
    x = np.multiply(y, 0.375, dtype=np.float64)
    expected = np.empty_like(x)

    primitives.divide(rolled("rolling_sum", x, window), rolled("rolling_sum", y, window), expected)

    np.testing.assert_array_equal(sums.ratio(x, y, window, scale), scale * expected)


@given(values=with_holes)
@settings(max_examples=100, deadline=None)
def test_two_lags_at_once_equal_each_alone_to_the_bit(values: list[float]) -> None:
    x = np.array(values)
    one, other, apart, differences = (np.empty_like(x) for _ in range(4))

    smoothing.smooth_two_lags(x, 0.1, 2 / 3, 0.01, one, other, apart)
    smoothing.differ(one, other, 0.01, differences)

    np.testing.assert_array_equal(one, smoothed("smooth_lag", x, 0.1))
    np.testing.assert_array_equal(other, smoothed("smooth_lag", x, 2 / 3))
    np.testing.assert_array_equal(apart, differences)
    np.testing.assert_allclose(apart, 0.01 * (one - other), rtol=1e-9, atol=1e-3)


def test_averages_that_were_told_apart_are_remembered_one_by_one() -> None:
    series = walk(50)
    for fast_window, slow_window in [(3, 9), (3, 20), (9, 20), (5, 5)]:
        apart, slow = smoothing.emas_apart(series, "close", fast_window, slow_window, 1.0)

        fast = smoothing.ema_lag(series, "close", fast_window)
        assert series.shared(smoothing.ema_lag, "close", slow_window) is slow
        np.testing.assert_array_equal(series.shared(smoothing.ema_lag, "close", fast_window), fast)
        np.testing.assert_array_equal(slow, smoothing.ema_lag(series, "close", slow_window))
        np.testing.assert_array_equal(apart, fast - slow)


@pytest.mark.parametrize("n_bars", [0, 1, 4, 5, 1_024, 1_025, 1_026, 1_027, 3_000])
def test_average_true_range_is_the_same_whether_ranges_are_remembered_or_not(n_bars: int) -> None:
    whole = walk(3_000)
    series = Series({name: whole[name][:n_bars].copy() for name in ("high", "low", "close")})

    first = smoothing.atr(series, 14)
    again = smoothing.atr(series, 14)

    assert series.recall(primitives.true_ranges) is not None
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, smoothing.atr(whole, 14)[:n_bars])
