"""The winners of a run as the answer shows them: replayed and reported, several at a time.

See: docs/metrics.md
"""

from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.chunks import Workers
from backtest.engine.ranked import Ranked
from backtest.engine.risk_plane import Tile
from backtest.engine.winners import KeyMaker, Winner
from backtest.plan import Plan
from backtest.policy import Want
from backtest.report.replay import ReplayInputs, VariantReplay
from backtest.result import RankedVariant, Report
from backtest.types import Bars


def report_winners(
    plan: Plan, bars: Bars, ranked: Ranked, want: Want, workers: Workers, control: Control
) -> tuple[RankedVariant, ...]:
    """Replay and report the winners, best first.

    Args:
        plan: The plan.
        bars: Its bars, warm-up included.
        ranked: The winners.
        want: Which parts of the reports somebody will read.
        workers: Who computes.
        control: The run's handle.

    Raises:
        RunCancelled: The control was cancelled.
        DeadlineExceeded: The control's deadline passed.

    See: docs/metrics.md
    """
    settings, winners = plan.settings, ranked.winners
    reported: list[RankedVariant | None] = [None] * len(winners)
    with_reports = want.reports and (want.is_explicit or settings.eager_reports)
    inputs = ReplayInputs(target=ranked.target, settings=settings, bars=bars)

    def report(place: int, tile: Tile, levels: tuple[int, int]) -> None:
        replay = VariantReplay.of(inputs, ranked.words[place], tile.passages, levels)
        with_trades = want.trades and place < settings.top_trades_n
        made = replay.report(with_trades=with_trades) if with_reports else None
        reported[place] = _ranked_variant(plan, ranked.keys, winners[place], replay, made)

    cells = np.array([winner.cell for winner in winners], np.int64)
    for tile in ranked.plane.tiles():
        levels = tile.levels_of(cells, ranked.plane)
        inside = np.flatnonzero((levels >= 0).all(axis=0)).tolist()
        chunks = [
            partial(report, place, tile, (int(levels[0, place]), int(levels[1, place])))
            for place in inside
        ]
        workers.run("report", chunks, control)
    return tuple(variant for variant in reported if variant is not None)


def _ranked_variant(
    plan: Plan, keys: KeyMaker, winner: Winner, replay: VariantReplay, report: Report | None
) -> RankedVariant:
    grid = plan.grid
    point = grid.point(winner.base)
    return RankedVariant(
        variant_index=winner.rank * grid.n_risk + winner.cell,
        variant_key=keys.key(winner.base, winner.cell),
        indicator_variant_key=keys.indicator_key(winner.base),
        total_return_pct=replay.total_return_pct(),
        selections=tuple(grid.selections(point)),
        signals=grid.signals(point),
        risk=grid.risk(winner.cell),
        report=report,
        replay=replay,
    )
