"""A `Backtester` over the walk, and what one run of it costs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np

from backtest.control import Control
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.stages import Stages
from backtest.engine.scoring.items import N_TRADES
from backtest.engine.signal_rows.combos import Combos
from backtest.engine.signal_rows.rows import Readers
from backtest.engine.workers.chunks import Workers
from backtest.indicators.series import Series
from backtest.plan import Plan, make_plan
from backtest.policy import RunPolicy
from backtest.request import Template
from backtest.run import Backtester
from backtest.timeline import fill_bars, load_range
from backtest.types import Bars
from benchmarks.bars import WalkFeed
from benchmarks.grids import Body
from bff.config.settings import Settings, load_settings
from schema.parse import parse_request

USER = UUID(int=1)
SAMPLED_COMBOS = 500
# As many as a configuration may allow.
MOST_VARIANTS = 1_000_000_000


class NoStrategies:
    def find(self, strategy_id: UUID) -> None:
        del strategy_id

    def ping(self) -> None:
        return None


def no_spec(spec: Mapping[str, Any]) -> Template:
    raise NotImplementedError(spec)


def settings() -> Settings:
    """The development settings, whatever the environment says."""
    return load_settings({"ROEHUB_ENV": "dev"})


def policy(threads: int) -> RunPolicy:
    """The development policy; deadlines and guards are not what is measured."""
    return replace(
        settings().policy(cpus=threads),
        threads=threads,
        deadline_s=None,
        max_variants_per_compute=MOST_VARIANTS,
    )


@contextmanager
def backtester(threads: int) -> Iterator[Backtester]:
    """A use-case over the walk."""
    made = Backtester(
        candles=WalkFeed(),
        strategies=NoStrategies(),
        defaults=settings().grid_defaults,
        read_spec=no_spec,
        policy=policy(threads),
    )
    try:
        yield made
    finally:
        made.close()


def planned(body: Body, feed: WalkFeed) -> tuple[Plan, Bars]:
    """What a run would do, and its bars, warm-up included."""
    asked = parse_request(body)
    assert asked.template is not None
    plan = make_plan(asked, asked.template, policy(1), settings().grid_defaults)
    chosen = plan.settings
    start_ms, stop_ms = load_range(chosen.time_range, chosen.timeframe, chosen.warmup_bars)
    buckets = feed.load(
        chosen.instrument, chosen.timeframe, start_ms=start_ms, stop_ms=stop_ms, control=Control()
    )
    bars = fill_bars(
        buckets, chosen.timeframe, chosen.time_range, start_ms=start_ms, stop_ms=stop_ms
    )
    return plan, bars


def mean_trades(body: Body) -> float:
    """Trades per variant without stop-loss and take-profit, over combos spread evenly."""
    plan, bars = planned(body, WalkFeed())
    control, workers = Control(), Workers(1)
    combos = Combos(
        plan.grid, Readers(Series.of(bars), bars.target_start, bars.target_stop), workers, control
    )
    stages = Stages(combos, TargetSlice.of(bars, plan.settings), workers, control)
    n_combos = combos.n_outer * combos.n_fast
    sample = np.unique(np.linspace(0, n_combos - 1, SAMPLED_COMBOS).astype(np.int64))
    metrics = stages.exact_metrics(sample)
    workers.close()
    return float(metrics[:, N_TRADES].mean())
