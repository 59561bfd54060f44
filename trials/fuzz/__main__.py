"""`make fuzz`: a million requests that should not break the door, ten thousand that agree.

`python -m trials.fuzz SHARE` does that share of it. Each batch has a seed of its own, so what is
sent does not depend on the number of processors that share the work.
"""

import asyncio
import multiprocessing
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from trials.fuzz.asking import Tally
from trials.fuzz.batches import agreed, be_quiet, sent, tasks
from trials.fuzz.mistakes import answers, digest, digest_in_process

AGREEING, AGREEING_BATCH = 10_000, 1_250
REPEATS = 100
HASH_SEEDS = tuple(map(str, range(8)))
ROW = "| {:<20} | {:<10} | {:>9} | {:>10} | {} |"


def main() -> int:
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    started = time.perf_counter()
    tallies: dict[tuple[str, str], Tally] = {}
    n_agreeing = round(AGREEING * share)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, initializer=be_quiet) as pool:
        firsts = range(0, n_agreeing, AGREEING_BATCH)
        lasts = [min(first + AGREEING_BATCH, n_agreeing) for first in firsts]
        agreeing = pool.map(agreed, firsts, lasts)
        for task, tally in zip(tasks(share), pool.map(sent, tasks(share)), strict=True):
            whole = tallies.setdefault((task.name, task.path), Tally(Counter(), []))
            whole.statuses.update(tally.statuses)
            whole.found.extend(tally.found)
        n_variants = sum(agreeing)
    be_quiet()
    print(ROW.format("requests", "face", "sent", "unexpected", "by status"))
    print(ROW.format("-" * 20, "-" * 10, "-" * 9, "-" * 10, "---"))
    for (name, path), tally in tallies.items():
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(tally.statuses.items()))
        print(ROW.format(name, path, tally.n_requests, len(tally.found), statuses))
    print(ROW.format("valid", "both", n_agreeing, 0, f"{n_variants} variants compared"))
    n_sent = sum(tally.n_requests for tally in tallies.values())
    is_steady = steady(round(REPEATS * share) or 1)
    print(f"{n_sent} requests in {time.perf_counter() - started:.0f} s")
    found = [item for tally in tallies.values() for item in tally.found]
    for body, problem in found[:20]:
        print(problem, body[:500])
    return 1 if found or not is_steady else 0


def steady(repeats: int) -> bool:
    """Whether a mistake gets the same bytes again, in this process and in ones that hash apart."""
    told = asyncio.run(answers(repeats))
    digests = {digest(told), *map(digest_in_process, HASH_SEEDS)}
    is_steady = len(digests) == 1 and all(len(found) == 1 for found in told.values())
    word = "one answer" if is_steady else "DIFFERENT ANSWERS"
    print(f"{len(told)} mistakes, {repeats} times, hash seeds {' '.join(HASH_SEEDS)}: {word} each")
    return is_steady


if __name__ == "__main__":
    sys.exit(main())
