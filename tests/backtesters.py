"""A backtester over candles in memory, without stores, strategies or default axes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np

from backtest.axes import Axis
from backtest.control import Control
from backtest.policy import RunPolicy
from backtest.ports import CandleFeed
from backtest.request import RunRequest, Template
from backtest.result import RunResult
from backtest.run import Backtester
from backtest.types import MINUTE_MS, Ranking
from tests.memory_feed import MemoryFeed

USER = UUID(int=1)

POLICY = RunPolicy(
    warmup_bars=30,
    top_k=50,
    preselect=1_000,
    top_trades_n=3,
    ranking=Ranking(),
    init_cash_quote=10_000.0,
    fixed_quote=100.0,
    safe_profit_percent=30.0,
    slippage_pct=0.01,
    fee_pct_by_market_id={1: 0.075, 2: 0.1},
    max_variants_per_compute=600_000,
    max_compute_bytes_total=5 << 30,
    answer_max_bytes=1 << 30,
    deadline_s=None,
    eager_reports=True,
    threads=2,
)


class NoDefaults:
    def indicator_axes(self, indicator_id: str) -> dict[str, Axis]:
        return {}

    def signal_axes(self, indicator_id: str) -> dict[str, Axis]:
        return {}


class NoStrategies:
    def find(self, strategy_id: UUID) -> None:
        return None

    def ping(self) -> None:
        return None


def no_spec(spec: object) -> Template:
    raise AssertionError("no strategy is saved here")


@contextmanager
def backtester_over(candles: CandleFeed, **policy: Any) -> Iterator[Backtester]:
    """A backtester whose threads end with the block; `policy` replaces members of `POLICY`."""
    backtester = Backtester(
        candles=candles,
        strategies=NoStrategies(),
        defaults=NoDefaults(),
        read_spec=no_spec,
        policy=replace(POLICY, **policy),
    )
    try:
        yield backtester
    finally:
        backtester.close()


def answer(candles: CandleFeed, request: RunRequest, **policy: Any) -> RunResult:
    """One run from start to end."""
    with backtester_over(candles, **policy) as backtester:
        return backtester.run(request, user_id=USER, control=Control())


def minute_candles(
    n_minutes: int, *, seed: int = 1, tick: float = 1 / 64, drift: float = 0.0
) -> dict[str, np.ndarray]:
    """A random walk in ticks from minute 0 of the epoch on, prices exact in float32."""
    random = np.random.default_rng(seed)
    steps = np.cumsum(random.normal(drift, 0.3, n_minutes))
    close = np.maximum(np.round((100 + steps) / tick), 1) * tick
    opened = np.concatenate((close[:1], close[:-1]))
    wicks = np.round(random.exponential(0.2, (2, n_minutes)) / tick) * tick
    return {
        "ts_open": np.arange(n_minutes) * MINUTE_MS,
        "open": opened,
        "high": np.maximum(opened, close) + wicks[0],
        "low": np.maximum(np.minimum(opened, close) - wicks[1], tick / 2),
        "close": close,
        "volume": random.integers(0, 50, n_minutes).astype(np.float64),
    }


def feed(n_minutes: int, *, seed: int = 1, **shape: float) -> MemoryFeed:
    return MemoryFeed(minute_candles(n_minutes, seed=seed, **shape))
