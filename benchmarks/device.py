"""How fast a CUDA device scores, alone and end to end, beside the processors in one process.

`python -m benchmarks.device` is `python -m benchmarks device` where nothing is installed but the
wheel and its extra `cuda`.
"""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import numpy as np

from backtest.engine.find_device import accelerator_for
from backtest.engine.pipeline import recorder as recorder_module
from backtest.engine.pipeline import stages as stages_module
from backtest.engine.pipeline.slabs import slabs_of
from backtest.engine.pipeline.stages import Stages
from backtest.engine.workers.accelerator import Accelerator
from backtest.jit import warm
from backtest.result import RunResult
from backtest.run import Backtester
from benchmarks.bars import YEAR_15M, WalkFeed
from benchmarks.cost import run_once
from benchmarks.device_evidence import evidence
from benchmarks.device_stage_b import stage_b
from benchmarks.engine import SIZINGS, two_averages
from benchmarks.engine_run import NoStrategies, no_spec, policy, settings
from benchmarks.grid_sizes import three_averages
from benchmarks.grids import request
from benchmarks.machine import describe, n_processors
from benchmarks.prepared import prepared
from benchmarks.tables import Benchmark, Finding, Skipped, write_page
from benchmarks.timing import median_s, once_s, thousands

GRID = (1000, 600)
GUARD = GRID[0] * GRID[1]
LARGE_GRID = 100_000_000
Scored = tuple[np.ndarray, ...]


def findings() -> Iterator[Finding]:
    """One after the other, for a machine that may be taken away in between."""
    warm()
    with closing(accelerator_for("cuda")) as accelerator:
        if accelerator.device() is None:
            raise Skipped(accelerator.state)
        card = accelerator.state.removeprefix("scoring on ")
        yield stage_a(accelerator, card)
        yield evidence(accelerator, card)
        yield stage_b(accelerator, card)
    yield whole_runs(card)
    yield large_grid(card)


def measure_device() -> list[Finding]:
    return list(findings())


def stage_a(accelerator: Accelerator, card: str) -> Finding:
    rows = [
        _stage_a_row(accelerator, sizing, with_ledger=with_ledger)
        for with_ledger in (False, True)
        for sizing in SIZINGS
    ]
    return Finding(
        key="device-stage-a",
        question="What does Stage A take on the device, and are its bits those of the processors?",
        header=["sizing", card, "variants/s", "processors", "ratio", "largest difference"],
        rows=rows,
        notes=[
            (
                f"600 000 variants over {thousands(YEAR_15M)} bars, bit rows ready; the device's "
                "time counts uploading them, scoring, and copying scores (and growth) back."
            ),
            f"Processors: {n_processors()} threads, in the same process. Medians of 3.",
            (
                "The difference is relative, over all scores, and of growth in millionths; 0 means "
                "that every bit is the same, which is asserted."
            ),
        ],
    )


def _stage_a_row(accelerator: Accelerator, sizing: str, *, with_ledger: bool) -> list[str]:
    body = request(*two_averages(*GRID), n_bars=YEAR_15M, sizing_mode=sizing)
    found: dict[str, Scored] = {}
    seconds: dict[str, float] = {}
    for name, where in (("device", accelerator), ("processors", Accelerator())):
        with prepared(body, where, with_ledger=with_ledger) as stages:

            def score(stages: Stages = stages) -> Scored:
                return _scored(stages)

            # totals are the processors' own way; bits are compared with the walk, time with either
            with (
                patch.object(stages_module, "prefers_totals", return_value=False),
                patch.object(recorder_module, "prefers_totals", return_value=False),
            ):
                found[name] = score()
            seconds[name] = median_s(score, repeats=3)
            assert (stages.scored_by == ("cpu",)) == (name == "processors")
    difference = max(map(_difference, found["device"], found["processors"]))
    assert difference == 0.0, f"{sizing}: {difference}"
    return [
        f"`{sizing}`{', with its ledger' if with_ledger else ''}",
        f"{seconds['device'] * 1e3:.1f} ms",
        thousands(GUARD / seconds["device"]),
        f"{seconds['processors'] * 1e3:.0f} ms",
        f"{seconds['processors'] / seconds['device']:.1f}",
        f"{difference:g}",
    ]


def _scored(stages: Stages) -> Scored:
    """Fast scores of all slabs, with the growth where it is kept."""
    slabs = list(slabs_of(stages.combos))
    with stages.using_device():
        if stages.recorder is None:
            scores = [stages.fast_scores(slab.slow_ids, slab.rows).reshape(-1) for slab in slabs]
            return (np.concatenate(scores),)
        scores = [stages.recorder.scores(slab).reshape(-1) for slab in slabs]
    return np.concatenate(scores), stages.recorder._growth.copy()  # noqa: SLF001 - before it is sorted into trials


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest relative difference; infinite where only one of two is NaN."""
    if found.dtype != np.float64:
        return float(np.abs(found.astype(np.int64) - expected).max())
    if not np.array_equal(np.isnan(found), np.isnan(expected)):
        return np.inf
    return float(np.nanmax(np.abs(found - expected) / np.abs(expected)))


@contextmanager
def backtester_on(accelerator: Accelerator, n_variants: int) -> Iterator[Backtester]:
    made = Backtester(
        candles=WalkFeed(),
        strategies=NoStrategies(),
        defaults=settings().grid_defaults,
        read_spec=no_spec,
        policy=replace(
            policy(n_processors()),
            max_variants_per_compute=n_variants,
            max_compute_bytes_total=1 << 40,
        ),
        accelerator=accelerator,
    )
    with closing(made):
        yield made


def whole_runs(card: str) -> Finding:
    """The same grid from request to answer."""
    rows: list[list[str]] = []
    for sizing in SIZINGS:
        body = request(*two_averages(*GRID), n_bars=YEAR_15M, sizing_mode=sizing)
        # the backtester of the device closes it
        with (
            backtester_on(accelerator_for("cuda"), GUARD) as there,
            backtester_on(Accelerator(), GUARD) as here,
        ):
            run_once(there, body)  # opens the device
            result, expected = run_once(there, body), run_once(here, body)
            assert result.variants[0].total_return_pct == expected.variants[0].total_return_pct
            keys = [[v.variant_key for v in one.variants] for one in (result, expected)]
            assert keys[0] == keys[1]
            took = [median_s(partial(run_once, one, body), 3) for one in (there, here)]
        stages = [one.stage_seconds["stage_a"] for one in (result, expected)]
        rows.append([f"`{sizing}`", *(f"{s:.2f} s" for s in (*stages, *took))])
    return Finding(
        key="device-runs",
        question="What does a whole run of 600 000 variants take?",
        header=["sizing", f"Stage A, {card}", "processors", f"whole run, {card}", "processors"],
        rows=rows,
        notes=["300 reports; the answers of both are asserted to be the same. Medians of 3."],
    )


def large_grid(card: str) -> Finding:
    body = three_averages(LARGE_GRID, YEAR_15M)
    results: list[RunResult] = []
    with backtester_on(accelerator_for("cuda"), LARGE_GRID) as there:
        run_once(there, request(*two_averages(2, 2), n_bars=YEAR_15M))  # opens the device
        total_s = once_s(lambda: results.append(run_once(there, body)))
    seconds = results[0].stage_seconds
    parts = [seconds[name] for name in ("signals", "stage_a", "report")]
    return Finding(
        key="device-large",
        question="What does a grid of 100 million variants take?",
        header=["device", "signals", "Stage A", "reports", "whole run"],
        rows=[[card, *(f"{s:.1f} s" for s in (*parts, total_s))]],
        notes=[
            (
                f"{thousands(LARGE_GRID)} variants, three averages without costs, "
                f"{thousands(YEAR_15M)} bars, one run."
            )
        ],
    )


DEVICE = Benchmark(name="device", title="A CUDA device", measure=measure_device)

if __name__ == "__main__":
    found: list[Finding] = []
    try:
        for finding in findings():
            found.append(finding)
            write_page(DEVICE, found, describe())
            print(finding.question, *finding.rows, sep="\n", flush=True)
    except Skipped as reason:
        sys.exit(f"skipped: {reason}")
