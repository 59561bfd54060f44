"""Synthetic minutes that look like a market: for demonstrations and load tests, never for research.

The log price is a random walk without drift whose volatility is a stationary process in the log
(after Taylor, Modelling Financial Time Series, 1986, chapter 3), so that calm and wild hours come
in clusters. A daily shape that peaks in the afternoon UTC multiplies volatility and volume; volume
also grows with the size of the move.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.adapters.candles.table import Minutes
from backtest.types import MINUTE_MS, FloatArray, IntArray

SYNTHETIC_SOURCE = "synthetic"

_MINUTES_PER_HOUR = 60
_HOUR_PERSISTENCE = 0.97
_LOG_VOLATILITY_SPREAD = 0.45
_STUDENT_FREEDOM = 5
_MEAN_GAP_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticMarket:
    """What to generate.

    `first_ms` is epoch milliseconds on a whole minute, `volatility_rate` the standard deviation
    of a day's log return, `gap_rate` the expected fraction of minutes that are missing.
    """

    first_ms: int
    n_minutes: int
    seed: int
    start_price: float = 30_000.0
    volatility_rate: float = 0.03
    mean_volume_base: float = 20.0
    gap_rate: float = 0.0


def generate(market: SyntheticMarket) -> Minutes:
    """Consecutive minutes, ascending; the same market always gives the same numbers."""
    rng = np.random.default_rng(market.seed)
    n = market.n_minutes
    ts_open = market.first_ms + MINUTE_MS * np.arange(n, dtype=np.int64)
    daily = _daily_shape(ts_open)
    minute_rate = market.volatility_rate / np.sqrt(1_440.0) * daily * _clusters(rng, n)
    shocks = rng.standard_t(_STUDENT_FREEDOM, n) / np.sqrt(_STUDENT_FREEDOM / 3)
    closes = np.log(market.start_price) + np.cumsum(minute_rate * shocks - minute_rate**2 / 2)
    opens = np.concatenate(([np.log(market.start_price)], closes[:-1]))
    highs = np.maximum(opens, closes) + minute_rate * rng.exponential(0.4, n)
    lows = np.minimum(opens, closes) - minute_rate * rng.exponential(0.4, n)
    moves = 1 + np.abs(shocks)
    volume = market.mean_volume_base * daily**2 * moves * rng.lognormal(-0.5, 0.8, n)
    decimals = _price_decimals(market.start_price)
    columns = {
        "open": _prices(opens, decimals),
        "high": _prices(highs, decimals),
        "low": _prices(lows, decimals),
        "close": _prices(closes, decimals),
    }
    columns["volume_base"] = np.round(volume, 5)
    minutes = Minutes(ts_open=ts_open, columns=columns)
    return minutes.take(~_gaps(rng, n, market.gap_rate))


def _daily_shape(ts_open: IntArray) -> FloatArray:
    """Between 0.6 in the night and 1.4 in the afternoon, UTC; mean 1."""
    day_fraction = (ts_open % (1_440 * MINUTE_MS)) / (1_440 * MINUTE_MS)
    return 1.0 - 0.4 * np.cos(2 * np.pi * (day_fraction - 1 / 8))


def _clusters(rng: np.random.Generator, n: int) -> FloatArray:
    """Volatility relative to its mean square, shape (n,), constant within an hour."""
    n_hours = -(-n // _MINUTES_PER_HOUR)
    innovations = rng.normal(0.0, np.sqrt(1 - _HOUR_PERSISTENCE**2), n_hours)
    levels = np.empty(n_hours)
    level = rng.normal()
    for hour in range(n_hours):
        level = _HOUR_PERSISTENCE * level + innovations[hour]
        levels[hour] = level
    hourly = np.exp(_LOG_VOLATILITY_SPREAD * levels - _LOG_VOLATILITY_SPREAD**2)
    return np.repeat(hourly, _MINUTES_PER_HOUR)[:n]


def _prices(logs: FloatArray, decimals: int) -> FloatArray:
    return np.exp(logs).round(decimals)


def _price_decimals(start_price: float) -> int:
    """As many decimals as leave seven digits of the first price."""
    return max(0, 6 - int(np.floor(np.log10(start_price))))


def _gaps(rng: np.random.Generator, n: int, gap_rate: float) -> NDArray[np.bool_]:
    """Which minutes are missing, in stretches of fifteen minutes on average; never the first."""
    is_missing = np.zeros(n, dtype=np.bool_)
    n_stretches = round(n * gap_rate / _MEAN_GAP_MINUTES)
    starts = rng.integers(1, max(n, 2), n_stretches)
    lengths = rng.geometric(1 / _MEAN_GAP_MINUTES, n_stretches)
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        is_missing[start : start + length] = True
    return is_missing
