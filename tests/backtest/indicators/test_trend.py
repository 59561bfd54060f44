from typing import Any

import numpy as np
import pytest

from backtest.indicators import trend
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle import trend as oracle
from tests.oracle.agreement import assert_same
from tests.oracle.candles import series_of, walk, with_standstills
from tests.oracle.decimals import as_floats, in_decimals, rows_of


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(trend, name)(series, **chosen)


def test_ichimoku_reads_nothing_newer_than_its_displacement() -> None:
    lines = {"conversion_window": 9, "base_window": 26, "displacement": 26}
    before, after = walk(300)["close"], walk(300)["close"].copy()
    after[-26:] = 1.0

    out = trend.ichimoku(series_of(before), **lines)

    np.testing.assert_array_equal(trend.ichimoku(series_of(after), **lines), out)
    assert np.isnan(out[:51]).all()
    assert np.isfinite(out[51:]).all()


def test_adx_starts_at_100_on_the_first_directional_movement() -> None:
    high = [10, 10, 10, 11, 11, 10, 10]
    low = [9, 9, 9, 9, 9, 8, 8]

    out = trend.adx(series_of([9.5] * 7, high=high, low=low), window=4, smoothing=3)

    assert np.isnan(out[:3]).all()
    assert out[3:5].tolist() == [100.0, 100.0]
    assert out[5] < 100


@pytest.mark.parametrize("window", [2, 14])
def test_adx_settles_and_stays_in_a_long_standstill(window: int) -> None:
    series = with_standstills(30_000, [range(200, 29_900)])

    out = trend.adx(series, window=window, smoothing=14)

    assert 0 < out[29_000] < 100
    np.testing.assert_allclose(out[10_000:29_900], out[29_000], rtol=1e-12)
    assert np.isfinite(out[1:]).all()


def test_linreg_slope_is_exactly_zero_on_equal_decimal_prices() -> None:
    series = with_standstills(200, [range(60, 100)])

    out = trend.linreg_slope(series, source="close", window=20)

    assert np.all(out[78:100] == 0)
    assert np.all(out[100:] != 0)


def test_linreg_slope_of_a_line_is_its_slope() -> None:
    line = np.linspace(7.0, 21.75, 60)

    for window in (2, 3, 20, 59, 60):
        out = trend.linreg_slope(series_of(line), source="close", window=window)
        assert np.all(out[window - 1 :] == pytest.approx(0.25, rel=1e-14))


def test_aroon_ties_go_to_the_newest_extreme() -> None:
    high, low = [5, 7, 7, 6, 6], [1, 4, 4, 4, 4]

    out = trend.aroon(series_of([4.5] * 5, high=high, low=low), window=4)

    assert out[3:].tolist() == [100 * (3 - 1) / 4, 100 * (0 - 2) / 4]


def test_psar_accelerates_is_held_by_one_bar_and_flips_on_crossing_only() -> None:
    high = [10.0, 11.0, 12.0, 12.0, 12.0, 12.0]
    low = [9.0, 10.0, 11.0, 9.5, 9.0, 9.0]

    out = trend.psar(
        series_of([9.5] * 6, high=high, low=low), accel_start=0.5, accel_step=0.5, accel_max=0.5
    )

    # 9 + (10 - 9)/2 is held at the low before; then (9 + 11)/2; (10 + 12)/2 held at 11 and
    # crossed by 9.5: the stop jumps to the extreme 12 and falls towards 9.5, held at the high 12.
    assert out.tolist() == [9.0, 9.0, 10.0, 12.0, 12.0, 12.0]


def test_psar_touching_the_stop_does_not_flip() -> None:
    series = series_of([10, 10, 10], high=[10, 10, 10], low=[10, 10, 10])

    out = trend.psar(series, accel_start=0.02, accel_step=0.02, accel_max=0.2)

    assert out.tolist() == [10.0, 10.0, 10.0]


def test_supertrend_trails_below_flips_on_a_lower_close_and_trails_above() -> None:
    close = [10.0, 12.0, 11.5, 8.0, 8.5]
    series = series_of(close, high=np.add(close, 1), low=np.subtract(close, 1))

    out = trend.supertrend(series, window=2, mult=1.0)

    ranges = [2.0, 2.5, 2.25, 3.375, 2.6875]
    assert out[0] == 8.0
    assert out[1] == 12.0 - ranges[1]
    assert out[2] == out[1]
    assert out[3] == 8.0 + ranges[3]
    assert out[4] == 8.5 + ranges[4]


@pytest.mark.parametrize("window", [3, 5, 7, 10])
def test_supertrend_sides_like_its_twin_where_the_close_lies_on_a_band(window: int) -> None:
    random = np.random.default_rng(window)
    for _ in range(60):
        path = 100.0 + np.cumsum(random.choice([-1.0, 0.0, 1.0], 80))
        series = series_of(path / 10, high=(path + 1) / 10, low=(path - 1) / 10)
        rows = rows_of(series)
        theirs = as_floats(in_decimals(oracle.supertrend)(rows, window=window, mult=1.5))
        assert_same(trend.supertrend(series, window=window, mult=1.5), theirs, atol=1e-13)


def test_vortex_is_undefined_exactly_while_nothing_moves() -> None:
    series = with_standstills(200, [range(60, 100)])

    out = trend.vortex(series, window=14)

    assert np.isfinite(out[14:73]).all()
    assert np.isnan(out[73:100]).all()
    assert np.isfinite(out[100:]).all()
