"""What a least deviation in a resample does: to rules that rarely trade, and to grids of stops."""

from collections.abc import Callable, Sequence

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence import luck
from backtest.evidence.reality_check import reality_check
from backtest.evidence.rows import describe_rows
from benchmarks.evidence import LEVELS, in_processes, p_row
from benchmarks.evidence_engine import N_PAIRS, grid, trials_of_run
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands
from benchmarks.walks import ledger_of, returns

N_WALKS = 200
N_RUNS = 100
FLOORS = (0.0, 0.8, 0.9, 1.0)
Judge = Callable[[int], list[float]]


def judge_walk(seed: int) -> list[float]:
    """P-value against cash of the best of all rules over a walk without skill, floor by floor."""
    return _p_values(ledger_of(returns(seed)), f"walk {seed}")


def judge_cells(seed: int) -> list[float]:
    """The same of a grid of stops and targets that was tried whole."""
    workers = Workers(1)
    try:
        body = grid(with_risk=True, n_taken_up=N_PAIRS)
        recorded, name = trials_of_run(seed, body, workers)
    finally:
        workers.close()
    return _p_values(recorded.ledger, name)


def _p_values(ledger: Ledger, seed: str) -> list[float]:
    workers, control = Workers(1), Control()
    standard = luck.LEAST_DEVIATION
    found: list[float] = []
    try:
        rows = describe_rows(ledger, workers, control)
        for floor in FLOORS:
            luck.LEAST_DEVIATION = floor
            check = reality_check(ledger, rows, seed, 1.0, workers, control).against_cash
            assert check is not None
            found.append(check.p_value)
    finally:
        luck.LEAST_DEVIATION = standard
        workers.close()
    return found


def measure_floor() -> list[Finding]:
    rows = [*_rows("rules over walks", judge_walk, N_WALKS), *_rows("stops", judge_cells, N_RUNS)]
    return [
        Finding(
            key="evidence-floor",
            question="How small may a deviation be in a resample?",
            header=["noise", "at least", *(f"< {level:g}" for level in LEVELS), "median"],
            rows=rows,
            notes=[
                (
                    f"{N_WALKS} walks without skill with the rules of the calibration, half of "
                    f"which trade only now and then; {N_RUNS} runs with 16 stop-losses and "
                    f"take-profits for each of {thousands(N_PAIRS)} pairs of averages, all of them "
                    "tried. P-values against cash of the best of all."
                ),
                "At least: the share of the deviation over all blocks.",
            ],
        )
    ]


def _rows(noise: str, judge: Judge, n_walks: int) -> list[list[str]]:
    judged: Sequence[list[float]] = in_processes(judge, n_walks)
    return [
        p_row(noise, f"{floor:g}", [one[place] for one in judged])
        for place, floor in enumerate(FLOORS)
    ]


EVIDENCE_FLOOR = Benchmark(
    name="evidence_floor", title="Evidence and quiet variants", measure=measure_floor
)
