"""Stages of a request whose bars are there and whose bit rows can be made: one part of a run."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from backtest.control import Control
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.stages import Stages
from backtest.engine.signal_rows.combos import Combos
from backtest.engine.signal_rows.rows import Readers
from backtest.engine.workers.accelerator import Accelerator
from backtest.engine.workers.chunks import Workers
from backtest.indicators.series import Series
from backtest.plan import make_plan
from backtest.timeline import fill_bars, load_range
from benchmarks.bars import WalkFeed
from benchmarks.engine_run import policy, settings
from benchmarks.grids import Body
from benchmarks.machine import n_processors
from schema.parse import parse_request


@contextmanager
def prepared(body: Body, accelerator: Accelerator, *, with_ledger: bool) -> Iterator[Stages]:
    """Stages of a request whose bit rows are made."""
    asked = parse_request(body)
    assert asked.template is not None
    plan = make_plan(asked, asked.template, policy(n_processors()), settings().grid_defaults)
    chosen = plan.settings
    start_ms, stop_ms = load_range(chosen.time_range, chosen.timeframe, chosen.warmup_bars)
    control = Control()
    span: dict[str, Any] = {"start_ms": start_ms, "stop_ms": stop_ms}
    buckets = WalkFeed().load(chosen.instrument, chosen.timeframe, **span, control=control)
    bars = fill_bars(buckets, chosen.timeframe, chosen.time_range, **span)
    with closing(Workers(n_processors(), accelerator)) as workers:
        readers = Readers(Series.of(bars), bars.target_start, bars.target_stop)
        yield Stages(
            Combos(plan.grid, readers, workers, control), TargetSlice.of(bars, chosen), workers,
            control, with_ledger=with_ledger,
        )  # fmt: skip
