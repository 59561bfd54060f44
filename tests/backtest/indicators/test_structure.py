from typing import Any

import numpy as np
import pytest

from backtest.indicators import structure
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle.candles import series_of, walk, with_standstills


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(structure, name)(series, **chosen)


def test_window_longer_than_the_series_is_undefined() -> None:
    series = walk(12)

    assert np.isnan(structure.percent_rank(series, source="close", window=13)).all()
    assert np.isnan(structure.zscore(series, source="close", window=2_000)).all()
    assert np.isnan(structure.pivot_high(series, left=6, right=6)).all()
    assert np.isnan(structure.pivot_low(series, left=2, right=2_000)).all()


@pytest.mark.parametrize("window", [2, 5, 8, 200, 1_100])
def test_rank_of_a_long_series_counts_every_lag(window: int) -> None:
    x = np.round(walk(2_500)["close"])

    ours = structure.percent_rank(Series({"close": x}), source="close", window=window)

    views = np.lib.stride_tricks.sliding_window_view(x, window)
    expected = (views <= views[:, -1:]).sum(axis=1) / window * 100
    np.testing.assert_array_equal(ours[window - 1 :], expected)
    assert np.isnan(ours[: window - 1]).all()


def test_rank_counts_ties_and_itself() -> None:
    ours = structure.percent_rank(series_of([3, 1, 2, 2, 9]), source="close", window=4)

    np.testing.assert_array_equal(ours, [np.nan, np.nan, np.nan, 75.0, 100.0])


def test_body_of_a_bar_without_range_is_undefined() -> None:
    series = series_of([10, 12, 12, 11], high=[10, 14, 12, 13], low=[10, 10, 12, 9])

    np.testing.assert_array_equal(structure.candle_stats(series), [np.nan, 0.5, np.nan, 0.25])
    norm = structure.candle_stats_atr_norm(series, atr_window=2)
    np.testing.assert_array_equal(norm, [np.nan, 1.0, 0.0, 0.4])


def test_score_stays_within_its_bounds_and_is_undefined_in_a_standstill() -> None:
    series = with_standstills(200, [range(60, 100)])

    ours = structure.zscore(series, source="close", window=5)

    assert np.isnan(ours[63:100]).all()
    assert np.isfinite(ours[100:]).all()
    assert np.nanmax(np.abs(ours)) <= 2.0 + 1e-12


def test_score_keeps_its_digits_at_a_billion() -> None:
    near = np.round(np.random.default_rng(4).normal(0, 1, 200)) / 1024

    far = structure.zscore(Series({"close": near + 1e9}), source="close", window=20)

    np.testing.assert_allclose(
        far, structure.zscore(Series({"close": near}), source="close", window=20), atol=1e-12
    )


def test_quotients_never_become_infinite_however_long_nothing_moves() -> None:
    moving = walk(60)["close"]
    series = series_of(np.concatenate((moving, np.full(30_000, moving[-1]))))

    with np.errstate(over="ignore"):  # without the compiler the kernel warns of the overflow
        distance = structure.distance_to_ma_norm(series, source="close", window=20)
        body = structure.candle_stats_atr_norm(series, atr_window=20)

    assert not np.any(np.isinf(distance))
    assert not np.any(np.isinf(body))


def test_pivot_appears_on_the_bar_that_confirms_it() -> None:
    high = [1, 2, 5, 3, 2, 4, 4, 1, 1]
    series = series_of(np.ones(9), high=high, low=[-v for v in high])

    tops = structure.pivot_high(series, left=2, right=2)

    assert np.flatnonzero(np.isfinite(tops)).tolist() == [4]
    assert tops[4] == 5
    np.testing.assert_array_equal(structure.pivot_low(series, left=2, right=2), -tops)
    np.testing.assert_array_equal(structure.pivots(series, left=2, right=2), tops)


@pytest.mark.parametrize("equal_at", [0, 1, 3, 5])
def test_equal_neighbour_anywhere_rejects_the_pivot(equal_at: int) -> None:
    high = [1.0, 1.0, 5.0, 1.0, 1.0, 1.0]
    high[equal_at] = 5.0
    series = series_of(np.ones(6), high=high, low=np.zeros(6))

    assert np.isnan(structure.pivot_high(series, left=2, right=3)).all()
