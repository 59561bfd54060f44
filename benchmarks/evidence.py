"""Whether the evidence is right: on walks without skill, and on walks with a planted edge."""

import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence import Evidence, Verdict, weigh
from benchmarks.alone import alone
from benchmarks.evidence_example import examples
from benchmarks.evidence_pictures import CALIBRATION, draw_calibration
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands
from benchmarks.walks import MEMORY_BARS, N_BARS, ledger_of, returns

T = TypeVar("T")

N_NOISE = 400
N_PLANTED = 200
EDGE = 0.1
LEVELS = (0.01, 0.05, 0.1, 0.25)
LEVEL = 0.05
N_PROCESSES = 2
NOISE_EXAMPLE, PLANTED_EXAMPLE = 2, 4


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the evidence said about one walk; p-values of the best of all and of the returned."""

    n_trials: int
    cash: float
    cash_returned: float
    holding: float
    holding_returned: float
    pbo: float
    loss_share: float
    deflated: float
    walked_pct: float
    verdict: Verdict


def judge(seed: int, edge: float) -> Judged:
    """One walk, one grid, one conclusion."""
    return judged(weighed(ledger_of(returns(seed, edge)), f"walk {seed}"))


def judged(found: Evidence) -> Judged:
    """The numbers of one conclusion."""
    trials, check, deflated = found.trials, found.reality_check, found.deflated_sharpe
    assert trials is not None
    assert check is not None
    assert check.against_cash is not None
    assert check.against_holding is not None
    assert found.pbo is not None
    assert deflated is not None
    assert found.walk_forward is not None
    return Judged(
        n_trials=trials.tried,
        cash=check.against_cash.p_value,
        cash_returned=check.against_cash.adjusted[0].p_value or 1.0,
        holding=check.against_holding.p_value,
        holding_returned=check.against_holding.adjusted[0].p_value or 1.0,
        pbo=found.pbo.probability,
        loss_share=found.pbo.loss_share,
        deflated=deflated.effective_trials.probability,
        walked_pct=found.walk_forward.growth_pct,
        verdict=found.conclusion.verdict,
    )


def weighed(ledger: Ledger, seed: str, threads: int = 1) -> Evidence:
    """The evidence of a ledger."""
    workers = Workers(threads)
    try:
        return weigh(ledger, seed=seed, workers=workers, control=Control())
    finally:
        workers.close()


def in_processes(judge_one: Callable[[int], T], n_walks: int) -> list[T]:
    """The first walks, over a few processes; the answer does not depend on how many."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(N_PROCESSES, mp_context=context) as pool:
        return list(pool.map(judge_one, range(n_walks), chunksize=10))


def measure_evidence() -> list[Finding]:
    noise = in_processes(partial(judge, edge=0.0), N_NOISE)
    planted = in_processes(partial(judge, edge=EDGE), N_PLANTED)
    alone(draw_calibration, *_curves(noise), *_curves(planted))
    example = alone(examples, NOISE_EXAMPLE, PLANTED_EXAMPLE, EDGE)
    both = noise, planted
    return [_accepted(*both), _calibration(*both), _verdicts(*both), *example]


def _curves(judged: Sequence[Judged]) -> tuple[list[float], list[float], list[float]]:
    return (
        [one.cash for one in judged],
        [one.holding for one in judged],
        [one.pbo for one in judged],
    )


def _calibration(noise: Sequence[Judged], planted: Sequence[Judged]) -> Finding:
    return Finding(
        key="evidence-calibration",
        question="How often is a p-value below a number?",
        header=["walks", "p-value", *(f"< {level:g}" for level in LEVELS), "median"],
        rows=[
            p_row("no skill", "cash, best of all", [one.cash for one in noise]),
            p_row("no skill", "cash, returned", [one.cash_returned for one in noise]),
            p_row("no skill", "holding, best of all", [one.holding for one in noise]),
            p_row("no skill", "holding, returned", [one.holding_returned for one in noise]),
            p_row("planted edge", "cash, best of all", [one.cash for one in planted]),
            p_row("planted edge", "cash, returned", [one.cash_returned for one in planted]),
            p_row("planted edge", "holding, returned", [one.holding_returned for one in planted]),
        ],
        notes=[
            (
                f"{N_NOISE} walks without drift and {N_PLANTED} with an edge, "
                f"{thousands(N_BARS)} bars each, seeds from 0; on each a grid of "
                f"{thousands(noise[0].n_trials)} rules: crossings of moving averages, traded on "
                "both sides, long and short, and rules that trade only while the averages are "
                "far apart."
            ),
            (
                f"The edge is a drift of {EDGE:g} standard deviations in the direction of the last "
                f"{MEMORY_BARS} bars. No rule of the grid looks at just that."
            ),
            "A p-value of noise should be below 0.05 in 5 % of the walks, and so on.",
        ],
        picture=CALIBRATION,
    )


def p_row(walks: str, which: str, p_values: Sequence[float]) -> list[str]:
    """How often p-values are below each level."""
    shares = [sum(p < level for p in p_values) / len(p_values) for level in LEVELS]
    median = statistics.median(p_values)
    return [walks, which, *(f"{100 * share:.1f} %" for share in shares), f"{median:.3f}"]


VERDICT_HEADER = [
    "walks", *(verdict.value for verdict in Verdict), "mean PBO", "winner loses",
    "deflated Sharpe, median", "walk forward above 0",
]  # fmt: skip


def _verdicts(noise: Sequence[Judged], planted: Sequence[Judged]) -> Finding:
    return Finding(
        key="evidence-verdicts",
        question="What does the conclusion say?",
        header=VERDICT_HEADER,
        rows=[verdict_row("no skill", noise), verdict_row("planted edge", planted)],
        notes=["The same walks. `HOLDS_UP` on noise is what must be rare."],
    )


def verdict_row(walks: str, judged: Sequence[Judged]) -> list[str]:
    """How often each verdict was said, and what the other numbers were."""
    counts = [sum(one.verdict == verdict for one in judged) for verdict in Verdict]
    return [
        walks,
        *(f"{100 * count / len(judged):.1f} %" for count in counts),
        f"{statistics.mean(one.pbo for one in judged):.3f}",
        f"{statistics.mean(one.loss_share for one in judged):.3f}",
        f"{statistics.median(one.deflated for one in judged):.3f}",
        f"{100 * sum(one.walked_pct > 0 for one in judged) / len(judged):.1f} %",
    ]


def _accepted(noise: Sequence[Judged], planted: Sequence[Judged]) -> Finding:
    """What has to be true of the walks, beside what is."""
    small = _share(noise, lambda one: one.cash < LEVEL)
    found = _share(planted, lambda one: one.cash_returned < LEVEL)
    holds_up = _share(noise, lambda one: one.verdict is Verdict.HOLDS_UP)
    pbo = statistics.mean(one.pbo for one in noise)
    return Finding(
        key="evidence-accepted",
        question="Are the marks reached?",
        header=["of the walks", "has to be", "is", "mark"],
        rows=[
            _mark("no skill: p-value against cash below 0.05", small, (0.02, 0.08)),
            _mark("no skill: mean PBO", pbo, (0.45, 0.55)),
            _mark("no skill: `HOLDS_UP`", holds_up, (0.0, 0.05)),
            _mark("planted edge: p-value of the returned variant below 0.05", found, (0.9, 1.0)),
        ],
        notes=["The marks were set before anything was measured."],
    )


def _share(judged: Sequence[Judged], is_so: Callable[[Judged], bool]) -> float:
    return sum(map(is_so, judged)) / len(judged)


def _mark(what: str, measured: float, limits: tuple[float, float]) -> list[str]:
    low, high = limits
    verdict = "reached" if low <= measured <= high else "missed"
    return [what, f"{low:g} to {high:g}", f"{measured:.3f}", verdict]


EVIDENCE = Benchmark(name="evidence", title="Evidence", measure=measure_evidence)
