"""Bit rows of one indicator of a run: each effective setting is computed once.

Variants that differ only in parameters without influence on the primary output share a row. Rows
are numbered `setting * n_signals + signal`; settings are ordered so that those with a common inner
part come together, whatever the order of the axes.

See: docs/signals.md
"""

import math
import threading
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import cast

import numpy as np

from backtest.axes import Scalar
from backtest.control import Control
from backtest.engine.bits.bitops import words_for
from backtest.engine.workers.chunks import Workers, spans
from backtest.grid import IndicatorAxes
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.series import Series
from backtest.signals.plan import plan_rule
from backtest.signals.rules import RuleReader
from backtest.types import IntArray, WordArray

# rows of one output that are made in one go share its computation and their conditions
ROWS_PER_CHUNK = 64
SIGNALS_PER_CHUNK = 2048


class Readers:
    """What each thread needs to make bit rows: candles with a memory of its own, and a reader.

    See: docs/signals.md
    """

    def __init__(self, series: Series, start: int, stop: int) -> None:
        self._series, self._start, self._stop = series, start, stop
        self._by_thread: dict[int, tuple[Series, RuleReader]] = {}
        self.n_words = words_for(stop - start)

    def mine(self) -> tuple[Series, RuleReader]:
        """The calling thread's own pair."""
        key = threading.get_ident()
        found = self._by_thread.get(key)
        if found is None:
            own = self._series.fork()
            found = self._by_thread[key] = (own, RuleReader(own, self._start, self._stop))
        return found


class IndicatorRows:
    """Numbers and makes the bit rows of one indicator.

    Args:
        entry: The indicator with its materialised axes.
        readers: Per-thread candles and readers.

    See: docs/signals.md
    """

    def __init__(self, entry: IndicatorAxes, readers: Readers) -> None:
        self._entry = entry
        self._readers = readers
        self._order = self._order_of(entry)
        self._strides = strides([len(column) for column in entry.columns])
        self.n_settings = math.prod(len(entry.columns[place]) for place in self._order)
        self.n_signals = entry.n_signals
        assert entry.indicator.rule is not None
        self._rule_plan = plan_rule(entry.indicator.rule, entry.signal_axes)
        self.n_rows = self.n_settings * self.n_signals

    @property
    def row_bytes(self) -> int:
        """Size of one long and one short bit row."""
        return 2 * 8 * self._readers.n_words

    def rows_of(self, computes: IntArray, signals: IntArray) -> IntArray:
        """Rows of variants that are given by their compute and signal indexes, shape (n,)."""
        settings = np.zeros(len(computes), np.int64)
        for place in self._order:
            length = len(self._entry.columns[place])
            settings = settings * length + computes // self._strides[place] % length
        return settings * self.n_signals + signals

    def variants_of(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Compute and signal index of the first variant of each row, shape (n,) each."""
        settings, signals = np.divmod(rows, self.n_signals)
        computes = np.zeros(len(rows), np.int64)
        for place in reversed(self._order):
            settings, digits = np.divmod(settings, len(self._entry.columns[place]))
            computes += digits * self._strides[place]
        return computes, signals

    def alike(self) -> IntArray:
        """What leads from the compute index of a row's first variant to all of its variants.

        Ascending from 0: every choice on the axes that the primary output does not depend on.
        """
        offsets = np.zeros(1, np.int64)
        for place, column in enumerate(self._entry.columns):
            if place not in self._order:
                steps = np.arange(len(column)) * self._strides[place]
                offsets = (offsets[:, None] + steps).reshape(-1)
        return offsets

    def make(self, rows: IntArray, workers: Workers, control: Control) -> WordArray:
        """Bit rows by number, shape (len(rows), 2, n_words).

        Args:
            rows: Ascending row numbers; rows of one setting share its computation.
            workers: Who computes.
            control: The run's handle.
        """
        out = np.empty((len(rows), 2, self._readers.n_words), np.uint64)
        whole_settings = max(1, ROWS_PER_CHUNK // self.n_signals) * self.n_signals
        size = min(whole_settings, SIGNALS_PER_CHUNK)
        chunks = [
            partial(self._write, rows[start:stop], out[start:stop])
            for start, stop in spans(len(rows), size)
        ]
        workers.run("signals", chunks, control)
        return out

    def only(self) -> WordArray:
        """The one row of an indicator that has one, shape (2, n_words), on the calling thread."""
        assert self.n_rows == 1
        out = np.empty((1, 2, self._readers.n_words), np.uint64)
        self._write(np.zeros(1, np.int64), out)
        return out[0]

    def _write(self, rows: IntArray, out: WordArray) -> None:
        series, reader = self._readers.mine()
        row = self._entry.indicator
        reads = self._rule_plan.rule.reads
        computed_by = [INDICATORS[name].compute for name in reads] or [row.compute]
        settings, signals = np.divmod(rows, self.n_signals)
        starts = np.flatnonzero(np.diff(settings, prepend=-1))
        for start, stop in pairwise((*starts.tolist(), len(rows))):
            chosen = self._setting(int(settings[start]))
            outputs = tuple(compute(series, **chosen) for compute in computed_by)
            source = cast("str | None", chosen.get("source"))
            reader.write(self._rule_plan, outputs, source, signals[start:stop], out[start:stop])

    def _setting(self, index: int) -> dict[str, Scalar]:
        chosen: dict[str, Scalar] = {}
        for place in reversed(self._order):
            column = self._entry.columns[place]
            index, digit = divmod(index, len(column))
            chosen |= column.setting(digit)
        return chosen

    @staticmethod
    def _order_of(entry: IndicatorAxes) -> list[int]:
        """Columns that the primary output depends on, those of the inner part first."""
        effective, inner = set(entry.indicator.primary_axes), entry.indicator.inner
        names = {
            place: column.names[0]
            for place, column in enumerate(entry.columns)
            if effective.issuperset(column.names)
        }
        ranks = {name: rank for rank, name in enumerate(inner)}
        return sorted(names, key=lambda place: ranks.get(names[place], len(inner)))


def strides(lengths: Sequence[int]) -> list[int]:
    """What one step of each digit adds to a mixed-radix number, the last digit fastest.

    See: docs/grid.md#numbering
    """
    return [math.prod(lengths[place + 1 :]) for place in range(len(lengths))]
