"""What a ledger adds to a variant of Stage A, along its edges and from running totals."""

import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from backtest.engine.bits.combine import BitRows
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.blocks.marks import cut_rows, marks_of
from backtest.engine.pipeline.slabs import slabs_of
from backtest.engine.pipeline.stages import Stages
from backtest.engine.scoring.running_totals import LANES
from backtest.engine.scoring.score_growth import grow_by_walk
from backtest.engine.scoring.score_pairs import look_up_growth, score_by_totals, score_by_walk
from backtest.engine.workers.accelerator import Accelerator
from backtest.jit import warm
from benchmarks.alone import alone
from benchmarks.bars import YEAR_15M
from benchmarks.device import prepared
from benchmarks.engine import SIZINGS, two_averages
from benchmarks.grids import request
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands

ROUNDS = 9
# The most that Stage A with its ledger may take of what it takes without.
MARK = 1.1
# of the slow signals, these are walked too: a walk does not depend on how many there are
WALKED = slice(None, None, 20)

Way = Callable[[], None]


def measure_ledger() -> list[Finding]:
    rows = [alone(_row, sizing) for sizing in SIZINGS]
    return [
        Finding(
            key="ledger",
            question="What does a ledger add to a variant of Stage A, walked and looked up?",
            header=[
                "sizing", "walk", "… with ledger", "totals", "… with ledger",
                f"at most {100 * (MARK - 1):.0f} % more, walk and totals",
                "walk with ledger / totals with ledger", "pairs walked after all",
            ],
            rows=rows,
            notes=[
                (
                    f"Microseconds of processor time per variant, bit rows ready: 200 by {LANES} "
                    f"pairs of two averages over {thousands(YEAR_15M)} bars."
                ),
                (
                    "All four by turns in one thread, which stays on one processor; least of "
                    f"{ROUNDS}, and in brackets the median of the ratios to the one without ledger."
                ),
                "Growth by lookups is that of the walk to the integer, which is asserted.",
            ],
        )
    ]  # fmt: skip


def _row(sizing: str) -> list[str]:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    warm()
    body = request(*two_averages(200, 200), n_bars=YEAR_15M, sizing_mode=sizing)
    with prepared(body, Accelerator(), with_ledger=False) as stages:
        return [f"`{sizing}`", *_numbers(stages)]


def _numbers(stages: Stages) -> list[str]:
    slab, target = next(iter(slabs_of(stages.combos))), stages._target  # noqa: SLF001 - no public way
    fast, ids = np.ascontiguousarray(slab.rows[:LANES]), slab.slow_ids[:200]
    rows = BitRows(stages.combos.slow_rows, fast, target.side_masks)
    prices, terms = target.prices, target.terms
    marks = marks_of(target.n_bars, terms)
    cut = np.empty((len(fast), 2, len(marks.firsts) - 1), np.uint64)
    cut_rows(fast, marks.firsts, cut)
    cut_into = rows._replace(fast=cut)
    few = np.ascontiguousarray(ids[WALKED])
    scores, growth, ruined = _room(len(ids))
    own_scores, own_growth, own_ruined = _room(len(few))

    def walk() -> None:
        score_by_walk(rows, few, prices, terms, own_scores)

    def walk_with_ledger() -> None:
        own_scores[:] = np.nan
        grow_by_walk(cut_into, few, prices, terms, marks, own_scores, own_growth, own_ruined)

    def look_up() -> None:
        score_by_totals(rows, ids, prices, terms, scores)

    def look_up_with_ledger() -> None:
        look_up_growth(rows, ids, prices, terms, marks, scores, growth)
        grow_by_walk(cut_into, ids, prices, terms, marks, scores, growth, ruined)

    look_up_growth(rows, ids, prices, terms, marks, scores, growth)
    in_doubt = float(np.isnan(scores).mean())
    look_up_with_ledger()
    walk_with_ledger()
    assert np.array_equal(growth[WALKED], own_growth)
    n_few, n = own_scores.size, scores.size
    spent = _by_turns(
        [(walk, n_few), (walk_with_ledger, n_few), (look_up, n), (look_up_with_ledger, n)]
    )
    least = [min(times) for times in spent]
    ratios = _ratio(spent[1], spent[0]), _ratio(spent[3], spent[2])
    return [
        f"{least[0]:.2f}",
        f"{least[1]:.2f} ({ratios[0]:.2f})",
        f"{least[2]:.2f}",
        f"{least[3]:.2f} ({ratios[1]:.2f})",
        ", ".join("reached" if ratio <= MARK else "missed" for ratio in ratios),
        f"{least[1] / least[3]:.1f}",
        f"{100 * in_doubt:.1f} %",
    ]


def _room(n_outer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, growth and ruin of some slow signals with a batch of rows."""
    shape = n_outer, LANES
    return np.empty(shape), np.empty((*shape, N_BLOCKS), np.int32), np.zeros(shape, np.bool_)


def _by_turns(ways: list[tuple[Way, int]]) -> list[list[float]]:
    """Microseconds of processor time per variant of each, in every round."""
    spent: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for times, (way, n_variants) in zip(spent, ways, strict=True):
            started = time.thread_time()
            way()
            times.append((time.thread_time() - started) / n_variants * 1e6)
    return spent


def _ratio(times: list[float], others: list[float]) -> float:
    return statistics.median(time / other for time, other in zip(times, others, strict=True))


LEDGER = Benchmark(name="ledger", title="What a ledger costs", measure=measure_ledger)
