"""The exact story of a returned variant, told again whenever somebody asks."""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from backtest.engine.market import Market
from backtest.engine.passage import PassageArray
from backtest.engine.segments import find_segments
from backtest.engine.trades import (
    ENTRY,
    ENTRY_FEE,
    ENTRY_FILL,
    ENTRY_QUOTE,
    EXIT,
    EXIT_FEE,
    EXIT_FILL,
    EXIT_QUOTE,
    GROSS,
    LOCKED,
    NET,
    QTY,
    REASON,
    SIDE,
    empty_log,
    replay,
    total_return_pct,
)
from backtest.report.metrics import Story, all_metrics, draw_curve
from backtest.report.table import markdown_table, print_rows
from backtest.result import EquityCurve, Report, RunSettings, Trade
from backtest.types import Bars, FloatArray, IntArray, WordArray

DIRECTIONS = ("", "long", "short")
REASONS = ("signal_exit", "sl", "tp", "forced_close")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the replays of one run have in common."""

    market: Market
    settings: RunSettings
    bars: Bars


class VariantReplay:
    """One variant's trades, kept small: side, entry, exit and reason; money is computed again.

    Args:
        scene: The run's market, settings and bars.
        legs: Shape (n_trades, 4) int32, the whole-number part of its trade log.
    """

    def __init__(self, scene: Scene, legs: NDArray[np.int32]) -> None:
        self._scene = scene
        self._legs = legs

    @classmethod
    def of(
        cls, scene: Scene, words: WordArray, tables: tuple[PassageArray, PassageArray],
        levels: tuple[int, int],
    ) -> "VariantReplay":  # fmt: skip
        """The replay of combined bit rows, shape (2, n_words), in one cell of the risk plane."""
        n_bars = scene.market.n_bars
        segments = np.empty((3, n_bars + 1), np.int64)
        n = find_segments(words[0], words[1], n_bars, segments[0], segments[1], segments[2])
        log, money = empty_log(n_bars)
        market = scene.market
        n = replay(
            market.close, market.terms, segments[0], segments[1], segments[2], n,
            *tables, *levels, log, money,
        )  # fmt: skip
        return cls(scene, log[:n].astype(np.int32))

    def total_return_pct(self) -> float:
        """The exact number that ranks the variant."""
        _, money = self._log()
        return float(total_return_pct(len(money), money, self._scene.market.terms))

    def report(self, *, with_trades: bool) -> Report:
        """The 25 metrics, and the trades if they are wanted."""
        story = self._story()
        metrics = all_metrics(story, draw_curve(story))
        rows = print_rows(metrics)
        return Report(
            rows=rows,
            table_md=markdown_table(rows),
            metrics=metrics,
            trades=self._trades(story) if with_trades else None,
        )

    def equity_curve(self, max_points: int) -> EquityCurve:
        """At most `max_points` bars of the target slice, evenly spread, first and last included."""
        story = self._story()
        curve = draw_curve(story)
        n_bars = len(story.close)
        n_points = max(1, min(max_points, n_bars))
        chosen = np.unique(np.linspace(n_bars - 1, 0, n_points).round().astype(np.int64))
        return EquityCurve(
            ts=story.ts_close[chosen],
            equity=curve.equity[chosen],
            drawdown_pct=curve.drawdown[chosen] * 100.0,
        )

    def _log(self) -> tuple[IntArray, FloatArray]:
        """The whole log: with entries and exits known, no level needs to be looked up."""
        market = self._scene.market
        legs = self._legs.astype(np.int64)
        log, money = empty_log(len(legs))
        entries, exits, sides = (
            np.ascontiguousarray(legs[:, column]) for column in (ENTRY, EXIT, SIDE)
        )
        replay(
            market.close, market.terms, entries, exits, sides, len(legs),
            market.never, market.never, 0, 0, log, money,
        )  # fmt: skip
        return legs, money[: len(legs)]

    def _story(self) -> Story:
        scene = self._scene
        log, money = self._log()
        bars = scene.bars
        return Story(
            settings=scene.settings,
            terms=scene.market.terms,
            close=scene.market.close,
            ts_close=bars.ts_close[bars.target_start : bars.target_stop],
            log=log,
            money=money,
        )

    def _trades(self, story: Story) -> tuple[Trade, ...]:
        first = self._scene.bars.target_start
        rows = zip(story.log.tolist(), story.money.tolist(), strict=True)
        return tuple(
            Trade(
                trade_id=number,
                direction=cast("Literal['long', 'short']", DIRECTIONS[leg[SIDE]]),
                entry_bar_index=leg[ENTRY] + first,
                exit_bar_index=leg[EXIT] + first,
                entry_ts=int(story.ts_close[leg[ENTRY]]),
                exit_ts=int(story.ts_close[leg[EXIT]]),
                entry_fill_price=money[ENTRY_FILL],
                exit_fill_price=money[EXIT_FILL],
                qty_base=money[QTY],
                entry_quote_amount=money[ENTRY_QUOTE],
                exit_quote_amount=money[EXIT_QUOTE],
                entry_fee_quote=money[ENTRY_FEE],
                exit_fee_quote=money[EXIT_FEE],
                gross_pnl_quote=money[GROSS],
                net_pnl_quote=money[NET],
                locked_profit_quote=money[LOCKED],
                exit_reason=cast(
                    "Literal['sl', 'tp', 'signal_exit', 'forced_close']", REASONS[leg[REASON]]
                ),
            )
            for number, (leg, money) in enumerate(rows, start=1)
        )
