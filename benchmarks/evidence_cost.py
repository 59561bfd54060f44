"""What the evidence takes in time and memory: of a ledger, and of the largest run."""

import os
import time
from typing import NamedTuple

from backtest.control import Control
from backtest.jit import warm
from backtest.policy import Want
from backtest.types import AnswerPart
from benchmarks.alone import MIB, alone, peak_bytes, settle
from benchmarks.bars import YEAR_15M
from benchmarks.cost import one_variant, run_once
from benchmarks.engine import two_averages
from benchmarks.engine_run import USER, backtester
from benchmarks.evidence import weighed
from benchmarks.grids import plane, request
from benchmarks.tables import Benchmark, Finding, held_against
from benchmarks.timing import thousands
from benchmarks.walks import random_ledger
from schema.parse import parse_request


class Load(NamedTuple):
    """Variants, threads, and the most seconds of the clock that they may take, if that is told."""

    n_trials: int
    threads: int
    mark_s: float | None = None


# The last is the largest run that the guards allow, Stage A and Stage B: twice the time of one.
LOADS = (
    Load(100_000, 1),
    Load(100_000, 2, 2.0),
    Load(600_000, 1),
    Load(600_000, 2, 10.0),
    Load(1_200_000, 2, 20.0),
)
# Of the whole process, whatever it holds.
MARK_MIB = 1.2 * 1024
ASKED: dict[str, tuple[AnswerPart, ...]] = {
    "nothing": (),
    "evidence": (AnswerPart.EVIDENCE,),
    "landscape": (AnswerPart.LANDSCAPE,),
    "all four parts": tuple(AnswerPart),
}
ROUNDS = 3


def weighing(load: Load) -> list[str]:
    """Time and memory for one ledger."""
    weighed(random_ledger(100), "first", load.threads)  # compiles
    ledger = random_ledger(load.n_trials)
    held = settle()
    started, started_cpu = time.perf_counter(), time.process_time()
    weighed(ledger, "seed", load.threads)
    took, took_cpu = time.perf_counter() - started, time.process_time() - started_cpu
    return [
        thousands(load.n_trials),
        str(load.threads),
        f"{took:.2f} s",
        held_against(took, load.mark_s, "s"),
        f"{took_cpu:.2f} s",
        f"{(peak_bytes() - held) / MIB:.0f} MiB",
        f"{peak_bytes() / MIB:.0f} MiB",
        held_against(peak_bytes() / MIB, MARK_MIB, "MiB"),
    ]


def asking(what: str) -> list[str]:
    """The largest run that the guards allow, asked for some parts."""
    warm()
    body = request(
        *two_averages(1000, 600), n_bars=YEAR_15M, risk_grid=plane(20, 20), preselect=1500
    )
    want = Want(parts=frozenset(ASKED[what]))
    with backtester(2) as tester:
        run_once(tester, one_variant(body))
        settle()
        spent: list[tuple[float, float]] = []
        for _ in range(ROUNDS):
            started, started_cpu = time.perf_counter(), time.process_time()
            found = tester.run(parse_request(body), user_id=USER, control=Control(), want=want)
            spent.append((time.perf_counter() - started, time.process_time() - started_cpu))
            assert found.stage_a_variants == found.stage_b_variants == 600_000
            del found
    took, took_cpu = min(spent)
    return [
        what,
        f"{took:.2f} s",
        f"{took_cpu:.2f} s",
        f"{peak_bytes() / MIB:.0f} MiB",
        held_against(peak_bytes() / MIB, MARK_MIB, "MiB"),
    ]


def measure_cost() -> list[Finding]:
    return [_of_ledgers(), _of_runs()]


def _of_ledgers() -> Finding:
    return Finding(
        key="evidence-cost",
        question="What does the evidence cost?",
        header=[
            "variants", "threads", "time", "at most", "processor time", "memory beside the ledger",
            "memory in all", "at most",
        ],
        rows=[alone(weighing, load) for load in LOADS],
        notes=[
            "A ledger of noise; all of it: from the trials to the conclusion.",
            (
                f"Others kept the machine busy (load {os.getloadavg()[0]:.1f}) where the time is "
                "longer than the processor time over the threads."
            ),
        ],
    )  # fmt: skip


def _of_runs() -> Finding:
    return Finding(
        key="evidence-asked",
        question="What does the largest run cost, asked for evidence or not?",
        header=["asked for", "time", "processor time", "memory in all", "at most"],
        rows=[alone(asking, what) for what in ASKED],
        notes=[
            (
                f"600 000 variants in Stage A, 600 000 in Stage B, 300 reports, "
                f"{thousands(YEAR_15M)} bars, 2 threads; the least of {ROUNDS}, in a process of "
                "its own. A run that asks for nothing keeps no ledger."
            ),
        ],
    )


EVIDENCE_COST = Benchmark(
    name="evidence_cost", title="What the evidence costs", measure=measure_cost
)
