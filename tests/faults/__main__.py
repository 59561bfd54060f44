"""`python -m tests.faults [--times 100]`: break the stores, count what clients see."""

import argparse
import logging
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import structlog

from benchmarks.tables import table
from tests.faults.kinds import Outcome, rounds
from tests.faults.scenes import SCENES
from tests.soak.page import write_region

HEADER = ("fault", "rounds", "200, right", "503", "504", "wrong", "hung", "next failed", "slowest")


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.faults")
    arguments.add_argument("--times", type=int, default=100)
    times: int = arguments.parse_args().times
    outcomes: dict[str, Outcome] = {}
    # Most of a round is waiting, so the scenes share the time.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(SCENES), mp_context=context) as pool:
        for played in pool.map(_played, SCENES, [times] * len(SCENES)):
            outcomes |= played
    text = table(HEADER, [_row(name, outcome) for name, outcome in outcomes.items()])
    print(text)
    write_region("faults", text)
    return 0 if all(outcome.is_good for outcome in outcomes.values()) else 1


def _played(scene: str, times: int) -> dict[str, Outcome]:
    """Every kind of a scene; none where the machine lacks what the scene needs."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    outcomes: dict[str, Outcome] = {}
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            SCENES[scene].opened(Path(folder)) as (world, kinds),
        ):
            for name, kind in kinds.items():
                outcomes[name] = rounds(world, kind, times)
                print(name, dict(outcomes[name].statuses), flush=True)
    except pytest.skip.Exception as skipped:
        print(f"{scene}: left out, {skipped}")
    return outcomes


def _row(name: str, outcome: Outcome) -> tuple[str, ...]:
    counts = outcome.statuses
    numbers = (
        counts.total(),
        counts[200] - outcome.n_wrong,
        counts[503],
        counts[504],
        outcome.n_wrong,
        outcome.n_hangs,
        outcome.n_not_recovered,
    )
    return name, *map(str, numbers), f"{outcome.slowest_s:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
