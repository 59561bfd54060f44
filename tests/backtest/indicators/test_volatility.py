from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.indicators import dispersion, volatility
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle import volatility as oracle
from tests.oracle.agreement import assert_meets_golden, assert_same, golden_entries
from tests.oracle.candles import NASTY, candles, prefix, series_of, walk, with_standstills

# Relative tolerance: some hundred roundings, times what the variance magnifies.
RTOL = {
    "tr": 0.0,
    "atr": 1e-13,
    "variance": 1e-11,
    "stddev": 1e-11,
    "hv": 1e-8,
    "bbands": 1e-13,
    "bbands_bandwidth": 1e-11,
    "bbands_percent_b": 1e-11,
}
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("tr", {}),
    ("atr", {"window": 14}),
    ("atr", {"window": 2}),
    ("variance", {"source": "close", "window": 20}),
    ("variance", {"source": "hlc3", "window": 2}),
    ("stddev", {"source": "close", "window": 20}),
    ("stddev", {"source": "low", "window": 3}),
    ("hv", {"annualization": 365, "source": "close", "window": 20}),
    ("hv", {"annualization": 252, "source": "open", "window": 2}),
    ("bbands", {"source": "close", "window": 20}),
    ("bbands", {"source": "ohlc4", "window": 5}),
    ("bbands_bandwidth", {"mult": 2.0, "source": "close", "window": 20}),
    ("bbands_bandwidth", {"mult": 0.1, "source": "high", "window": 2}),
    ("bbands_percent_b", {"mult": 2.0, "source": "close", "window": 20}),
    ("bbands_percent_b", {"mult": 0.1, "source": "high", "window": 2}),
]


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(volatility, name)(series, **chosen)


def assert_matches_twin(name: str, series: Series, chosen: dict[str, Any]) -> None:
    theirs = getattr(oracle, name)(series, **chosen)
    # The place between the bands is a difference; at the lower band its scale is 1.
    atol = 1e-11 / chosen["mult"] if name == "bbands_percent_b" else 0.0
    assert_same(compute(name, series, chosen), theirs, atol=atol, rtol=RTOL[name])


@pytest.mark.parametrize("series", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize(("name", "chosen"), SETTINGS)
def test_matches_its_twin_on_nasty_candles(
    name: str, chosen: dict[str, Any], series: Series
) -> None:
    assert_matches_twin(name, series, chosen)


@given(
    series=candles(),
    window=st.integers(2, 20),
    source=st.sampled_from(["open", "high", "low", "close", "hlc3", "ohlc4"]),
)
@settings(max_examples=60, deadline=None)
def test_matches_its_twin_on_drawn_candles(series: Series, window: int, source: str) -> None:
    both = {"source": source, "window": window}
    assert_matches_twin("tr", series, {})
    assert_matches_twin("atr", series, {"window": window})
    assert_matches_twin("variance", series, both)
    assert_matches_twin("stddev", series, both)
    assert_matches_twin("hv", series, {"annualization": 365, **both})
    assert_matches_twin("bbands", series, both)
    assert_matches_twin("bbands_bandwidth", series, {"mult": 2.5, **both})
    assert_matches_twin("bbands_percent_b", series, {"mult": 2.5, **both})


@pytest.mark.parametrize("entry", golden_entries("volatility"), ids=lambda entry: entry["key"])
def test_meets_the_golden_vector(entry: dict[str, Any]) -> None:
    assert_meets_golden(entry)


@pytest.mark.parametrize(("name", "chosen"), SETTINGS)
@pytest.mark.parametrize("n_bars", [1, 2, 20, 21, 63, 400])
def test_more_bars_never_change_earlier_values(
    name: str, chosen: dict[str, Any], n_bars: int
) -> None:
    series = with_standstills(500, [range(100, 130)])

    whole = compute(name, series, chosen)
    part = compute(name, prefix(series, n_bars), chosen)

    np.testing.assert_array_equal(part, whole[:n_bars])


def test_window_longer_than_the_series_is_undefined_but_the_true_range_is_not() -> None:
    series = walk(12)

    for name, chosen in SETTINGS:
        if "source" in chosen:
            assert np.isnan(compute(name, series, {**chosen, "window": 13})).all()
    assert np.isfinite(volatility.tr(series)).all()
    assert np.isfinite(volatility.atr(series, window=13)).all()


def test_true_range_by_hand() -> None:
    series = series_of([10, 14, 9], high=[11, 14, 10], low=[8, 12, 9])

    assert volatility.tr(series).tolist() == [3, 4, 5]
    assert volatility.atr(series, window=2).tolist() == [3, 3.5, 4.25]


def test_bands_by_hand() -> None:
    series = series_of([1.0, 3.0, 3.0, 3.0])
    chosen: dict[str, Any] = {"mult": 2.0, "source": "close", "window": 2}

    assert volatility.stddev(series, source="close", window=2)[1:].tolist() == [1, 0, 0]
    assert volatility.bbands_bandwidth(series, **chosen)[1:].tolist() == [2, 0, 0]
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
