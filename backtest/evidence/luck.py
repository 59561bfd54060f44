"""How good the best of all variants would look without skill, resample by resample.

See: docs/evidence.md#reality-check
"""

import threading
from functools import partial
from typing import NamedTuple

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.chunks import Workers, spans
from backtest.engine.workers.device_work import DeviceWork
from backtest.evidence.on_device import luck_on_device
from backtest.evidence.resampled import ResampledTrials, best_of_part
from backtest.evidence.resamples import Resamples
from backtest.evidence.rows import ROWS_PER_CHUNK, Rows
from backtest.types import FloatArray

# A variant that moved in a few blocks only may not move at all in a resample; its deviation there
# is taken to be at least this share of the one it has in truth. Without, such variants are beyond
# all measure in some resamples, and nothing is ever better than luck; see the calibration.
LEAST_DEVIATION = 0.9


class Observed(NamedTuple):
    """What all trials did, against cash and against holding, in this order.

    `totals`, shape (2, n_trials), are the sums of growth above the benchmark; `spreads`, of the
    same shape, the sums of squared deviations, 0 for a trial that cannot be compared.

    See: docs/evidence.md#reality-check
    """

    totals: FloatArray
    spreads: FloatArray


def observe(ledger: Ledger, rows: Rows) -> Observed:
    """What the statistics of all trials are made of.

    See: docs/evidence.md#reality-check
    """
    held = float(ledger.holding.sum(dtype=np.int64))
    spreads = np.stack([rows.spreads, rows.excess_spreads])
    spreads[:, rows.ruined] = 0.0
    return Observed(np.stack([rows.totals, rows.totals - held]), spreads)


def best_by_luck(
    ledger: Ledger, observed: Observed, resamples: Resamples, workers: Workers, control: Control
) -> FloatArray:
    """Squared statistic of the best skill-less variant in each resample.

    Args:
        ledger: The ledger.
        observed: What its trials did.
        resamples: The resamples.
        workers: The thread pool.
        control: The run's handle.

    Returns:
        Shape (2, n_resamples): squared sum of recentred growth over the sum of squared deviations,
        against cash and against holding; 0 where no variant is above its own mean.

    See: docs/evidence.md#reality-check
    """
    holding = ledger.holding.astype(np.float64)
    work = DeviceWork(workers.accelerator, control)

    def trials_of(start: int, stop: int) -> ResampledTrials:
        spreads = observed.spreads[:, start:stop]
        least = np.where(spreads > 0, LEAST_DEVIATION * LEAST_DEVIATION * spreads, np.inf)
        totals = np.ascontiguousarray(observed.totals[:, start:stop])
        return ResampledTrials(ledger.growth[start:stop], totals, least)

    found = luck_on_device(work, trials_of, ledger.n_trials, resamples, holding)
    if found is not None:
        return found
    best = np.zeros((2, len(resamples.starts)), np.float64)
    comparing = threading.Lock()

    def look_at(start: int, stop: int) -> None:
        part = np.zeros_like(best)
        best_of_part(trials_of(start, stop), resamples, holding, part.view(np.int64))
        with comparing:
            np.maximum(best, part, out=best)

    chunks = [partial(look_at, *span) for span in spans(ledger.n_trials, ROWS_PER_CHUNK)]
    workers.run("reality_check", chunks, control)
    return best
