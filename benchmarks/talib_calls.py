"""TA-Lib's counterpart of an indicator for one setting, whole: every step that its users make.

How far the numbers agree is shown by tests/backtest/indicators/test_talib_agreement.py.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import talib

from backtest.indicators.series import Series
from backtest.types import FloatArray

TalibCall = Callable[..., FloatArray]


def _ranges(s: Series) -> tuple[FloatArray, FloatArray, FloatArray]:
    return s["high"], s["low"], s["close"]


def _lagged(x: FloatArray, n: int) -> FloatArray:
    return np.concatenate((np.full(n, np.nan), x[:-n]))


def _hma(s: Series, source: str, window: int) -> FloatArray:
    x = s[source]
    apart = 2 * talib.WMA(x, max(2, window // 2)) - talib.WMA(x, window)
    return talib.WMA(apart, max(2, int(np.sqrt(window))))


def _zlema(s: Series, source: str, window: int) -> FloatArray:
    x = s[source]
    return talib.EMA(2 * x - _lagged(x, max(1, (window - 1) // 2)), window)


def _rma(s: Series, source: str, window: int) -> FloatArray:
    nothing = np.zeros_like(s[source])
    return talib.ATR(s[source], nothing, nothing, window)


def _weighted(s: Series, x: FloatArray, window: int) -> FloatArray:
    return talib.SUM(x * s["volume"], window) / talib.SUM(s["volume"], window)


def _hv(s: Series, source: str, window: int, annualization: int) -> FloatArray:
    growth = np.log(s[source] / _lagged(s[source], 1))
    return talib.STDDEV(growth, window, 1) * np.sqrt(annualization) * 100


def _bandwidth(s: Series, source: str, window: int, mult: float) -> FloatArray:
    upper, middle, lower = talib.BBANDS(s[source], window, mult, mult)
    return (upper - lower) / middle


def _percent_b(s: Series, source: str, window: int, mult: float) -> FloatArray:
    upper, _, lower = talib.BBANDS(s[source], window, mult, mult)
    return (s[source] - lower) / (upper - lower)


def _fisher(s: Series, window: int) -> FloatArray:
    top, bottom = talib.MAX(s["high"], window), talib.MIN(s["low"], window)
    place = 2 * (s["hl2"] - bottom) / (top - bottom) - 1
    return np.arctanh(np.clip(place, -0.999, 0.999))


def _ichimoku(s: Series, conversion_window: int, base_window: int, displacement: int) -> FloatArray:
    high, low, _ = _ranges(s)
    conversion = talib.MIDPRICE(high, low, conversion_window)
    return _lagged((conversion + talib.MIDPRICE(high, low, base_window)) / 2, displacement)


def _vortex(s: Series, window: int) -> FloatArray:
    moved = np.abs(s["high"] - _lagged(s["low"], 1))
    return talib.SUM(moved, window) / talib.SUM(talib.TRANGE(*_ranges(s)), window)


def _cmf(s: Series, window: int) -> FloatArray:
    high, low, close = _ranges(s)
    flow = ((close - low) - (high - close)) / (high - low) * s["volume"]
    return talib.SUM(flow, window) / talib.SUM(s["volume"], window)


def _vwap_deviation(s: Series, window: int, mult: float) -> FloatArray:
    middle = _weighted(s, s["hlc3"], window)
    return middle + mult * talib.STDDEV(s["hlc3"] - middle, window, 1)


def _chandelier(s: Series, window: int, mult: float) -> FloatArray:
    return talib.MAX(s["high"], window) - mult * talib.ATR(*_ranges(s), window)


def _distance(s: Series, source: str, window: int) -> FloatArray:
    return (s[source] - talib.EMA(s[source], window)) / talib.ATR(*_ranges(s), window)


def _zscore(s: Series, source: str, window: int) -> FloatArray:
    x = s[source]
    return (x - talib.SMA(x, window)) / talib.STDDEV(x, window, 1)


def _of_source(function: Callable[..., Any]) -> TalibCall:
    return lambda s, source, window: function(s[source], window)


def _crossing(average: Callable[..., FloatArray]) -> TalibCall:
    return lambda s, source, fast_window, slow_window: (
        average(s[source], fast_window) - average(s[source], slow_window)
    )


def _of_ranges(function: Callable[..., Any]) -> TalibCall:
    return lambda s, window: function(*_ranges(s), window)


TALIB: dict[str, TalibCall] = {
    "ma.dema": _of_source(talib.DEMA),
    "ma.ema": _of_source(talib.EMA),
    "ma.hma": _hma,
    "ma.lwma": _of_source(talib.WMA),
    "ma.rma": _rma,
    "ma.sma": _of_source(talib.SMA),
    "ma.tema": _of_source(talib.TEMA),
    "ma.vwma": lambda s, window: _weighted(s, s["close"], window),
    "ma.wma": _of_source(talib.WMA),
    "ma.zlema": _zlema,
    "cross.ema": _crossing(talib.EMA),
    "cross.rma": lambda s, source, fast_window, slow_window: (
        _rma(s, source, fast_window) - _rma(s, source, slow_window)
    ),
    "cross.sma": _crossing(talib.SMA),
    "volatility.atr": _of_ranges(talib.ATR),
    "volatility.bbands": lambda s, source, window: talib.BBANDS(s[source], window)[1],
    "volatility.bbands_bandwidth": _bandwidth,
    "volatility.bbands_percent_b": _percent_b,
    "volatility.hv": _hv,
    "volatility.stddev": _of_source(talib.STDDEV),
    "volatility.tr": lambda s: talib.TRANGE(*_ranges(s)),
    "volatility.variance": _of_source(talib.VAR),
    "momentum.cci": _of_ranges(talib.CCI),
    "momentum.fisher": _fisher,
    "momentum.macd": lambda s, source, fast_window, slow_window: talib.MACD(
        s[source], fast_window, slow_window, 9
    )[0],
    "momentum.ppo": lambda s, source, fast_window, slow_window: talib.PPO(
        s[source], fast_window, slow_window, talib.MA_Type.EMA
    ),
    "momentum.roc": _of_source(talib.ROC),
    "momentum.rsi": _of_source(talib.RSI),
    "momentum.stoch": lambda s, k_window, smoothing: talib.STOCH(
        *_ranges(s), k_window, smoothing, talib.MA_Type.SMA, 3
    )[0],
    "momentum.stoch_rsi": lambda s, source, rsi_window, k_window, smoothing: talib.STOCHRSI(
        s[source], rsi_window, k_window, smoothing
    )[1],
    "momentum.trix": _of_source(talib.TRIX),
    "momentum.williams_r": _of_ranges(talib.WILLR),
    "trend.adx": lambda s, window, smoothing: talib.ADX(*_ranges(s), window),
    "trend.aroon": lambda s, window: talib.AROONOSC(s["high"], s["low"], window - 1),
    "trend.chandelier_exit": _chandelier,
    "trend.donchian": lambda s, window: talib.MIDPRICE(s["high"], s["low"], window),
    "trend.ichimoku": _ichimoku,
    "trend.keltner": lambda s, window: talib.EMA(s["hlc3"], window),
    "trend.linreg_slope": _of_source(talib.LINEARREG_SLOPE),
    "trend.psar": lambda s, accel_start, accel_step, accel_max: talib.SAREXT(
        s["high"],
        s["low"],
        0,
        0,
        accel_start,
        accel_step,
        accel_max,
        accel_start,
        accel_step,
        accel_max,
    ),
    "trend.vortex": _vortex,
    "volume.ad_line": lambda s: talib.AD(*_ranges(s), s["volume"]),
    "volume.cmf": _cmf,
    "volume.mfi": lambda s, window: talib.MFI(*_ranges(s), s["volume"], window),
    "volume.obv": lambda s: talib.OBV(s["close"], s["volume"]),
    "volume.volume_sma": lambda s, window: talib.SMA(s["volume"], window),
    "volume.vwap": lambda s, window: _weighted(s, s["hlc3"], window),
    "volume.vwap_deviation": _vwap_deviation,
    "structure.distance_to_ma_norm": _distance,
    "structure.zscore": _zscore,
}
