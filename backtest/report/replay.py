"""The exact trades of a returned variant, computed again whenever somebody asks.

See: docs/memory.md
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.engine.bits.segments import Segments, empty_segments, find_segments
from backtest.engine.money.daily import Measures
from backtest.engine.money.passage import Passages
from backtest.engine.money.target import TargetSlice
from backtest.engine.money.trades import (
    ENTRY,
    EXIT,
    REASON,
    SIDE,
    TradeLog,
    empty_log,
    replay,
    total_return_pct,
)
from backtest.engine.pipeline.ranking import measures_of, metrics_of, ranking_values
from backtest.engine.scoring.items import N_METRICS, score_trades
from backtest.grid import Grid
from backtest.policy import RunSettings
from backtest.report.intrabar import Extent, what_closes_hide
from backtest.report.metrics import TradeHistory, all_metrics, day_ends, draw_curve
from backtest.report.months import returns_by_month
from backtest.report.sampling import shown_bars
from backtest.report.signals import indicator_rows, stretches_of, together
from backtest.report.standard import standard_ratios
from backtest.report.table import markdown_table, print_rows
from backtest.report.trade_list import REASONS, TradeList
from backtest.result import (
    EquityCurve,
    Intrabar,
    MonthReturn,
    RankingValue,
    Report,
    Risk,
    SignalStretches,
)
from backtest.types import Bars, ExitReason, FloatArray, IntArray, WordArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayInputs:
    """What the replays of one run have in common.

    `ts_close` and `day_ends` are those of a `TradeHistory`.

    See: docs/memory.md
    """

    target: TargetSlice
    settings: RunSettings
    bars: Bars
    grid: Grid
    ts_close: IntArray
    day_ends: IntArray

    @classmethod
    def of(
        cls, target: TargetSlice, settings: RunSettings, bars: Bars, grid: Grid
    ) -> "ReplayInputs":
        """The same with the times of the target slice."""
        ts_close = bars.ts_close[bars.target_start : bars.target_stop]
        return cls(
            target=target, settings=settings, bars=bars, grid=grid,
            ts_close=ts_close, day_ends=day_ends(ts_close),
        )  # fmt: skip


class Shown(NamedTuple):
    """What an answer shows of a variant; what ranked it has the primary metric first."""

    total_return_pct: float
    ranking: tuple[RankingValue, ...]
    report: Report | None


class VariantReplay:
    """One variant's trades, kept small: side, entry, exit and reason; money is computed again.

    Args:
        inputs: The run's target slice, settings and bars.
        base: Its base variant.
        legs: Shape (n_trades, 4) int32, the whole-number part of its trade log.

    See: docs/memory.md
    """

    def __init__(self, inputs: ReplayInputs, base: int, legs: NDArray[np.int32]) -> None:
        self._inputs = inputs
        self._base = base
        self._legs = legs

    @classmethod
    def of(
        cls,
        inputs: ReplayInputs,
        base: int,
        words: WordArray,
        passages: Passages,
        levels: tuple[int, int],
    ) -> "VariantReplay":
        """The replay of a base variant in one cell of the risk plane.

        Args:
            inputs: What the replays of its run have in common.
            base: The base variant.
            words: Shape (2, n_words), its combined bit rows under the sides that may be entered.
            passages: First passages of a tile of the plane.
            levels: Columns of its stop and its profit there.
        """
        target = inputs.target
        segments = empty_segments(target.n_bars)
        n = find_segments(words, words, target.n_bars, segments)
        log = empty_log(n)
        n = replay(target.prices.close, target.terms, segments, n, passages, levels, log)
        return cls(inputs, base, log.legs[:n].astype(np.int32))

    @property
    def n_trades(self) -> int:
        """How often the variant trades."""
        return len(self._legs)

    @property
    def opens_at_once(self) -> bool:
        """Whether the first trade enters on the first bar of the target slice."""
        return len(self._legs) > 0 and int(self._legs[0, ENTRY]) == 0

    @property
    def exits(self) -> frozenset[ExitReason]:
        """The reasons for which its trades ended."""
        codes = np.unique(self._legs[:, REASON])
        return frozenset(ExitReason(REASONS[code]) for code in codes)

    def shown(self, *, with_report: bool, with_trades: bool) -> Shown:
        """What the answer shows, from one pass over the trades.

        Args:
            with_report: Whether the 25 metrics and the standard ratios are wanted.
            with_trades: Whether the report lists the trades.
        """
        history, inputs = self._history(), self._inputs
        measures = measures_of(inputs.settings.ranking, inputs.target)
        if with_report:
            # they measure all that a ranking may, but for the drawdown from the first bar
            measures = (*(one for one in measures if one.peak == -math.inf), self._days())
        scores = self._scores(measures)
        return Shown(
            total_return_pct(history.log, history.terms),
            self._ranking(scores),
            self._report(history, scores, with_trades) if with_report else None,
        )

    def intrabar(self, risk: Risk) -> Intrabar | None:
        """What closes hide, given the variant's stop-loss and take-profit; None without either."""
        target, bars = self._inputs.target, self._inputs.bars
        inside = slice(bars.target_start, bars.target_stop)
        extent = Extent(target.prices.close, bars.high[inside], bars.low[inside])
        return what_closes_hide(extent, target.terms, self._legs, risk)

    def equity_curve(self, max_points: int) -> EquityCurve:
        """At most `max_points` bars of the target slice, its largest drawdown among them."""
        history = self._history()
        curve = draw_curve(history)
        chosen = shown_bars(curve.equity, curve.drawdown, max_points)
        return EquityCurve(
            ts=history.ts_close[chosen],
            equity=curve.equity[chosen],
            drawdown_pct=curve.drawdown[chosen] * 100.0,
        )

    def returns_by_month(self) -> list[MonthReturn]:
        """The return of every calendar month that has a bar of the target slice."""
        history = self._history()
        equity = draw_curve(history).equity
        return returns_by_month(history.ts_close, equity, history.terms.init_cash)

    def signal(self, max_points: int) -> SignalStretches:
        """What the indicators say together, in at most `max_points` stretches."""
        return self._stretches(together(self._rows()), max_points)

    def indicator_signals(self, max_points: int) -> Mapping[str, SignalStretches]:
        """What each indicator says, in at most `max_points` stretches."""
        return {name: self._stretches(row, max_points) for name, row in self._rows().items()}

    def _rows(self) -> Mapping[str, WordArray]:
        return indicator_rows(self._inputs.grid, self._base, self._inputs.bars)

    def _stretches(self, row: WordArray, max_points: int) -> SignalStretches:
        return stretches_of(row, self._inputs.ts_close, max_points)

    def _ranking(self, scores: FloatArray) -> tuple[RankingValue, ...]:
        return tuple(
            RankingValue(metric=metric, value=float(ranking_values(scores, metric)[0]))
            for metric in metrics_of(self._inputs.settings.ranking)
        )

    def _report(self, history: TradeHistory, scores: FloatArray, with_trades: bool) -> Report:
        metrics = all_metrics(history, draw_curve(history))
        rows = print_rows(metrics)
        return Report(
            rows=rows,
            table_md=markdown_table(rows),
            metrics=metrics,
            standard=standard_ratios(history, scores, self._days()),
            trades=self._trades(history) if with_trades else None,
        )

    def _days(self) -> Measures:
        """What the standard ratios measure: days, and the drawdown from the initial cash."""
        target = self._inputs.target
        return target.days._replace(peak=target.terms.init_cash)

    def _scores(self, measures: Sequence[Measures]) -> FloatArray:
        """Exact metrics as Stage A and B compute them, shape (1, 10)."""
        target, segments = self._inputs.target, self._segments()
        scores = np.full((1, N_METRICS), np.nan)
        for wanted in measures:
            passed = np.empty(N_METRICS, np.float64)
            score_trades(
                target.prices, target.terms, segments, self.n_trades, target.never,
                wanted.anew(self.n_trades), passed,
            )  # fmt: skip
            scores[0] = np.where(np.isnan(passed), scores[0], passed)
        return scores

    def _log(self) -> TradeLog:
        """The whole log: with entries and exits known, no level needs to be looked up."""
        target, segments = self._inputs.target, self._segments()
        log = empty_log(self.n_trades)
        replay(
            target.prices.close, target.terms, segments, self.n_trades, target.never, (0, 0), log
        )
        return TradeLog(self._legs.astype(np.int64), log.money)

    def _segments(self) -> Segments:
        legs = self._legs.astype(np.int64)
        return Segments(*(legs[:, column].copy() for column in (ENTRY, EXIT, SIDE)))

    def _history(self) -> TradeHistory:
        inputs = self._inputs
        return TradeHistory(
            settings=inputs.settings,
            terms=inputs.target.terms,
            close=inputs.target.prices.close,
            ts_close=inputs.ts_close,
            day_ends=inputs.day_ends,
            log=self._log(),
        )

    def _trades(self, history: TradeHistory) -> TradeList:
        first = self._inputs.bars.target_start
        return TradeList(self._legs, history.log.money, history.ts_close, first)
