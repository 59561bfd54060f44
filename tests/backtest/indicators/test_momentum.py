from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.indicators import momentum
from backtest.indicators.series import Series
from backtest.types import FloatArray
from tests.oracle import momentum as oracle
from tests.oracle.agreement import assert_meets_golden, assert_same, golden_entries
from tests.oracle.candles import NASTY, candles, prefix, series_of, walk, with_standstills
from tests.oracle.windows import highest, lowest

# Absolute tolerance: 0 where both sides do the same operations; otherwise some hundred roundings
# of a value of the indicator's usual size, or (PRICE) of the price.
ATOL = {
    "roc": 0.0,
    "rsi": 1e-9,
    "stoch": 1e-9,
    "williams_r": 1e-9,
    "cci": 1e-8,
    "macd": 1e-13,
    "ppo": 1e-11,
    "trix": 0.0,
    "fisher": 1e-12,
}
PRICE = {"macd"}
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("roc", {"source": "close", "window": 14}),
    ("roc", {"source": "low", "window": 2}),
    ("rsi", {"source": "close", "window": 14}),
    ("rsi", {"source": "hlc3", "window": 3}),
    ("stoch", {"k_window": 14, "smoothing": 3}),
    ("stoch", {"k_window": 3, "smoothing": 2}),
    ("williams_r", {"window": 14}),
    ("williams_r", {"window": 2}),
    ("cci", {"window": 14}),
    ("cci", {"window": 3}),
    ("macd", {"source": "close", "fast_window": 12, "slow_window": 26}),
    ("macd", {"source": "open", "fast_window": 9, "slow_window": 2}),
    ("ppo", {"source": "close", "fast_window": 12, "slow_window": 26}),
    ("ppo", {"source": "ohlc4", "fast_window": 9, "slow_window": 2}),
    ("trix", {"source": "close", "window": 15}),
    ("trix", {"source": "high", "window": 2}),
    ("fisher", {"window": 14}),
    ("fisher", {"window": 2}),
]
STOCH_RSI = {"source": "close", "rsi_window": 9, "k_window": 6, "smoothing": 3}


def compute(name: str, series: Series, chosen: dict[str, Any]) -> FloatArray:
    return getattr(momentum, name)(series, **chosen)


def assert_matches_twin(name: str, series: Series, chosen: dict[str, Any]) -> None:
    theirs = getattr(oracle, name)(series, **chosen)
    size = series["high"].max() if name in PRICE else 1.0
    assert_same(compute(name, series, chosen), theirs, atol=ATOL[name] * size)


@pytest.mark.parametrize("series", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize(("name", "chosen"), SETTINGS)
def test_matches_its_twin_on_nasty_candles(
    name: str, chosen: dict[str, Any], series: Series
) -> None:
    assert_matches_twin(name, series, chosen)


@given(series=candles(), window=st.integers(2, 12), other=st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_matches_its_twin_on_drawn_candles(series: Series, window: int, other: int) -> None:
    assert_matches_twin("roc", series, {"source": "close", "window": window})
    assert_matches_twin("rsi", series, {"source": "close", "window": window})
    assert_matches_twin("stoch", series, {"k_window": window, "smoothing": other})
    assert_matches_twin("williams_r", series, {"window": window})
    assert_matches_twin("cci", series, {"window": window})
    assert_matches_twin("fisher", series, {"window": window})
    assert_matches_twin("trix", series, {"source": "close", "window": window})
    both = {"source": "close", "fast_window": window, "slow_window": other}
    assert_matches_twin("macd", series, both)
    assert_matches_twin("ppo", series, both)


def assert_stoch_rsi_matches_twin(series: Series, chosen: dict[str, Any]) -> None:
    """Where the RSI range is small but not a standstill, its last digits decide: only bounds."""
    strength = oracle.rsi(series, source=chosen["source"], window=chosen["rsi_window"])
    tops, bottoms = (np.array(f(strength, chosen["k_window"])) for f in (highest, lowest))
    small = (tops - bottoms > 1e-11) & (tops - bottoms < 1e-4)
    is_delicate = np.convolve(small, np.ones(chosen["smoothing"]))[: len(series)] > 0

    ours = momentum.stoch_rsi(series, **chosen)
    theirs = np.array(oracle.stoch_rsi(series, **chosen))

    assert np.all((ours >= -1e-9) & (ours <= 100 + 1e-9) | np.isnan(ours))
    assert_same(ours[~is_delicate], theirs[~is_delicate], atol=1e-6)


@pytest.mark.parametrize("series", NASTY.values(), ids=NASTY)
def test_stoch_rsi_matches_its_twin_on_nasty_candles(series: Series) -> None:
    assert_stoch_rsi_matches_twin(series, STOCH_RSI)


@given(series=candles(), window=st.integers(2, 12), other=st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_stoch_rsi_matches_its_twin_on_drawn_candles(
    series: Series, window: int, other: int
) -> None:
    chosen = {"source": "close", "rsi_window": window, "k_window": other, "smoothing": 2}
    assert_stoch_rsi_matches_twin(series, chosen)


@pytest.mark.parametrize("entry", golden_entries("momentum"), ids=lambda entry: entry["key"])
def test_meets_the_golden_vector(entry: dict[str, Any]) -> None:
    assert_meets_golden(entry)


@pytest.mark.parametrize(("name", "chosen"), [*SETTINGS, ("stoch_rsi", STOCH_RSI)])
@pytest.mark.parametrize("n_bars", [1, 2, 13, 14, 15, 28, 157, 1_040])
def test_more_bars_never_change_earlier_values(
    name: str, chosen: dict[str, Any], n_bars: int
) -> None:
    series = with_standstills(1_100, [range(100, 130), range(600, 640)])

    whole = compute(name, series, chosen)
    part = compute(name, prefix(series, n_bars), chosen)

    np.testing.assert_array_equal(part, whole[:n_bars])


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

    assert np.all(out[-500:] == out[-1])


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


def test_results_are_the_same_when_asked_again() -> None:
    series = walk(200)

    for name, chosen in [*SETTINGS, ("stoch_rsi", STOCH_RSI)]:
        first = compute(name, series, chosen).copy()
        np.testing.assert_array_equal(compute(name, series, chosen), first)
