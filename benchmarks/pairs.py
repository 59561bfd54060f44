"""What running totals are worth in Stage A: the walk beside them, and vectorbt in the same run."""

from collections.abc import Sequence

from backtest.engine.scoring import score_pairs
from benchmarks.alone import alone
from benchmarks.bars import YEAR_15M
from benchmarks.cost import Cost, measure, measure_here
from benchmarks.grids import Body, average, request
from benchmarks.peers import N_VARIANTS, QUOTE, vectorbt_scores
from benchmarks.tables import Finding
from benchmarks.timing import thousands

MARK = 400_000
ROUNDS = 3


def _grid(sizing: str) -> Body:
    pair = average("ma.sma", 40, 200), average("ma.ema", 40, 200)
    return request(*pair, n_bars=YEAR_15M, sizing_mode=sizing, top_k=1, preselect=1)


def _walked(body: Body, threads: int) -> Cost:
    """The same with the walk alone; in a process of its own, where nothing is to be put back."""
    score_pairs.LEAST_SLOW = 1 << 60
    return measure_here(body, threads)


def _speed(costs: list[Cost]) -> float:
    """Variants a second in the best round: others may use the machine meanwhile."""
    return max(cost.stage_a_variants / cost.scoring_s for cost in costs)


def _row(sizing: str) -> list[str]:
    body = _grid(sizing)
    totals: dict[int, list[Cost]] = {1: [], 2: []}
    walks: dict[int, list[Cost]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for threads in (1, 2):
            walks[threads].append(alone(_walked, body, threads))
            totals[threads].append(measure(body, threads=threads))
    walk, one, two = _speed(walks[1]), _speed(totals[1]), _speed(totals[2])
    verdict = "reached" if two >= MARK else "not reached"
    return [
        f"`{sizing}`",
        *map(thousands, (walk, one, _speed(walks[2]), two)),
        f"{one / walk:.1f}",
        verdict,
    ]


def pairs(sizings: Sequence[str]) -> Finding:
    """40 000 pairs, by walk and by running totals, in turns."""
    rows = [_row(sizing) for sizing in sizings]
    for name, is_fixed in (("all in, long side, no costs", False), ("fixed quote", True)):
        theirs = alone(vectorbt_scores, fixed_quote=is_fixed)
        speed = thousands(N_VARIANTS / theirs.seconds)
        rows.append([f"vectorbt: {name}", "", speed, "", "", "", ""])
    return Finding(
        key="pairs",
        question="What are running totals worth where many rows meet many?",
        header=[
            "sizing",
            "walk, 1 thread",
            "totals, 1 thread",
            "walk, 2 threads",
            "totals, 2 threads",
            "ratio, 1 thread",
            f"mark of {thousands(MARK)}",
        ],
        rows=rows,
        notes=[
            (
                f"Variants per second over {thousands(YEAR_15M)} bars, from candles to scores: two "
                "averages of 200 windows each. Walks and totals in turns, each in a new process "
                f"with compiled kernels; the best of {ROUNDS} medians of 3."
            ),
            (
                f"vectorbt scores {N_VARIANTS} pairs in one thread, its second run, by the rules "
                f"of [peers](peers.md); its fixed quote is {thousands(QUOTE)}."
            ),
        ],
    )
