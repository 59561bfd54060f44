"""Every indicator against TA-Lib, and in what way the two differ.

On a seeded random walk of 2 000 bars. `AT_ONCE` rows agree wherever TA-Lib has a value, `SETTLED`
rows from bar 500 on, because the two seed their smoothing differently.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, NamedTuple

import numpy as np
import pytest
import talib as ta

from backtest.indicators.catalog import INDICATORS
from backtest.indicators.series import Series
from backtest.types import Bars, FloatArray, Timeframe

N_BARS = 2_000
SETTLED_AT = 500
ATOL = 1e-9


class Verdict(Enum):
    AT_ONCE = auto()
    SETTLED = auto()


AT_ONCE, SETTLED = Verdict.AT_ONCE, Verdict.SETTLED


class Row(NamedTuple):
    id: str
    settings: dict[str, Any]
    peer: Callable[[Bars], FloatArray]
    verdict: Verdict


def random_walk() -> Bars:
    random = np.random.default_rng(20_240)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, N_BARS)))
    open_ = np.concatenate(([100.0], close[:-1])) * np.exp(random.normal(0, 0.0005, N_BARS))
    high = np.maximum(open_, close) * np.exp(np.abs(random.normal(0, 0.002, N_BARS)))
    low = np.minimum(open_, close) * np.exp(-np.abs(random.normal(0, 0.002, N_BARS)))
    return Bars(
        timeframe=Timeframe.M1,
        ts_open=np.arange(N_BARS) * 60_000,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=random.lognormal(4, 0.8, N_BARS),
        target_start=0,
        target_stop=N_BARS,
    )


BARS = random_walk()
C = {"source": "close"}
CROSS = C | {"fast_window": 10, "slow_window": 30}
SMA = ta.MA_Type.SMA


def lagged(x: FloatArray, n: int) -> FloatArray:
    return np.concatenate((np.full(n, np.nan), x[:-n]))


def vwma(b: Bars, price: FloatArray, w: int) -> FloatArray:
    return ta.SUM(price * b.volume, w) / ta.SUM(b.volume, w)


def hma(x: FloatArray, w: int) -> FloatArray:
    return ta.WMA(2 * ta.WMA(x, w // 2) - ta.WMA(x, w), int(np.sqrt(w)))


def wilder_mean(x: FloatArray, w: int) -> FloatArray:
    nothing = np.zeros_like(x)
    return ta.ATR(x, nothing, nothing, w)


def typical(b: Bars) -> FloatArray:
    return ta.TYPPRICE(b.high, b.low, b.close)


def volatility(x: FloatArray, w: int, annualization: int) -> FloatArray:
    return ta.STDDEV(np.log(x / lagged(x, 1)), w, 1) * np.sqrt(annualization) * 100


def bandwidth(x: FloatArray, w: int, mult: float) -> FloatArray:
    upper, middle, lower = ta.BBANDS(x, w, mult, mult, SMA)
    return (upper - lower) / middle


def percent_b(x: FloatArray, w: int, mult: float) -> FloatArray:
    upper, _, lower = ta.BBANDS(x, w, mult, mult, SMA)
    return (x - lower) / (upper - lower)


def fisher(b: Bars, w: int) -> FloatArray:
    top, bottom = ta.MAX(b.high, w), ta.MIN(b.low, w)
    place = 2 * (ta.MEDPRICE(b.high, b.low) - bottom) / (top - bottom) - 1
    return np.arctanh(np.clip(place, -0.999, 0.999))


def ichimoku(b: Bars, conversion: int, base: int, displacement: int) -> FloatArray:
    lead = (ta.MIDPRICE(b.high, b.low, conversion) + ta.MIDPRICE(b.high, b.low, base)) / 2
    return lagged(lead, displacement)


def vortex(b: Bars, w: int) -> FloatArray:
    moved = np.abs(b.high - lagged(b.low, 1))
    return ta.SUM(moved, w) / ta.SUM(ta.TRANGE(b.high, b.low, b.close), w)


def chaikin(b: Bars, w: int) -> FloatArray:
    flow = ((b.close - b.low) - (b.high - b.close)) / (b.high - b.low) * b.volume
    return ta.SUM(flow, w) / ta.SUM(b.volume, w)


def upper_vwap(b: Bars, w: int, mult: float) -> FloatArray:
    middle = vwma(b, typical(b), w)
    return middle + mult * ta.STDDEV(typical(b) - middle, w, 1)


ROWS = (
    Row("ma.sma", C | {"window": 20}, lambda b: ta.SMA(b.close, 20), AT_ONCE),
    Row("ma.ema", C | {"window": 20}, lambda b: ta.EMA(b.close, 20), SETTLED),
    Row("ma.rma", C | {"window": 14}, lambda b: wilder_mean(b.close, 14), SETTLED),
    Row("ma.wma", C | {"window": 20}, lambda b: ta.WMA(b.close, 20), AT_ONCE),
    Row("ma.lwma", C | {"window": 20}, lambda b: ta.WMA(b.close, 20), AT_ONCE),
    Row("ma.vwma", {"window": 20}, lambda b: vwma(b, b.close, 20), AT_ONCE),
    Row("ma.dema", C | {"window": 20}, lambda b: ta.DEMA(b.close, 20), SETTLED),
    Row("ma.tema", C | {"window": 20}, lambda b: ta.TEMA(b.close, 20), SETTLED),
    Row("ma.hma", C | {"window": 20}, lambda b: hma(b.close, 20), AT_ONCE),
    Row(
        "ma.zlema",
        C | {"window": 20},
        lambda b: ta.EMA(2 * b.close - lagged(b.close, 9), 20),
        SETTLED,
    ),
    Row("cross.sma", CROSS, lambda b: ta.SMA(b.close, 10) - ta.SMA(b.close, 30), AT_ONCE),
    Row("cross.ema", CROSS, lambda b: ta.EMA(b.close, 10) - ta.EMA(b.close, 30), SETTLED),
    Row(
        "cross.rma",
        C | {"fast_window": 5, "slow_window": 14},
        lambda b: wilder_mean(b.close, 5) - wilder_mean(b.close, 14),
        SETTLED,
    ),
    Row("volatility.tr", {}, lambda b: ta.TRANGE(b.high, b.low, b.close), AT_ONCE),
    Row("volatility.atr", {"window": 14}, lambda b: ta.ATR(b.high, b.low, b.close, 14), SETTLED),
    Row("volatility.stddev", C | {"window": 20}, lambda b: ta.STDDEV(b.close, 20, 1), AT_ONCE),
    Row("volatility.variance", C | {"window": 20}, lambda b: ta.VAR(b.close, 20, 1), AT_ONCE),
    Row(
        "volatility.hv",
        C | {"window": 30, "annualization": 365},
        lambda b: volatility(b.close, 30, 365),
        AT_ONCE,
    ),
    Row("volatility.bbands", C | {"window": 20}, lambda b: ta.BBANDS(b.close, 20)[1], AT_ONCE),
    Row(
        "volatility.bbands_bandwidth",
        C | {"window": 20, "mult": 2.0},
        lambda b: bandwidth(b.close, 20, 2.0),
        AT_ONCE,
    ),
    Row(
        "volatility.bbands_percent_b",
        C | {"window": 20, "mult": 2.0},
        lambda b: percent_b(b.close, 20, 2.0),
        AT_ONCE,
    ),
    Row("momentum.roc", C | {"window": 14}, lambda b: ta.ROC(b.close, 14), AT_ONCE),
    Row("momentum.rsi", C | {"window": 14}, lambda b: ta.RSI(b.close, 14), SETTLED),
    Row(
        "momentum.stoch",
        {"k_window": 14, "smoothing": 3},
        lambda b: ta.STOCH(b.high, b.low, b.close, 14, 3, SMA, 3, SMA)[0],
        AT_ONCE,
    ),
    Row(
        "momentum.stoch_rsi",
        C | {"rsi_window": 14, "k_window": 14, "smoothing": 3},
        lambda b: ta.STOCHRSI(b.close, 14, 14, 3, SMA)[1],
        SETTLED,
    ),
    Row(
        "momentum.williams_r",
        {"window": 14},
        lambda b: ta.WILLR(b.high, b.low, b.close, 14),
        AT_ONCE,
    ),
    Row("momentum.cci", {"window": 14}, lambda b: ta.CCI(b.high, b.low, b.close, 14), AT_ONCE),
    Row(
        "momentum.macd",
        C | {"fast_window": 12, "slow_window": 26},
        lambda b: ta.MACD(b.close, 12, 26, 9)[0],
        SETTLED,
    ),
    Row(
        "momentum.ppo",
        C | {"fast_window": 12, "slow_window": 26},
        lambda b: ta.PPO(b.close, 12, 26, ta.MA_Type.EMA),
        SETTLED,
    ),
    Row("momentum.trix", C | {"window": 15}, lambda b: ta.TRIX(b.close, 15), SETTLED),
    Row("momentum.fisher", {"window": 14}, lambda b: fisher(b, 14), AT_ONCE),
    Row(
        "trend.adx",
        {"window": 14, "smoothing": 14},
        lambda b: ta.ADX(b.high, b.low, b.close, 14),
        SETTLED,
    ),
    Row(
        "trend.aroon",
        {"window": 20},
        lambda b: ta.AROONOSC(b.high, b.low, 19) * 19 / 20,
        AT_ONCE,
    ),
    Row(
        "trend.chandelier_exit",
        {"window": 20, "mult": 2.0},
        lambda b: ta.MAX(b.high, 20) - 2 * ta.ATR(b.high, b.low, b.close, 20),
        SETTLED,
    ),
    Row("trend.donchian", {"window": 20}, lambda b: ta.MIDPRICE(b.high, b.low, 20), AT_ONCE),
    Row(
        "trend.ichimoku",
        {"conversion_window": 9, "base_window": 26, "displacement": 26},
        lambda b: ichimoku(b, 9, 26, 26),
        AT_ONCE,
    ),
    Row("trend.keltner", {"window": 20}, lambda b: ta.EMA(typical(b), 20), SETTLED),
    Row(
        "trend.linreg_slope",
        C | {"window": 20},
        lambda b: ta.LINEARREG_SLOPE(b.close, 20),
        AT_ONCE,
    ),
    Row("trend.vortex", {"window": 20}, lambda b: vortex(b, 20), AT_ONCE),
    Row("volume.ad_line", {}, lambda b: ta.AD(b.high, b.low, b.close, b.volume), AT_ONCE),
    Row("volume.cmf", {"window": 20}, lambda b: chaikin(b, 20), AT_ONCE),
    Row(
        "volume.mfi",
        {"window": 20},
        lambda b: ta.MFI(b.high, b.low, b.close, b.volume, 20),
        AT_ONCE,
    ),
    Row("volume.obv", {}, lambda b: ta.OBV(b.close, b.volume) - b.volume[0], AT_ONCE),
    Row("volume.volume_sma", {"window": 20}, lambda b: ta.SMA(b.volume, 20), AT_ONCE),
    Row("volume.vwap", {"window": 20}, lambda b: vwma(b, typical(b), 20), AT_ONCE),
    Row(
        "volume.vwap_deviation",
        {"window": 20, "mult": 2.0},
        lambda b: upper_vwap(b, 20, 2.0),
        AT_ONCE,
    ),
    Row(
        "structure.distance_to_ma_norm",
        C | {"window": 20},
        lambda b: (b.close - ta.EMA(b.close, 20)) / ta.ATR(b.high, b.low, b.close, 20),
        SETTLED,
    ),
    Row(
        "structure.zscore",
        C | {"window": 20},
        lambda b: (b.close - ta.SMA(b.close, 20)) / ta.STDDEV(b.close, 20, 1),
        AT_ONCE,
    ),
)

# TA-Lib numbers that need the stated correction before they agree, or rules of their own.
DIFFERENT = {"trend.aroon", "volume.obv", "trend.psar"}
WITHOUT_COUNTERPART = {
    "trend.supertrend",
    "structure.candle_stats",
    "structure.candle_stats_atr_norm",
    "structure.percent_rank",
    "structure.pivots",
    "structure.pivot_high",
    "structure.pivot_low",
}


def compute(id_: str, **settings: Any) -> FloatArray:
    return INDICATORS[id_].compute(Series.of(BARS), **settings)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.id} {row.verdict.name.lower()}")
def test_indicator_agrees_with_talib(row: Row) -> None:
    ours = compute(row.id, **row.settings)
    theirs = row.peer(BARS)

    since = SETTLED_AT if row.verdict is SETTLED else 0
    both = np.flatnonzero(np.isfinite(theirs) & np.isfinite(ours))
    both = both[both >= since]
    assert len(both) > N_BARS - since - 60
    assert np.all(np.isfinite(ours[np.isfinite(theirs)][1:]))
    np.testing.assert_allclose(ours[both], theirs[both], rtol=0, atol=ATOL)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.verdict is SETTLED], ids=lambda row: row.id
)
def test_settled_rows_start_apart(row: Row) -> None:
    ours = compute(row.id, **row.settings)
    theirs = row.peer(BARS)

    apart = np.abs(ours - theirs)[:SETTLED_AT]

    assert np.nanmax(apart) > 1e-3


def test_every_indicator_is_compared_or_known_to_have_no_counterpart() -> None:
    compared = {row.id for row in ROWS} | {"trend.psar"}

    assert compared.isdisjoint(WITHOUT_COUNTERPART)
    assert compared | WITHOUT_COUNTERPART == set(INDICATORS)


def test_verdicts_add_up_to_the_documented_counts() -> None:
    plain = [row for row in ROWS if row.id not in DIFFERENT]

    assert sum(row.verdict is AT_ONCE for row in plain) == 29
    assert sum(row.verdict is SETTLED for row in plain) == 17
    assert len(DIFFERENT) == 3
    assert len(WITHOUT_COUNTERPART) == 7


def test_aroon_looks_at_one_bar_less_than_talib() -> None:
    ours = compute("trend.aroon", window=20)
    theirs = ta.AROONOSC(BARS.high, BARS.low, 20)

    assert np.nanmax(np.abs(ours - theirs)) > 90


def test_obv_leaves_out_the_first_volume() -> None:
    ours = compute("volume.obv")
    theirs = ta.OBV(BARS.close, BARS.volume)

    np.testing.assert_allclose(theirs[1:] - ours[1:], BARS.volume[0], rtol=0, atol=ATOL)


def test_psar_differs_from_talib_by_three_rules_only() -> None:
    ours = compute("trend.psar", accel_start=0.02, accel_step=0.02, accel_max=0.2)
    theirs = ta.SAR(BARS.high, BARS.low, 0.02, 0.2)

    np.testing.assert_array_equal(ours, stop_and_reverse(is_wilder=False))
    wilder = stop_and_reverse(is_wilder=True)
    np.testing.assert_allclose(wilder[1:], theirs[1:], rtol=0, atol=1e-12)
    assert np.nanmax(np.abs(ours - theirs)) > 1
    is_same_side = (BARS.close > ours) == (BARS.close > theirs)
    assert np.mean(is_same_side[1:]) > 0.97


def stop_and_reverse(*, is_wilder: bool) -> FloatArray:
    """Parabolic SAR at 0.02/0.02/0.2, with or without Wilder's two-bar limits and flip on touch.

    Wilder's form starts like TA-Lib's: at bar 1, on the side of the larger directional movement.
    """
    high, low = BARS.high, BARS.low
    out = np.full(N_BARS, np.nan)
    first = 1 if is_wilder else 0
    is_up = not is_wilder or low[0] - low[1] <= max(high[1] - high[0], 0)
    sar, extreme, factor = (low[0], high[first], 0.02) if is_up else (high[0], low[first], 0.02)
    out[0] = sar
    for t in range(1, N_BARS):
        if t > first:
            sar += factor * (extreme - sar)
        since = max(t - 2, 1) if is_wilder else t - 1
        sar = min([sar, *low[since:t]]) if is_up else max([sar, *high[since:t]])
        is_touched = low[t] <= sar if is_up else high[t] >= sar
        is_crossed = low[t] < sar if is_up else high[t] > sar
        if is_touched if is_wilder else is_crossed:
            is_up = not is_up
            sar = extreme
            since = max(t - 1, 1) if is_wilder else t + 1
            sar = min([sar, *low[since : t + 1]]) if is_up else max([sar, *high[since : t + 1]])
            extreme, factor = (high[t] if is_up else low[t]), 0.02
        elif (high[t] > extreme) if is_up else (low[t] < extreme):
            extreme, factor = (high[t] if is_up else low[t]), min(0.2, factor + 0.02)
        out[t] = sar
    return out
