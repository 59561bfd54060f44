from math import isqrt
from typing import Any

import numpy as np
import pytest

from backtest.indicators import ma
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle.candles import series_of, walk, with_standstills

WITH_SOURCE = ["sma", "ema", "rma", "wma", "lwma", "dema", "tema", "hma", "zlema"]
NAMES = [*WITH_SOURCE, "vwma"]
WINDOWS = [2, 3, 14, 25, 101]


def settings_of(name: str, window: int, source: str = "close") -> dict[str, Any]:
    return {"window": window} if name == "vwma" else {"window": window, "source": source}


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(ma, name)(series, **chosen)


@pytest.mark.parametrize("window", [2, 3, 14, 25, 2_000])
@pytest.mark.parametrize("n_bars", [1, 10, 60])
def test_begins_on_its_first_defined_bar(window: int, n_bars: int) -> None:
    series = walk(n_bars)
    windowed = window - 1
    first_bars = {
        **dict.fromkeys(["sma", "wma", "lwma", "vwma"], windowed),
        **dict.fromkeys(["ema", "rma", "dema", "tema"], 0),
        "hma": windowed + isqrt(window) - 1,
        "zlema": (window - 1) // 2,
    }

    for name, first in first_bars.items():
        is_defined = np.isfinite(compute(name, series, settings_of(name, window)))
        np.testing.assert_array_equal(is_defined, np.arange(n_bars) >= first)


def test_recursive_averages_start_on_the_price() -> None:
    series = walk(5)

    for name in ["ema", "rma", "dema", "tema"]:
        assert compute(name, series, settings_of(name, 20))[0] == series["close"][0]


def test_averages_by_hand() -> None:
    series = series_of([1.0, 2.0, 6.0, 4.0], volume=[1.0, 0.0, 3.0, 1.0])

    assert ma.sma(series, source="close", window=2)[1:].tolist() == [1.5, 4.0, 5.0]
    assert ma.wma(series, source="close", window=2)[1:] == pytest.approx([5 / 3, 14 / 3, 14 / 3])
    assert ma.ema(series, source="close", window=3).tolist() == [1.0, 1.5, 3.75, 3.875]
    assert ma.rma(series, source="close", window=2).tolist() == [1.0, 1.5, 3.75, 3.875]
    assert ma.vwma(series, window=2)[1:].tolist() == [1.0, 6.0, 5.5]


def test_lwma_equals_wma_to_the_bit() -> None:
    ours = ma.lwma(walk(300), source="high", window=17)

    np.testing.assert_array_equal(ours, ma.wma(walk(300), source="high", window=17))


def test_zlema_without_lag_is_the_plain_average() -> None:
    ours = ma.zlema(walk(300), source="low", window=2)

    np.testing.assert_array_equal(ours, ma.ema(walk(300), source="low", window=2))


def test_vwma_is_undefined_exactly_where_nothing_traded() -> None:
    series = with_standstills(200, [range(60, 100)])

    ours = ma.vwma(series, window=9)

    assert np.isfinite(ours[8:68]).all()
    assert np.isnan(ours[68:100]).all()
    assert np.isfinite(ours[100:]).all()


@pytest.mark.parametrize("name", ["ema", "dema", "tema", "zlema"])
def test_recursive_average_comes_to_rest_in_a_standstill(name: str) -> None:
    for seed in range(20):
        moving = np.round(walk(80, seed=seed)["close"], 2)
        series = series_of(np.concatenate((moving, np.full(3_000, moving[-1]))))
        ours = compute(name, series, settings_of(name, 5 + seed))
        assert np.all(ours[-500:] == ours[-1])


def test_wilders_average_comes_to_rest_as_the_rules_see_it() -> None:
    series = series_of(np.concatenate((np.round(walk(80)["close"], 2), np.full(3_000, 92.67))))

    settled = ma.rma(series, source="close", window=5)[-500:].astype(np.float32)

    assert np.all(settled == np.float32(92.67))


def test_windowed_averages_of_a_standstill_round_to_the_price() -> None:
    series = series_of(np.full(500, 60_000.01))

    for name in ["sma", "wma", "hma", "vwma"]:
        ours = compute(name, series, settings_of(name, 21))
        settled = ours[np.isfinite(ours)].astype(np.float32)
        assert np.all(settled == np.float32(60_000.01))
