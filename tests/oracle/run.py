"""Hold the kernels against the bar-by-bar loop on many random cases: `--cases 100000 --seed 1`."""

import argparse
import sys
import time

from tests.oracle.cases import random_case
from tests.oracle.kernels import disagreement


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    start = time.monotonic()
    for number in range(asked.cases):
        found = disagreement(random_case(asked.seed, number))
        if found is not None:
            print(f"case {number} of seed {asked.seed}: {found}")
            return 1
    print(f"{asked.cases} cases of seed {asked.seed} agree, {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
