"""Hold a CUDA device against the processors on many random cases: `--cases 1000 --first 0`.

A case is a few base variants: their scores, their ledger, and both again over four risk planes.
"""

import argparse
import sys
import time
from contextlib import closing

import numpy as np

from backtest.engine.find_device import accelerator_for
from backtest.engine.workers.accelerator import Accelerator
from backtest.engine.workers.device import PROCESSORS
from tests.oracle.device import (
    Arrays,
    ledger_of_case,
    planes_of_case,
    raw_scores,
    stages_of_case,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    start, n_numbers = time.monotonic(), 0
    with closing(accelerator_for("cuda")) as accelerator:
        if accelerator.device() is None:
            print(accelerator.state)
            return 1
        for number in range(asked.first, asked.first + asked.cases):
            expected = all_of_case(number, Accelerator())
            found = all_of_case(number, accelerator)
            if (name := first_difference(found, expected)) is not None:
                print(f"case {number} differs: {name}")
                return 1
            n_numbers += sum(one.size for one in expected.values())
        print(
            f"{asked.cases} cases from {asked.first}, {n_numbers} numbers, {accelerator.state}: "
            f"the same bits, {time.monotonic() - start:.0f} s"
        )
    return 0


def all_of_case(number: int, accelerator: Accelerator) -> Arrays:
    stages = stages_of_case(number, accelerator)
    scores = raw_scores(stages)
    return {
        "scores": scores,
        "scored by": np.array(stages.scored_by),
        **ledger_of_case(number, accelerator),
        **planes_of_case(number, accelerator),
    }


def first_difference(found: Arrays, expected: Arrays) -> str | None:
    """The first array that differs by a bit, or that the device has left to the processors."""
    for name, theirs in expected.items():
        mine = found[name]
        if name.startswith("scored by"):
            if PROCESSORS in mine:
                return name
        elif not np.array_equal(mine, theirs, equal_nan=mine.dtype == np.float64):
            return name
    return None


if __name__ == "__main__":
    sys.exit(main())
