"""Stage A and Stage B over signals that are given instead of computed."""

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

from backtest.control import Control
from backtest.engine.bits.bitops import words_for
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.slabs import slabs_of
from backtest.engine.pipeline.stages import Stages
from backtest.engine.signal_rows.combos import Batch, Combos
from backtest.engine.workers.chunks import Workers
from backtest.policy import RunSettings
from backtest.types import (
    MINUTE_MS,
    Bars,
    FloatArray,
    Instrument,
    IntArray,
    Ranking,
    SignalArray,
    Timeframe,
    TimeRange,
    WordArray,
)
from tests.oracle.engine import Setup

ONE_THREAD = Workers(1)


def bit_rows(signal: SignalArray) -> WordArray:
    """Long and short bit rows of a signal, shape (2, n_words)."""
    out = np.zeros((2, words_for(len(signal))), np.uint64)
    for row, side in zip(out, (1, -1), strict=True):
        packed = np.packbits(signal == side, bitorder="little")
        row.view(np.uint8)[: len(packed)] = packed
    return out


class GivenCombos:
    """Serves signals as the rows of one fast indicator, all at once."""

    def __init__(self, signals: Sequence[SignalArray]) -> None:
        self._rows = np.stack([bit_rows(signal) for signal in signals])
        self.slow_rows = np.empty((0, *self._rows.shape[1:]), np.uint64)
        self.n_outer, self.n_fast = 1, len(signals)

    def slow_ids(self, outers: IntArray) -> IntArray:
        return np.empty((len(outers), 0), np.int64)

    def fast_blocks(self) -> Iterator[tuple[int, WordArray]]:
        yield 0, self._rows

    def batches(self, combos: IntArray) -> Iterator[Batch]:
        places = np.arange(len(combos))
        yield Batch(places, np.empty((len(combos), 0), np.int64), combos, self._rows)


def settings_for(setup: Setup, n_bars: int) -> RunSettings:
    return RunSettings(
        time_range=TimeRange(start_ms=0, end_ms=(n_bars + 1) * MINUTE_MS),
        instrument=Instrument(market_id=1, symbol="BTCUSDT"),
        timeframe=Timeframe.M1,
        direction_mode=setup.direction,
        sizing_mode=setup.sizing,
        execution=setup.execution,
        ranking=Ranking(),
        warmup_bars=1,
        top_k=1,
        preselect=1,
        top_trades_n=1,
        eager_reports=True,
    )


def bars_of(close: FloatArray) -> Bars:
    """Bars that all trade; nothing but the close matters to the engine."""
    return Bars(
        timeframe=Timeframe.M1,
        ts_open=np.arange(len(close)) * MINUTE_MS,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=close,
        target_start=0,
        target_stop=len(close),
    )


def stages_over(
    close: FloatArray, setup: Setup, signals: Sequence[SignalArray], *, with_ledger: bool = False
) -> Stages:
    """Stages whose combo `i` is signal `i`."""
    target = TargetSlice.of(bars_of(close), settings_for(setup, len(close)))
    combos = cast("Combos", GivenCombos(signals))
    return Stages(combos, target, ONE_THREAD, Control(), with_ledger=with_ledger)


def fast_scores(stages: Stages) -> FloatArray:
    """Fast scores of all combos, shape (n_combos,)."""
    return np.concatenate([stages.slab_scores(slab) for slab in slabs_of(stages.combos)])
