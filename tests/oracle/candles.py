"""Candle series that are hard on indicators, and a hypothesis strategy for more of them."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from backtest.indicators.series import Series
from backtest.types import Bars, FloatArray, Timeframe

COLUMNS = ("open", "high", "low", "close", "volume")


def series_of(
    close: Sequence[float] | FloatArray,
    *,
    high: Sequence[float] | FloatArray | None = None,
    low: Sequence[float] | FloatArray | None = None,
    volume: Sequence[float] | FloatArray | None = None,
) -> Series:
    """Candles that open at the close before; without `high` and `low` they have no wicks."""
    c = np.asarray(close, np.float64)
    o = np.concatenate((c[:1], c[:-1]))
    named = {
        "open": o,
        "high": np.maximum(o, c) if high is None else np.asarray(high, np.float64),
        "low": np.minimum(o, c) if low is None else np.asarray(low, np.float64),
        "close": c,
        "volume": np.ones_like(c) if volume is None else np.asarray(volume, np.float64),
    }
    return series_from(named)


def series_from(named: dict[str, FloatArray]) -> Series:
    """Minute bars of these columns."""
    n_bars = len(named["close"])
    bars = Bars(
        timeframe=Timeframe.M1,
        ts_open=np.arange(n_bars) * 60_000,
        target_start=0,
        target_stop=n_bars,
        **named,
    )
    return Series.of(bars)


def walk(n_bars: int, *, scale: float = 1.0, offset: float = 0.0, seed: int = 1) -> Series:
    """A random walk of about `100 * scale + offset` with wicks and lively volume."""
    random = np.random.default_rng(seed)
    close = offset + scale * 100 * np.exp(np.cumsum(random.normal(0, 0.01, n_bars)))
    wicks = scale * random.exponential(0.5, (2, n_bars))
    before = np.concatenate((close[:1], close[:-1]))
    return series_of(
        close,
        high=np.maximum(close, before) + wicks[0],
        low=np.minimum(close, before) - wicks[1],
        volume=random.lognormal(3, 2, n_bars),
    )


def with_standstills(n_bars: int, runs: Sequence[range]) -> Series:
    """A walk in decimal prices whose given bars repeat the close before, without volume."""
    moving = walk(n_bars, seed=2)
    close, high, low, volume = (
        np.round(moving[name], 2) for name in ("close", "high", "low", "volume")
    )
    for run in runs:
        held = slice(run.start, run.stop)
        close[held] = high[held] = low[held] = close[max(run.start - 1, 0)]
        volume[held] = 0.0
    high = np.maximum(high, np.concatenate((close[:1], close[:-1])))
    low = np.minimum(low, np.concatenate((close[:1], close[:-1])))
    for run in runs:
        held = slice(run.start, run.stop)
        high[held] = low[held] = close[held]
    return series_of(close, high=high, low=low, volume=volume)


NASTY = {
    "walk": walk(160),
    "huge prices": walk(120, scale=1e10),
    "tiny prices": walk(120, scale=1e-11),
    "large offset": walk(120, offset=1e9),
    "small moves on a large offset": walk(120, scale=1e-3, offset=1e9),
    "coarse ticks": series_of(np.round(walk(160)["close"] / 4) * 4),
    "constant": series_of(np.full(90, 0.1)),
    "constant without volume": series_of(np.full(90, 60_000.01), volume=np.zeros(90)),
    "standstills": with_standstills(200, [range(40, 75), range(110, 113), range(150, 200)]),
    "standstill at the start": with_standstills(120, [range(45)]),
    "no volume": series_of(walk(90)["close"], volume=np.zeros(90)),
    "rising": series_of(np.arange(1.0, 91.0)),
    "falling": series_of(np.arange(90.0, 0.0, -1.0)),
    "jumps": series_of(np.repeat([1.0, 1e6, 0.3, 5e5, 0.7], 24) + walk(120)["close"] / 1e3),
    "two bars": walk(2),
    "one bar": walk(1),
    "fewer bars than a window": walk(11),
}


@st.composite
def candles(draw: st.DrawFn, max_bars: int = 70) -> Series:
    """Candles on a price lattice: many ties, flat bars and bars without volume."""
    tick = draw(st.sampled_from([0.01, 1.0, 1e-9, 1e7, 1 / 64]))
    floor = draw(st.sampled_from([2, 1_000, 10**8]))
    small = st.integers(0, 3)
    rows = draw(
        st.lists(st.tuples(st.integers(-6, 6), small, small, small), min_size=1, max_size=max_bars)
    )
    moves, above, below, traded = (np.array(column) for column in zip(*rows, strict=True))
    path = np.cumsum(moves)
    close = path - path.min() + floor + 4
    before = np.concatenate((close[:1], close[:-1]))
    return series_of(
        close * tick,
        high=(np.maximum(close, before) + above) * tick,
        low=(np.minimum(close, before) - np.minimum(below, floor)) * tick,
        volume=traded * draw(st.sampled_from([1.0, 0.1, 1e6])),
    )


def prefix(series: Series, n_bars: int) -> Series:
    """The first bars of a series."""
    return series_from({name: series[name][:n_bars].copy() for name in COLUMNS})
