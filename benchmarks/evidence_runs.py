"""Whether the evidence is right about whole runs: with and without a shortlist and a risk grid."""

from functools import partial

from benchmarks.evidence import (
    EDGE,
    LEVELS,
    VERDICT_HEADER,
    Judged,
    in_processes,
    judged,
    p_row,
    verdict_row,
)
from benchmarks.evidence_engine import evidence_of_run
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands

N_RUNS = 200
N_PLANTED_RUNS = 50


def judge_run(seed: int, edge: float, *, with_risk: bool) -> Judged:
    """One walk and one run of the engine over it."""
    return judged(evidence_of_run(seed, edge, with_risk=with_risk))


def measure_evidence_runs() -> list[Finding]:
    plain = in_processes(partial(judge_run, edge=0.0, with_risk=False), N_RUNS)
    risk = in_processes(partial(judge_run, edge=0.0, with_risk=True), N_RUNS)
    planted = in_processes(partial(judge_run, edge=EDGE, with_risk=True), N_PLANTED_RUNS)
    p_values = Finding(
        key="evidence-runs",
        question="How often is a p-value of a run below a number?",
        header=["runs", "p-value", *(f"< {level:g}" for level in LEVELS), "median"],
        rows=[
            p_row("no skill", "cash, best of all", [one.cash for one in plain]),
            p_row("no skill, risk grid", "cash, best of all", [one.cash for one in risk]),
            p_row("no skill, risk grid", "cash, returned", [one.cash_returned for one in risk]),
            p_row("edge, risk grid", "cash, returned", [one.cash_returned for one in planted]),
        ],
        notes=[
            (
                f"{N_RUNS} and {N_RUNS} runs over walks without drift, {N_PLANTED_RUNS} with the "
                "edge; 1 600 pairs of averages without costs, alone or with a shortlist of 200 "
                f"and 16 cells of a risk grid each: {thousands(plain[0].n_trials)} and "
                f"{thousands(risk[0].n_trials)} trials."
            )
        ],
    )
    verdicts = Finding(
        key="evidence-run-verdicts",
        question="What does the conclusion say of a run?",
        header=["runs", *VERDICT_HEADER[1:]],
        rows=[
            verdict_row("no skill", plain),
            verdict_row("no skill, risk grid", risk),
            verdict_row("edge, risk grid", planted),
        ],
        notes=[
            (
                "PBO and the walk forward choose among the 1 600 pairs without stops, so they say "
                "the same with and without a risk grid."
            )
        ],
    )
    return [p_values, verdicts]


EVIDENCE_RUNS = Benchmark(
    name="evidence_runs", title="Evidence of whole runs", measure=measure_evidence_runs
)
