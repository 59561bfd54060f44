"""What one row for all variants with the same trades adds to the largest run.

See: docs/ranking.md#distinct-results
"""

import statistics
import time

from backtest.jit import warm
from backtest.result import RunResult
from backtest.run import Backtester
from benchmarks.alone import alone
from benchmarks.bars import YEAR_15M
from benchmarks.cost import run_once
from benchmarks.engine import largest_run
from benchmarks.engine_run import backtester
from benchmarks.grids import Body
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands

ROUNDS = 9
PLAIN, DISTINCT_ROWS = largest_run(), largest_run(distinct=True)


def distinct_runs() -> Finding:
    return Finding(
        key="distinct",
        question="What does one row for all variants with the same trades add to the largest run?",
        header=["threads", "every variant", "distinct", "ratio", "variants behind 300 rows"],
        rows=[alone(_row, threads) for threads in (1, 2)],
        notes=[
            (
                "Processor time of whole runs: 600 000 variants in Stage A, 600 000 in Stage B, "
                f"300 reports, {thousands(YEAR_15M)} bars. Target of the ratio: 1.10."
            ),
            (
                f"Both by turns in one process with compiled kernels; least of {ROUNDS}, and the "
                "median of the ratios of a round."
            ),
            "The first row of both is the same variant, with the same return, which is asserted.",
        ],
    )


def _row(threads: int) -> list[str]:
    warm()
    with backtester(threads) as tester:
        every, groups = run_once(tester, PLAIN), run_once(tester, DISTINCT_ROWS)
        assert every.variants[0].total_return_pct == groups.variants[0].total_return_pct
        rounds = [(_spent_s(tester, PLAIN), _spent_s(tester, DISTINCT_ROWS)) for _ in range(ROUNDS)]
    least = [min(spent) for spent in zip(*rounds, strict=True)]
    ratio = statistics.median(distinct / plain for plain, distinct in rounds)
    return [
        str(threads),
        *(f"{seconds:.2f} s" for seconds in least),
        f"{ratio:.2f}",
        thousands(_n_behind(groups)),
    ]


def _n_behind(run: RunResult) -> int:
    return sum(1 + v.same_as.n_others for v in run.variants if v.same_as is not None)


def _spent_s(tester: Backtester, body: Body) -> float:
    """Processor seconds of all threads."""
    started = time.process_time()
    run_once(tester, body)
    return time.process_time() - started


DISTINCT = Benchmark(name="distinct", title="Distinct results", measure=lambda: [distinct_runs()])
