"""What the statistics of the evidence take on a CUDA device."""

from collections.abc import Callable
from contextlib import closing

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.accelerator import Accelerator
from backtest.engine.workers.chunks import Workers
from backtest.evidence.luck import best_by_luck, observe
from backtest.evidence.pbo import champions_of, counts_of
from backtest.evidence.resamples import draw_resamples
from backtest.evidence.rows import Rows, describe_rows
from backtest.evidence.splits import column_splits
from benchmarks.machine import n_processors
from benchmarks.tables import Finding
from benchmarks.timing import median_s, thousands
from benchmarks.walks import random_ledger

N_TRIALS = 600_000
REPEATS = 3

Compute = Callable[[], tuple[np.ndarray, ...]]


def evidence(accelerator: Accelerator, card: str, n_trials: int = N_TRIALS) -> Finding:
    """Each statistic that looks at all trials many times."""
    ledger = random_ledger(n_trials)
    with closing(Workers(n_processors())) as here, closing(_beside(accelerator)) as there:
        rows = describe_rows(ledger, here, Control())
        named = zip(_parts(ledger, rows, there), _parts(ledger, rows, here), strict=True)
        table = [_row(name, mine, theirs) for (name, mine), (_, theirs) in named]
    return Finding(
        key="device-evidence",
        question="What do the statistics of the evidence take on the device, to the same bits?",
        header=["what", card, "processors", "ratio"],
        rows=table,
        notes=[
            (
                f"{thousands(n_trials)} trials without skill; the device's time counts uploading "
                "their growth. Equality is asserted."
            ),
            f"Processors: {n_processors()} threads, in the same process. Medians of {REPEATS}.",
        ],
    )


def _beside(accelerator: Accelerator) -> Workers:
    return Workers(n_processors(), accelerator)


def _parts(ledger: Ledger, rows: Rows, workers: Workers) -> list[tuple[str, Compute]]:
    control, masks = Control(), column_splits()
    observed, resamples = observe(ledger, rows), draw_resamples("seed", ledger.holding)

    def luck() -> tuple[np.ndarray, ...]:
        return (best_by_luck(ledger, observed, resamples, workers, control),)

    def champions() -> tuple[np.ndarray, ...]:
        return tuple(champions_of(ledger, rows, masks, workers, control))

    after = -np.arange(2 * len(masks)).reshape(2, -1) * 1_000

    def counts() -> tuple[np.ndarray, ...]:
        return tuple(counts_of(ledger, masks, after, workers, control))

    return [
        ("the best by luck, 1 000 resamples", luck),
        ("champions of 12 870 halves", champions),
        ("their ranks in the others", counts),
    ]


def _row(name: str, mine: Compute, theirs: Compute) -> list[str]:
    for found, expected in zip(mine(), theirs(), strict=True):
        assert np.array_equal(found, expected), name
    device_s, here_s = median_s(mine, REPEATS), median_s(theirs, REPEATS)
    return [name, f"{device_s * 1e3:.1f} ms", f"{here_s * 1e3:.0f} ms", f"{here_s / device_s:.1f}"]
