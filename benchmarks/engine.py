"""How fast grids are scored: Stage A, Stage B, a whole run at the guard, every ranking metric."""

from typing import Any

from benchmarks.alone import MIB
from benchmarks.bars import YEAR_15M
from benchmarks.cost import Cost, measure
from benchmarks.grids import Body, average, plane, request
from benchmarks.pairs import pairs
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands

SIZINGS = ("all_in", "strategy_compound", "fixed_quote", "strategy_compound_profit_lock")
METRICS = (
    "total_return_pct",
    "max_drawdown_pct",
    "return_over_max_drawdown",
    "profit_factor",
    "sharpe",
    "sortino",
    "calmar",
    "cagr_pct",
)


def two_averages(n_first: int, n_second: int) -> tuple[Body, Body]:
    """Two moving averages whose agreement trades about 2 000 times a year of 15-minute bars."""
    return average("ma.sma", 40, n_first), average("ma.ema", 40, n_second)


def stages() -> Finding:
    """Stage A over 40 000 pairs, Stage B over 1 500 of them times 400 cells."""
    rows: list[list[str]] = []
    trades = 0.0
    for sizing in SIZINGS:
        body = request(
            *two_averages(200, 200),
            n_bars=YEAR_15M,
            sizing_mode=sizing,
            risk_grid=plane(20, 20),
            preselect=1500,
        )
        one = measure(body, threads=1, count_trades=True)
        two = measure(body, threads=2)
        trades = one.trades
        rows.append([f"`{sizing}`", *_speeds(one, two)])
    return Finding(
        key="stages",
        question="How many variants a second do the stages score?",
        header=["sizing", "A, 1 thread", "A, 2 threads", "B, 1 thread", "B, 2 threads"],
        rows=rows,
        notes=[
            (
                f"Variants per second over {thousands(YEAR_15M)} bars: two indicators, "
                f"{thousands(trades)} trades per variant on average."
            ),
            "Stage A counts from candles to scores: indicators, signals, 40 000 variants.",
            "Stage B crosses 1 500 of them with a 20 × 20 plane: passage tables, scores, ranking.",
            "Medians of 3 runs in a new process with compiled kernels.",
        ],
    )


def _speeds(one: Cost, two: Cost) -> list[str]:
    per_a = [thousands(cost.stage_a_variants / cost.scoring_s) for cost in (one, two)]
    per_b = [thousands(cost.stage_b_variants / cost.seconds["stage_b"]) for cost in (one, two)]
    return [*per_a, *per_b]


def largest_run(**settings: Any) -> Body:
    """As many variants as the guards let pass, in both stages, and 300 reports."""
    return request(
        *two_averages(1000, 600),
        n_bars=YEAR_15M,
        risk_grid=plane(20, 20),
        preselect=1500,
        **settings,
    )


def full_load() -> Finding:
    """What the largest run takes."""
    body = largest_run()
    rows = [_load_row(threads, measure(body, threads=threads, repeats=3)) for threads in (1, 2)]
    return Finding(
        key="full-load",
        question="What does the largest run take that the guards let pass?",
        header=["threads", "signals", "Stage A", "Stage B", "reports", "whole run", "peak memory"],
        rows=rows,
        notes=[
            (
                f"600 000 variants in Stage A, 600 000 in Stage B, 300 reports, "
                f"{thousands(YEAR_15M)} bars. Target: 12 s and 1 GiB."
            ),
            "Peak memory is the resident set of the whole process.",
            "Medians of 3 runs in a new process with compiled kernels.",
        ],
    )


def _load_row(threads: int, cost: Cost) -> list[str]:
    assert cost.stage_a_variants == cost.stage_b_variants == 600_000
    assert cost.n_returned == 300
    parts = [cost.seconds[name] for name in ("signals", "stage_a", "stage_b", "report")]
    return [
        str(threads),
        *(f"{seconds:.2f} s" for seconds in (*parts, cost.total_s)),
        f"{cost.peak_bytes / MIB:.0f} MiB",
    ]


def rankings() -> Finding:
    """100 000 variants ranked by each metric."""
    rows: list[list[str]] = []
    for metric in METRICS:
        body = request(*two_averages(400, 250), n_bars=YEAR_15M, ranking={"primary_metric": metric})
        cost = measure(body, threads=2, repeats=1)
        assert cost.stage_a_variants == 100_000
        rows.append(
            [
                f"`{metric}`",
                f"{cost.scoring_s:.2f} s",
                f"{cost.total_s:.2f} s",
                f"{cost.peak_bytes / MIB:.0f} MiB",
            ]
        )
    return Finding(
        key="rankings",
        question="What does each ranking metric cost?",
        header=["metric", "signals and Stage A", "whole run", "peak memory"],
        rows=rows,
        notes=[
            (
                "100 000 variants, 300 reports, 2 threads. Metrics other than the return are "
                "computed from the exact trades of every variant. Target of `sharpe`: 3 s."
            )
        ],
    )


ENGINE = Benchmark(
    name="engine",
    title="The engine",
    measure=lambda: [stages(), pairs(SIZINGS), full_load(), rankings()],
)
