"""`python -m tests.faults [--times 100]`: break the stores, count what clients see."""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

import structlog

from benchmarks.tables import table
from tests.faults.kinds import Outcome, kinds_of, rounds
from tests.faults.world import opened_world
from tests.soak.page import write_region

HEADER = ("fault", "rounds", "200, right", "503", "504", "wrong", "hung", "next failed", "slowest")


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.faults")
    arguments.add_argument("--times", type=int, default=100)
    times: int = arguments.parse_args().times
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    outcomes: dict[str, Outcome] = {}
    for is_cached in (False, True):
        with (
            tempfile.TemporaryDirectory() as folder,
            opened_world(Path(folder), is_cached=is_cached) as world,
        ):
            for kind in kinds_of(world):
                name = f"{kind.name}{', cached bars' if is_cached else ''}"
                outcomes[name] = rounds(world, kind, times)
                print(name, dict(outcomes[name].statuses), flush=True)
    text = table(HEADER, [_row(name, outcome) for name, outcome in outcomes.items()])
    print(text)
    write_region("faults", text)
    return 0 if all(outcome.is_good for outcome in outcomes.values()) else 1


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
