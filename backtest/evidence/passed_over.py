"""What luck would have reached, had Stage B taken up every base variant.

White's reality check asks for all that could have been chosen, and most cells of Stage B were never
scored. Base variants without stops all were. So the best of all is told by a difference estimator
(Cochran 1977, "Sampling Techniques", section 7.2; Särndal, Swensson and Wretman 1992, "Model
Assisted Survey Sampling", section 6.3): what is known of everybody, and what the others of those
that were looked at add to it. That it may be used of a maximum is what the calibration shows.

See: docs/evidence.md#what-stage-b-left-out
"""

from dataclasses import dataclass, replace

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence.luck import Observed, best_by_luck, observe
from backtest.evidence.resamples import Resamples
from backtest.evidence.rows import Rows
from backtest.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """Every base variant without stops, where Stage B took up some of them only.

    Attributes:
        ledger: Their growth, of those that were taken up first.
        rows: Its rows, described.
        n_taken_up: How many were taken up.

    See: docs/evidence.md#what-stage-b-left-out
    """

    ledger: Ledger
    rows: Rows
    n_taken_up: int


def best_with_passed_over(
    ledger: Ledger,
    observed: Observed,
    bases: Bases,
    resamples: Resamples,
    workers: Workers,
    control: Control,
) -> FloatArray:
    """Squared statistic of the best skill-less variant of all that Stage B could have tried.

    In each resample that is the best base variant without stops, plus what stops add to the best of
    those that were taken up. It is never below the best of what was tried, and is that where stops
    add nothing or the best base variant was taken up.

    Args:
        ledger: The trials: base variants that were not taken up, then the cells of the others.
        observed: What they did.
        bases: The base variants.
        resamples: The resamples.
        workers: The thread pool.
        control: The run's handle.

    Returns:
        Shape (2, n_resamples), like `best_by_luck`.

    See: docs/evidence.md#what-stage-b-left-out
    """
    n_first = bases.n_taken_up
    without_stops = observe(bases.ledger, bases.rows)

    def best(whose: Ledger, did: Observed, part: slice) -> FloatArray:
        own = replace(whose, growth=whose.growth[part], ruined=whose.ruined[part])
        known = Observed(did.totals[:, part], did.spreads[:, part])
        return np.sqrt(best_by_luck(own, known, resamples, workers, control))

    taken_up = best(bases.ledger, without_stops, slice(n_first))
    others = best(bases.ledger, without_stops, slice(n_first, None))
    cells = best(ledger, observed, slice(bases.ledger.n_trials - n_first, None))
    of_all = np.maximum(taken_up, others) + np.maximum(0.0, cells - taken_up)
    return of_all * of_all
