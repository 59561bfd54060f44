from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.indicators import volume
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle import volume as oracle
from tests.oracle.agreement import assert_meets_golden, assert_same, golden_entries
from tests.oracle.candles import NASTY, candles, prefix, series_of, walk, with_standstills

# Absolute tolerance beside the relative one: some roundings of the indicator's usual size.
ATOL = {
    "ad_line": 0.0,
    "cmf": 1e-12,
    "obv": 0.0,
    "mfi": 1e-9,
    "volume_sma": 0.0,
    "vwap": 0.0,
    "vwap_deviation": 0.0,
}
RUNNING_SUMS = {"ad_line", "obv"}
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("ad_line", {}),
    ("cmf", {"window": 20}),
    ("cmf", {"window": 2}),
    ("obv", {}),
    ("mfi", {"window": 20}),
    ("mfi", {"window": 2}),
    ("volume_sma", {"window": 20}),
    ("volume_sma", {"window": 3}),
    ("vwap", {"window": 20}),
    ("vwap", {"window": 2}),
    ("vwap_deviation", {"window": 20, "mult": 2.0}),
    ("vwap_deviation", {"window": 3, "mult": 0.75}),
]


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(volume, name)(series, **chosen)


def assert_matches_twin(name: str, series: Series, chosen: dict[str, Any]) -> None:
    theirs = getattr(oracle, name)(series, **chosen)
    # A running sum that returns to almost nothing keeps the roundings of what it has seen.
    seen = float(series["volume"].sum()) if name in RUNNING_SUMS else 0.0
    assert_same(compute(name, series, chosen), theirs, atol=max(ATOL[name], 1e-15 * seen))


@pytest.mark.parametrize("series", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize(("name", "chosen"), SETTINGS)
def test_matches_its_twin_on_nasty_candles(
    name: str, chosen: dict[str, Any], series: Series
) -> None:
    assert_matches_twin(name, series, chosen)


@given(
    series=candles(),
    window=st.integers(2, 12),
    mult=st.integers(1, 50).map(lambda tenths: tenths / 10),
)
@settings(max_examples=60, deadline=None)
def test_matches_its_twin_on_drawn_candles(series: Series, window: int, mult: float) -> None:
    for name in ("ad_line", "obv"):
        assert_matches_twin(name, series, {})
    for name in ("cmf", "mfi", "volume_sma", "vwap"):
        assert_matches_twin(name, series, {"window": window})
    assert_matches_twin("vwap_deviation", series, {"window": window, "mult": mult})


@pytest.mark.parametrize("entry", golden_entries("volume"), ids=lambda entry: entry["key"])
def test_meets_the_golden_vector(entry: dict[str, Any]) -> None:
    assert_meets_golden(entry)


@pytest.mark.parametrize(("name", "chosen"), SETTINGS)
@pytest.mark.parametrize("n_bars", [1, 2, 19, 20, 21, 40, 157, 1_040])
def test_more_bars_never_change_earlier_values(
    name: str, chosen: dict[str, Any], n_bars: int
) -> None:
    series = with_standstills(1_100, [range(100, 130), range(600, 640)])

    whole = compute(name, series, chosen)
    part = compute(name, prefix(series, n_bars), chosen)

    np.testing.assert_array_equal(part, whole[:n_bars])


@pytest.mark.parametrize("name", ["cmf", "vwap"])
def test_ratio_is_undefined_exactly_while_the_window_has_no_volume(name: str) -> None:
    series = with_standstills(200, [range(60, 100)])

    out = compute(name, series, {"window": 14})

    assert np.isfinite(out[13:73]).all()
    assert np.isnan(out[73:100]).all()
    assert np.isfinite(out[100:]).all()


def test_vwap_deviation_waits_for_a_whole_window_of_vwaps() -> None:
    series = with_standstills(200, [range(60, 100)])

    out = volume.vwap_deviation(series, window=14, mult=2.0)

    assert np.isnan(out[:26]).all()
    assert np.isfinite(out[26:73]).all()
    assert np.isnan(out[73:113]).all()
    assert np.isfinite(out[113:]).all()


def test_mfi_is_undefined_without_flow_and_100_without_down_flow() -> None:
    close = np.concatenate((np.arange(50.0, 40.0, -0.7), np.full(20, 41.3), np.full(9, 41.4)))
    series = series_of(close, high=close, low=close, volume=np.full(len(close), 0.1))

    out = volume.mfi(series, window=6)

    falling, standing = 15, 35
    assert np.all(out[6:falling] == 0)
    assert np.isnan(out[falling + 6 : standing]).all()
    assert np.all(out[standing : standing + 6] == 100)
    assert np.isnan(out[standing + 6 :]).all()


def test_mfi_ignores_moves_without_volume() -> None:
    close = [10.0, 11.0, 12.0, 11.0, 10.0]
    series = series_of(close, high=close, low=close, volume=[1.0, 1.0, 1.0, 0.0, 0.0])

    out = volume.mfi(series, window=2)

    assert out[2:4].tolist() == [100.0, 100.0]
    assert np.isnan(out[4])


def test_a_bar_without_range_adds_nothing_to_the_lines() -> None:
    series = series_of(
        [10.0, 11.0, 10.5, 10.0],
        high=[11.0, 11.0, 10.5, 11.0],
        low=[9.0, 9.0, 10.5, 9.0],
        volume=[4.0, 3.0, 100.0, 2.0],
    )

    assert volume.ad_line(series).tolist() == [0.0, 3.0, 3.0, 3.0]
    assert volume.cmf(series, window=2)[1:].tolist() == [3 / 7, 3 / 103, 0.0]


def test_obv_starts_on_the_second_bar_and_skips_equal_closes() -> None:
    out = volume.obv(series_of([10, 11, 11, 9, 9.5], volume=[5, 3, 7, 2, 4]))

    assert np.isnan(out[0])
    assert out[1:].tolist() == [3.0, 3.0, 1.0, 5.0]


def test_results_are_the_same_when_asked_again() -> None:
    series = walk(200)

    for name, chosen in SETTINGS:
        first = compute(name, series, chosen).copy()
        np.testing.assert_array_equal(compute(name, series, chosen), first)
