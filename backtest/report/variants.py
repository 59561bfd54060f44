"""The winners of a run as the answer shows them: replayed and reported, several at a time.

See: docs/metrics.md
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.bits.bitops import count_runs
from backtest.engine.limits.estimate import TradeCounts, has_reports
from backtest.engine.limits.guards import Guards
from backtest.engine.pipeline.risk_plane import Tile
from backtest.engine.ranked import Ranked
from backtest.engine.selection.distinct import same_as
from backtest.engine.selection.winners import KeyMaker, Winner
from backtest.engine.workers.chunks import Chunk, Workers
from backtest.plan import Plan
from backtest.report.replay import ReplayInputs, Shown, VariantReplay
from backtest.result import RankedVariant
from backtest.types import AnswerPart, Bars, IntArray

# Of one variant after the other: a chunk takes some milliseconds, and costs 0.1 to hand out.
BARS_PER_CHUNK = 150_000


def report_winners(
    guards: Guards, bars: Bars, ranked: Ranked, workers: Workers, control: Control
) -> tuple[RankedVariant, ...]:
    """Replay and report the winners, best first.

    Args:
        guards: The plan, what somebody will read of its reports, and how much that may be.
        bars: Bars of the plan, warm-up included.
        ranked: The winners.
        workers: Who computes.
        control: The run's handle.

    Raises:
        GuardExceeded: With the trades that are known now the run needs too much memory, or the
            answer would be too long.
        RunCancelled: The control was cancelled.
        DeadlineExceeded: The control's deadline passed.

    See: docs/metrics.md
    """
    plan, want, winners = guards.plan, guards.want, ranked.winners
    # no variant trades more often than its signal sets in, but it may have nothing left before
    control.claim(guards.bytes_needed(TradeCounts.of(plan, count_runs(ranked.words))))
    replays = _replay(plan, bars, ranked, workers, control)
    n_trades = np.array([replay.n_trades for replay in replays], np.int64)
    guards.check_answer(TradeCounts.of(plan, n_trades), "report")
    reported: list[RankedVariant | None] = [None] * len(winners)
    with_reports = has_reports(plan, want)

    def report(place: int) -> None:
        replay, winner = replays[place], winners[place]
        with_trades = want.trades and place < plan.settings.top_trades_n
        shown = replay.shown(with_report=with_reports, with_trades=with_trades)
        made = _ranked_variant(plan, ranked.keys, winner, replay, shown)
        hidden = replay.intrabar(made.risk) if AnswerPart.INTRABAR in want.parts else None
        reported[place] = replace(made, intrabar=hidden)

    workers.run("report", _chunks(report, range(len(winners)), bars), control)
    return tuple(variant for variant in reported if variant is not None)


def _replay(
    plan: Plan, bars: Bars, ranked: Ranked, workers: Workers, control: Control
) -> list[VariantReplay]:
    """The trades of the winners, best first."""
    found: dict[int, VariantReplay] = {}
    inputs = ReplayInputs.of(ranked.target, plan.settings, bars, plan.grid)

    def replay(tile: Tile, levels: IntArray, place: int) -> None:
        base, words = ranked.winners[place].base, ranked.words[place]
        stop, profit = levels[:, place].tolist()
        found[place] = VariantReplay.of(inputs, base, words, tile.passages, (stop, profit))

    cells = np.array([winner.cell for winner in ranked.winners], np.int64)
    for tile in ranked.plane.tiles():
        levels = tile.levels_of(cells, ranked.plane)
        inside = np.flatnonzero((levels >= 0).all(axis=0)).tolist()
        replay_in_tile = partial(replay, tile, levels)
        workers.run("replay", _chunks(replay_in_tile, inside, bars), control)
    return [found[place] for place in range(len(found))]


def _chunks(do: Callable[[int], None], places: Sequence[int], bars: Bars) -> list[Chunk]:
    """Do something for each winner, for several in a chunk where bars are few."""
    n_at_once = max(1, BARS_PER_CHUNK // len(bars))

    def do_all(first: int) -> None:
        for place in places[first : first + n_at_once]:
            do(place)

    return [partial(do_all, first) for first in range(0, len(places), n_at_once)]


def _ranked_variant(
    plan: Plan, keys: KeyMaker, winner: Winner, replay: VariantReplay, shown: Shown
) -> RankedVariant:
    grid = plan.grid
    point = grid.point(winner.base)
    return RankedVariant(
        variant_index=winner.rank * grid.n_risk + winner.cell,
        variant_key=keys.key(winner.base, winner.cell),
        indicator_variant_key=keys.indicator_key(winner.base),
        total_return_pct=shown.total_return_pct,
        ranking=shown.ranking,
        selections=tuple(grid.selections(point)),
        signals=grid.signals(point),
        risk=grid.risk(winner.cell),
        report=shown.report,
        replay=replay,
        same_as=None if winner.alike is None else same_as(grid, *winner.alike),
    )
