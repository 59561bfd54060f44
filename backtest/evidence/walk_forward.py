"""The walk forward: what choosing the best of the past and trading it next would have earned.

Pardo 2008, "The Evaluation and Optimization of Trading Strategies", chapter 11. A position that is
open at a border is taken over at its mark, without the costs of an entry.

See: docs/evidence.md#walk-forward
"""

import math
import threading
from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS, RUINED, UNITS, GrowthArray, Ledger
from backtest.engine.workers.chunks import Workers, spans
from backtest.evidence.result import Fold, WalkForward
from backtest.evidence.rounding import rounded
from backtest.evidence.rows import ROWS_PER_CHUNK, Rows
from backtest.types import IntArray

CHOOSE_BLOCKS = 32
TRADE_BLOCKS = 8
STARTS = range(0, N_BLOCKS - CHOOSE_BLOCKS, TRADE_BLOCKS)

# Growth over the blocks that the choice saw, the lot, and the row, earlier ones greater.
Choice = tuple[int, int, int]


def walk_forward(ledger: Ledger, rows: Rows, workers: Workers, control: Control) -> WalkForward:
    """Choose on 32 blocks, trade the next 8, four times.

    See: docs/evidence.md#walk-forward
    """
    chosen = _choices(ledger, rows, workers, control)
    before = [growth for growth, _, _ in chosen]
    after = [
        _growth(ledger, -row, start) for (_, _, row), start in zip(chosen, STARTS, strict=True)
    ]
    return WalkForward(
        folds=tuple(
            Fold(
                chosen_from=start,
                traded_from=start + CHOOSE_BLOCKS,
                traded_to=start + CHOOSE_BLOCKS + TRADE_BLOCKS,
                row=-row,
                growth_before_pct=_percent(growth, ledger),
                growth_after_pct=_percent(traded, ledger),
            )
            for (growth, _, row), start, traded in zip(chosen, STARTS, after, strict=True)
        ),
        growth_pct=_percent(sum(after), ledger),
        efficiency=_efficiency(sum(before), sum(after)),
    )


def _choices(ledger: Ledger, rows: Rows, workers: Workers, control: Control) -> list[Choice]:
    best: list[Choice] = [(2 * N_BLOCKS * RUINED, -1, 0)] * len(STARTS)
    comparing = threading.Lock()

    def look_at(start: int, stop: int) -> None:
        growth, lots = ledger.growth[start:stop], rows.lots[start:stop]
        part = [_best(growth[:, first : first + CHOOSE_BLOCKS], lots, start) for first in STARTS]
        with comparing:
            best[:] = map(max, best, part)

    chunks = [partial(look_at, *span) for span in spans(ledger.n_trials, ROWS_PER_CHUNK)]
    workers.run("walk_forward", chunks, control)
    return best


def _best(growth: GrowthArray, lots: IntArray, start: int) -> Choice:
    seen = growth.sum(axis=1, dtype=np.int64)
    alike = np.flatnonzero(seen == seen.max())
    lot = lots[alike].max()
    row = alike[lots[alike] == lot][0]
    return int(seen[row]), int(lot), -(start + int(row))


def _growth(ledger: Ledger, row: int, start: int) -> int:
    """Growth of a row over the blocks that are traded in the fold that begins at `start`."""
    first = start + CHOOSE_BLOCKS
    return int(ledger.growth[row, first : first + TRADE_BLOCKS].sum(dtype=np.int64))


def _percent(growth: int, ledger: Ledger) -> float:
    """Percent of what there was, or of the initial cash where growth adds up; -100 if ruined."""
    if growth <= RUINED // 2:
        return -100.0
    share = growth / UNITS if ledger.adds_up else math.expm1(growth / UNITS)
    return rounded(100 * share)


def _efficiency(before: int, after: int) -> float | None:
    """Growth per block after the choices over growth per block before them."""
    if before <= 0 or after <= RUINED // 2:
        return None
    return rounded(after * CHOOSE_BLOCKS / (before * TRADE_BLOCKS))
