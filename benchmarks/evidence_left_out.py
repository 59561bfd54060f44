"""What becomes of the evidence where a shortlist left most of the cells of a risk grid out.

Noise, the same walks throughout: what is answered beside what would be answered if every cell were
known, if nobody minded, and if everything that was passed over counted as one more trial.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.pipeline.recorder import Recorded
from backtest.engine.workers.chunks import Workers
from backtest.evidence import Evidence, weigh
from backtest.evidence.evidence import Shortlisted
from backtest.evidence.luck import Observed, best_by_luck, observe
from backtest.evidence.resamples import N_RESAMPLES, draw_resamples
from backtest.evidence.rows import describe_rows
from benchmarks.evidence import LEVELS, in_processes, p_row
from benchmarks.evidence_engine import N_CELLS, N_PAIRS, N_TAKEN_UP, grid, trials_of_run
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands
from benchmarks.walks import N_BLOCKS

N_RUNS = 200
N_DEAR_RUNS = 60
FEE_PCT = 0.02
N_PASSED_OVER = (N_PAIRS - N_TAKEN_UP) * N_CELLS
N_TRIED = N_PAIRS - N_TAKEN_UP + N_TAKEN_UP * N_CELLS
# Hansen's: a trial whose statistic is below minus this has no part in what luck may reach.
NO_CHANCE = math.sqrt(2.0 * math.log(math.log(N_BLOCKS)))


@dataclass(frozen=True, kw_only=True)
class Said:
    """The p-value against cash of the best of all, PBO, and growth of the walk forward."""

    p_value: float
    pbo: float
    walked_pct: float


def judge_without_costs(seed: int) -> dict[str, Said]:
    """One walk, and what is said of it in four ways."""
    workers = Workers(1)
    try:
        some, name = trials_of_run(seed, grid(with_risk=True), workers)
        every, _ = trials_of_run(seed, grid(with_risk=True, n_taken_up=N_PAIRS), workers)
        ignored = _said(_weighed(some, name, workers, minded=False))
        worth = 1.0 + N_PASSED_OVER / N_TRIED
        return {
            "as answered": _said(_weighed(some, name, workers)),
            "every cell known": _said(_weighed(every, name, workers)),
            "nobody minds": ignored,
            "each counts as a trial": Said(
                p_value=1.0 - (1.0 - ignored.p_value) ** worth,
                pbo=ignored.pbo,
                walked_pct=ignored.walked_pct,
            ),
        }
    finally:
        workers.close()


def judge_with_costs(seed: int) -> dict[str, Said]:
    """One walk on which everything loses its costs."""
    workers = Workers(1)
    dear = partial(grid, with_risk=True, fee_pct=FEE_PCT)
    try:
        some, name = trials_of_run(seed, dear(), workers)
        every, _ = trials_of_run(seed, dear(n_taken_up=N_PAIRS), workers)
        known = _said(_weighed(every, name, workers))
        hansen = _p_of_hansen(every, name, workers)
        return {
            "with costs, as answered": _said(_weighed(some, name, workers)),
            "with costs, every cell known": known,
            "…, losers left alone (Hansen 2005)": Said(
                p_value=hansen, pbo=known.pbo, walked_pct=known.walked_pct
            ),
        }
    finally:
        workers.close()


def _weighed(recorded: Recorded, seed: str, workers: Workers, *, minded: bool = True) -> Evidence:
    shortlisted = None
    if minded and recorded.bases is not recorded.ledger:
        shortlisted = Shortlisted(
            passed_over=N_PASSED_OVER, n_taken_up=len(recorded.shortlist), bases=recorded.bases
        )
    return weigh(
        recorded.ledger, seed=seed, workers=workers, control=Control(), shortlisted=shortlisted
    )


def _said(found: Evidence) -> Said:
    assert found.reality_check is not None
    assert found.reality_check.against_cash is not None
    assert found.pbo is not None
    assert found.walk_forward is not None
    return Said(
        p_value=found.reality_check.against_cash.p_value,
        pbo=found.pbo.probability,
        walked_pct=found.walk_forward.growth_pct,
    )


def _p_of_hansen(recorded: Recorded, seed: str, workers: Workers) -> float:
    """The consistent p-value of Hansen 2005, "A Test for Superior Predictive Ability"."""
    ledger, control = recorded.ledger, Control()
    totals, spreads = observe(ledger, describe_rows(ledger, workers, control))
    statistics_of = totals / np.sqrt(np.where(spreads > 0, spreads, np.inf))
    kept = Observed(np.where(statistics_of < -NO_CHANCE, 0.0, totals), spreads)
    luck = best_by_luck(ledger, kept, draw_resamples(seed, ledger.holding), workers, control)
    best = max(0.0, float(statistics_of[0].max()))
    return (1 + int(np.count_nonzero(luck[0] >= best * best))) / (1 + N_RESAMPLES)


def measure_left_out() -> list[Finding]:
    free = _by_way(judge_without_costs, N_RUNS)
    dear = _by_way(judge_with_costs, N_DEAR_RUNS)
    return [
        Finding(
            key="evidence-left-out",
            question="What becomes of the cells that were passed over?",
            header=[
                "p-values", "runs", *(f"< {level:g}" for level in LEVELS), "median", "mean PBO",
                "walk forward, mean",
            ],
            rows=[_row(way, said) for way, said in (free | dear).items()],
            notes=[
                (
                    f"Runs over walks without skill, the same for all rows: {thousands(N_PAIRS)} "
                    f"pairs of averages, {N_TAKEN_UP} of them with {N_CELLS} cells of a risk grid "
                    f"each, {thousands(N_PASSED_OVER)} cells passed over. P-values are those "
                    "against cash of the best of all."
                ),
                f"With costs: {FEE_PCT:g} % each way. A rule without skill then loses.",
            ],
        )
    ]  # fmt: skip


def _by_way(judge: Callable[[int], dict[str, Said]], n_runs: int) -> dict[str, list[Said]]:
    judged = in_processes(judge, n_runs)
    return {way: [one[way] for one in judged] for way in judged[0]}


def _row(way: str, said: Sequence[Said]) -> list[str]:
    shares = p_row(way, str(len(said)), [one.p_value for one in said])
    pbo = statistics.mean(one.pbo for one in said)
    walked = statistics.mean(one.walked_pct for one in said)
    return [*shares, f"{pbo:.3f}", f"{walked:+.2f} %"]


EVIDENCE_LEFT_OUT = Benchmark(
    name="evidence_left_out",
    title="Evidence where a shortlist left something out",
    measure=measure_left_out,
)
