"""The probability of backtest overfitting: what becomes of the winner of one half in the other.

Bailey, Borwein, López de Prado and Zhu 2017, "The Probability of Backtest Overfitting":
combinatorially symmetric cross-validation. The complement of a split is a split too, so half of
all splits give the others.

See: docs/evidence.md#pbo
"""

import threading
from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import RUINED, Ledger
from backtest.engine.workers.chunks import Workers, spans
from backtest.engine.workers.device_work import DeviceWork
from backtest.evidence.on_device import champions_on_device, counts_on_device
from backtest.evidence.result import Overfitting
from backtest.evidence.rounding import rounded
from backtest.evidence.rows import ROWS_PER_CHUNK, Rows
from backtest.evidence.splits import (
    Champions,
    Counts,
    column_splits,
    count_below,
    find_champions,
    no_counts,
    nobody,
)
from backtest.types import IntArray


def overfitting(
    ledger: Ledger, rows: Rows, workers: Workers, control: Control
) -> Overfitting | None:
    """Halve the blocks in every way, choose the best of each half, and look at it in the other.

    Args:
        ledger: The ledger.
        rows: Its rows, described.
        workers: The thread pool.
        control: The run's handle.

    Returns:
        None where all trials do the same in every half: then nothing is chosen.

    See: docs/evidence.md#pbo
    """
    masks = column_splits()
    champions = champions_of(ledger, rows, masks, workers, control)
    totals = rows.totals.astype(np.int64)
    after = totals[champions.rows] - champions.growth
    counts = counts_of(ledger, masks, after, workers, control)
    if np.all(counts.up_to - counts.below == ledger.n_trials):
        return None
    # twice the rank among n, from 1 to n; equal ones share theirs
    ranks = counts.below + counts.up_to + 1
    return Overfitting(
        n_splits=ranks.size,
        probability=rounded(np.count_nonzero(ranks <= ledger.n_trials + 1) / ranks.size),
        median_rank=rounded(float(np.median(ranks)) / (2 * (ledger.n_trials + 1))),
        loss_share=rounded(np.count_nonzero(after < 0) / ranks.size),
        slope=_slope(champions.growth, after),
    )


def champions_of(
    ledger: Ledger, rows: Rows, masks: IntArray, workers: Workers, control: Control
) -> Champions:
    """The best trial of each half; equal ones draw lots, of equal rows it is the first.

    Args:
        ledger: The ledger.
        rows: Its rows, described.
        masks: Shape (n_splits,), see `column_splits`.
        workers: The thread pool.
        control: The run's handle.

    See: docs/evidence.md#pbo
    """
    found = champions_on_device(
        DeviceWork(workers.accelerator, control), ledger.growth, rows.lots, masks
    )
    if found is not None:
        return found
    best = nobody(len(masks))
    comparing = threading.Lock()

    def look_at(start: int, stop: int) -> None:
        part = nobody(len(masks))
        find_champions(ledger.growth[start:stop], rows.lots[start:stop], masks, part)
        part.rows[:] += start
        with comparing:
            _take_better(best, part)

    chunks = [partial(look_at, *span) for span in spans(ledger.n_trials, ROWS_PER_CHUNK)]
    workers.run("pbo_champions", chunks, control)
    return best


def _take_better(best: Champions, part: Champions) -> None:
    """Put what beats `best` into it: more growth, then the greater lot, then the earlier row."""
    is_tie = part.growth == best.growth
    is_same_lot = is_tie & (part.lots == best.lots)
    is_better = (
        (part.growth > best.growth)
        | (is_tie & (part.lots > best.lots))
        | (is_same_lot & (part.rows < best.rows))
    )
    for mine, theirs in zip(best, part, strict=True):
        np.copyto(mine, theirs, where=is_better)


def counts_of(
    ledger: Ledger, masks: IntArray, after: IntArray, workers: Workers, control: Control
) -> Counts:
    """How many trials grew less than the champions where these were not chosen.

    Args:
        ledger: The ledger.
        masks: Shape (n_splits,), see `column_splits`.
        after: Shape (2, n_splits), growth of the champion of each half in the other.
        workers: The thread pool.
        control: The run's handle.

    See: docs/evidence.md#pbo
    """
    found = counts_on_device(DeviceWork(workers.accelerator, control), ledger.growth, masks, after)
    if found is not None:
        return found
    counts = no_counts(len(masks))
    adding = threading.Lock()

    def look_at(start: int, stop: int) -> None:
        part = no_counts(len(masks))
        count_below(ledger.growth[start:stop], masks, after, part)
        with adding:
            for mine, theirs in zip(counts, part, strict=True):
                np.add(mine, theirs, out=mine)

    chunks = [partial(look_at, *span) for span in spans(ledger.n_trials, ROWS_PER_CHUNK)]
    workers.run("pbo_ranks", chunks, control)
    return counts


def _slope(before: IntArray, after: IntArray) -> float | None:
    """Least squares in exact integers; None where a champion was ruined or all grew the same."""
    xs, ys = before.ravel().tolist(), after.ravel().tolist()
    n, sum_x, sum_y = len(xs), sum(xs), sum(ys)
    square = n * sum(x * x for x in xs) - sum_x * sum_x
    if square == 0 or min(*xs, *ys) <= RUINED // 2:
        return None
    product = n * sum(x * y for x, y in zip(xs, ys, strict=True)) - sum_x * sum_y
    return rounded(product / square)
