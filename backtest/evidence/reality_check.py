"""White's reality check: how good the best of so many skill-less variants looks.

Every resample gives each variant the growth that it has there, less the growth that it has in
truth: that is what a variant without skill may show. The best of them, variant by variant and
resample by resample, is what the winner is held against. Means are divided by their deviation in
the resample, so that a wild variant does not stand for all.

White 2000, "A Reality Check for Data Snooping"; Romano and Wolf 2005, "Stepwise Multiple Testing
as Formalized Data Snooping" (the studentised single step).

See: docs/evidence.md#reality-check
"""

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS, Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence.luck import best_by_luck, observe
from backtest.evidence.passed_over import Bases, best_with_passed_over
from backtest.evidence.resamples import BLOCK_LENGTH, draw_resamples
from backtest.evidence.result import AdjustedP, Comparison, RealityCheck
from backtest.evidence.rounding import rounded
from backtest.evidence.rows import Rows
from backtest.types import FloatArray, IntArray

CASH, HOLDING = 0, 1
_NOT_COMPARED = (
    "the variant was ruined, or its growth differs from the benchmark by the same in every block"
)


def reality_check(
    ledger: Ledger,
    rows: Rows,
    seed: str,
    odds: float,
    workers: Workers,
    control: Control,
    bases: Bases | None = None,
) -> RealityCheck:
    """Hold all variants against luck.

    Args:
        ledger: The ledger.
        rows: Its rows, described.
        seed: Seeds the resamples.
        odds: How many times the variants of this run were tried, all in all: 1 without prior
            trials. A p-value becomes that of the best of so many runs.
        workers: The thread pool.
        control: The run's handle.
        bases: Every base variant, where Stage B took up some of them only.

    Returns:
        With None for a benchmark that no variant can be compared with.

    See: docs/evidence.md#reality-check
    """
    observed = observe(ledger, rows)
    resamples = draw_resamples(seed, ledger.holding)
    luck = (
        best_by_luck(ledger, observed, resamples, workers, control)
        if bases is None
        else best_with_passed_over(ledger, observed, bases, resamples, workers, control)
    )
    squared = _squared(*observed)
    compared = [
        _compare(squared[benchmark], luck[benchmark], ledger.winners, odds)
        for benchmark in (CASH, HOLDING)
    ]
    return RealityCheck(
        n_resamples=luck.shape[1],
        block_length=BLOCK_LENGTH,
        against_cash=compared[CASH],
        against_holding=compared[HOLDING],
    )


def _squared(totals: FloatArray, spreads: FloatArray) -> FloatArray:
    """Squared statistics with their sign; minus infinity where there is nothing to compare."""
    is_compared = spreads > 0
    squared = totals * totals / np.where(is_compared, spreads, 1.0)
    return np.where(is_compared, np.copysign(squared, totals), -np.inf)


def _compare(
    squared: FloatArray, luck: FloatArray, winners: IntArray, odds: float
) -> Comparison | None:
    """One benchmark; None where no variant can be compared with it."""
    row = int(squared.argmax())
    if np.isneginf(squared[row]):
        return None
    adjusted = [_adjusted(m, float(squared[m]), luck, odds) for m in winners.tolist()]
    return Comparison(
        p_value=_p_value(squared[row], luck, odds),
        statistic=_statistic(squared[row]),
        row=row,
        n_compared=int(np.count_nonzero(squared > -np.inf)),
        adjusted=tuple(adjusted),
    )


def _adjusted(row: int, squared: float, luck: FloatArray, odds: float) -> AdjustedP:
    if np.isneginf(squared):
        return AdjustedP(row=row, statistic=None, p_value=None, reason=_NOT_COMPARED)
    return AdjustedP(
        row=row,
        statistic=_statistic(squared),
        p_value=_p_value(squared, luck, odds),
        reason=None,
    )


def _p_value(squared: float, luck: FloatArray, odds: float) -> float:
    """Share of resamples, the data themselves among them, whose best is at least as good."""
    n_as_good = int(np.count_nonzero(luck >= max(0.0, squared)))
    p_value = (1 + n_as_good) / (1 + len(luck))
    return rounded(p_value if odds == 1.0 else 1.0 - (1.0 - p_value) ** odds)


def _statistic(squared: float) -> float:
    """Mean growth per block over its deviation, from `sum ** 2 / (sum of squared deviations)`."""
    return rounded(float(np.copysign(np.sqrt(abs(squared) / N_BLOCKS), squared)))
