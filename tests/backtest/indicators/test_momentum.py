from typing import Any

import numpy as np
import pytest

from backtest.indicators import momentum
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle.candles import series_of, walk, with_standstills

STOCH_RSI = {"source": "close", "rsi_window": 9, "k_window": 6, "smoothing": 3}


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(momentum, name)(series, **chosen)


def test_rsi_is_undefined_until_the_first_change_then_all_or_nothing() -> None:
    rising = momentum.rsi(series_of([5, 5, 5, 6, 7, 6]), source="close", window=5)
    falling = momentum.rsi(series_of([5, 4]), source="close", window=5)

    assert np.isnan(rising[:3]).all()
    assert rising[3:5].tolist() == [100.0, 100.0]
    assert 0 < rising[5] < 100
    assert falling[1] == 0.0


@pytest.mark.parametrize("window", [2, 14])
def test_rsi_stands_still_to_the_bit_however_long_prices_do(window: int) -> None:
    moving = walk(50)["close"]
    series = series_of(np.concatenate((moving, np.full(30_000, moving[-1]), moving[-1] + moving)))

    out = momentum.rsi(series, source="close", window=window)

    assert 0 < out[49] < 100
    assert np.all(out[50:30_050] == out[49])
    assert np.all(np.isfinite(out[30_050:]))


def test_stoch_rsi_is_undefined_while_the_rsi_stands_still() -> None:
    series = with_standstills(300, [range(60, 200)])

    out = momentum.stoch_rsi(series, source="close", rsi_window=14, k_window=14, smoothing=3)

    assert np.isnan(out[:16]).all()
    assert np.isfinite(out[16:72]).all()
    assert np.isnan(out[73:200]).all()
    assert np.isfinite(out[203:]).all()


def test_cci_of_equal_decimal_prices_is_undefined() -> None:
    series = with_standstills(200, [range(60, 100)])

    out = momentum.cci(series, window=20)

    assert np.isfinite(out[19:79]).all()
    assert np.isnan(out[79:100]).all()
    assert np.isfinite(out[100:]).all()


def test_cci_keeps_its_digits_on_a_large_offset() -> None:
    near = np.round(walk(300)["close"] * 64) / 64
    far = near + 2.0**40

    plain = momentum.cci(series_of(near, high=near, low=near), window=20)
    lifted = momentum.cci(Series({"hlc3": far}), window=20)

    np.testing.assert_allclose(
        lifted, momentum.cci(Series({"hlc3": near}), window=20), rtol=1e-12, atol=1e-9
    )
    np.testing.assert_allclose(lifted, plain, rtol=1e-9, atol=1e-9)


def test_equal_windows_make_macd_and_ppo_exactly_zero() -> None:
    chosen = {"source": "close", "fast_window": 9, "slow_window": 9}

    assert not np.any(momentum.macd(walk(100), **chosen))
    assert not np.any(momentum.ppo(walk(100), **chosen))


@pytest.mark.parametrize("seed", range(20))
def test_macd_does_not_flicker_in_a_standstill(seed: int) -> None:
    moving = np.round(walk(80, seed=seed)["close"], 2)
    series = series_of(np.concatenate((moving, np.full(2_000, moving[-1]))))

    out = momentum.macd(series, source="close", fast_window=5 + seed, slow_window=26)

    assert out[-1] != 0.0
    assert np.all(np.sign(out[-500:]) == np.sign(out[-1]))
    assert np.all(np.abs(out[-499:]) < np.abs(out[-500:-1]))


def test_swapped_windows_mirror_macd() -> None:
    forward = momentum.macd(walk(100), source="close", fast_window=5, slow_window=9)
    backward = momentum.macd(walk(100), source="close", fast_window=9, slow_window=5)

    np.testing.assert_array_equal(forward, -backward)


def test_close_at_an_end_of_the_range_gives_the_ends_of_the_scales() -> None:
    top = series_of([1, 2, 3, 4, 5], high=[1, 2, 3, 4, 5], low=[1, 2, 3, 4, 5])
    bottom = series_of([5, 4, 3, 2, 1], high=[5, 4, 3, 2, 1], low=[5, 4, 3, 2, 1])

    assert momentum.williams_r(top, window=3)[2:].tolist() == [0.0, 0.0, 0.0]
    assert momentum.williams_r(bottom, window=3)[2:].tolist() == [-100.0, -100.0, -100.0]
    assert momentum.stoch(top, k_window=3, smoothing=2)[3:].tolist() == [100.0, 100.0]
    assert momentum.stoch(bottom, k_window=3, smoothing=2)[3:].tolist() == [0.0, 0.0]
    assert momentum.fisher(top, window=3)[4] == pytest.approx(3.8002011672502)
