from typing import Any

import numpy as np
import pytest

from backtest.indicators import dispersion, volatility
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle.candles import series_of, walk, with_standstills


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(volatility, name)(series, **chosen)


def test_window_longer_than_the_series_is_undefined_but_the_true_range_is_not() -> None:
    series = walk(12)

    both = {"source": "close", "window": 13}
    for compute in (volatility.variance, volatility.stddev, volatility.bbands):
        assert np.isnan(compute(series, **both)).all()
    for compute in (volatility.bbands_bandwidth, volatility.bbands_percent_b):
        assert np.isnan(compute(series, mult=2.0, **both)).all()
    assert np.isnan(volatility.hv(series, annualization=365, **both)).all()
    assert np.isfinite(volatility.tr(series)).all()
    assert np.isfinite(volatility.atr(series, window=13)).all()


def test_true_range_by_hand() -> None:
    series = series_of([10, 14, 9], high=[11, 14, 10], low=[8, 12, 9])

    assert volatility.tr(series).tolist() == [3, 4, 5]
    assert volatility.atr(series, window=2).tolist() == [3, 3.5, 4.25]


def test_bands_by_hand() -> None:
    series = series_of([1.0, 3.0, 3.0, 3.0])
    chosen: dict[str, Any] = {"mult": 2.0, "source": "close", "window": 2}

    assert volatility.stddev(series, source="close", window=2)[1:].tolist() == pytest.approx(
        [1, 0, 0]
    )
    assert volatility.bbands_bandwidth(series, **chosen)[1:].tolist() == pytest.approx([2, 0, 0])
    np.testing.assert_array_equal(
        volatility.bbands_percent_b(series, **chosen), [np.nan, 0.75, np.nan, np.nan]
    )


def test_standstill_has_no_dispersion_and_no_place_between_the_bands() -> None:
    series = with_standstills(200, [range(60, 100)])
    both = {"source": "close", "window": 20}

    assert not np.any(volatility.stddev(series, **both)[78:100])
    assert not np.any(volatility.hv(series, annualization=365, **both)[79:100])
    assert not np.any(volatility.bbands_bandwidth(series, mult=2.0, **both)[78:100])
    assert np.isnan(volatility.bbands_percent_b(series, mult=2.0, **both)[78:100]).all()
    assert np.isfinite(volatility.bbands_percent_b(series, mult=2.0, **both)[100:]).all()


def test_returns_of_prices_that_are_not_positive_are_undefined() -> None:
    close = np.array([2.0, 3.0, 0.0, 3.0, 4.0, -5.0, -6.0, 7.0, 8.0, 9.0])

    ours = volatility.hv(Series({"close": close}), annualization=365, source="close", window=2)

    assert np.flatnonzero(np.isfinite(ours)).tolist() == [9]


def test_bandwidth_around_zero_is_undefined() -> None:
    close = np.array([1.0, -1.0, 1.0, 1.0])
    chosen: dict[str, Any] = {"mult": 2.0, "source": "close", "window": 2}

    ours = volatility.bbands_bandwidth(Series({"close": close}), **chosen)

    np.testing.assert_array_equal(ours, [np.nan, np.nan, np.nan, 0.0])


def test_place_between_the_bands_keeps_its_digits_at_a_billion() -> None:
    near = np.round(np.random.default_rng(4).normal(0, 1, 200)) / 1024
    chosen: dict[str, Any] = {"mult": 2.0, "source": "close", "window": 20}

    far = volatility.bbands_percent_b(Series({"close": near + 1e9}), **chosen)

    np.testing.assert_allclose(
        far, volatility.bbands_percent_b(Series({"close": near}), **chosen), rtol=0.0, atol=1e-12
    )


def test_multipliers_share_the_mean_and_the_deviation() -> None:
    series = walk(100)
    spread = series.shared(dispersion.deviation, "close", 9)

    for mult in (1.0, 2.5):
        wide = volatility.bbands_bandwidth(series, mult=mult, source="close", window=9)
        basis = volatility.bbands(series, source="close", window=9)
        np.testing.assert_allclose(wide, 2 * mult * spread / basis, rtol=1e-15)
    np.testing.assert_array_equal(volatility.stddev(series, source="close", window=9), spread)
