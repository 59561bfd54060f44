"""`python -m trials.faults [--times 100]`: break the stores, count what clients see."""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from benchmarks.tables import table
from trials.faults.kinds import Outcome
from trials.faults.readiness import TOLD_WITHIN_S, seconds_until_told
from trials.faults.scenes import SCENES, play
from trials.soak.page import write_region

HEADER = ("fault", "rounds", "200, right", "503", "504", "wrong", "hung", "next failed", "slowest")


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m trials.faults")
    arguments.add_argument("--times", type=int, default=100)
    times: int = arguments.parse_args().times
    outcomes: dict[str, Outcome] = {}
    # Most of a round is waiting, so the scenes share the time.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(SCENES), mp_context=context) as pool:
        for played in pool.map(play, SCENES, [times] * len(SCENES)):
            outcomes |= played
    text = table(HEADER, [_row(name, outcome) for name, outcome in outcomes.items()])
    print(text)
    write_region("faults", text)
    is_told_in_time = _is_told_in_time()
    return 0 if is_told_in_time and all(outcome.is_good for outcome in outcomes.values()) else 1


def _is_told_in_time() -> bool:
    """Whether an orchestrator that waits for a second learns of a broken candle server."""
    took_s = seconds_until_told()
    told = ", ".join(f"{state} {seconds:.2f} s" for state, seconds in took_s.items())
    print(f"/readyz tells that the candle server is broken: {told}; {TOLD_WITHIN_S:g} s allowed")
    return max(took_s.values()) <= TOLD_WITHIN_S


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
