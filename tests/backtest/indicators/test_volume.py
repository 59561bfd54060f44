from typing import Any

import numpy as np
import pytest

from backtest.indicators import volume
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle.candles import series_of, with_standstills


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(volume, name)(series, **chosen)


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
