"""`python -m trials.soak [--minutes 30 | --drains 100 | --leaves 100]`: load a real server, write
the tables.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.tables import table
from trials.soak.leaving import BODIES, LEAVES, LIMITS_S, opened_scene
from trials.soak.load import drain, soak
from trials.soak.page import write_region
from trials.soak.record import overshoot
from trials.soak.service import running_attackers, running_service, running_store


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m trials.soak")
    arguments.add_argument("--minutes", type=float, default=1.0)
    arguments.add_argument("--clients", type=int, default=64)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--faults", type=float, default=0.1, help="share of bad half-seconds")
    arguments.add_argument("--hostile", type=float, default=0.1, help="share that means harm")
    arguments.add_argument("--drains", type=int, default=0)
    arguments.add_argument("--workers", type=int, default=1, help="processes that are stopped")
    arguments.add_argument("--leaves", type=int, default=0)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.leaves:
            return _leaves(folder, given)
        share = 0.0 if given.drains else given.faults
        with running_store(folder / "store", seed=given.seed, share=share) as store_port:
            if given.drains:
                return _drains(folder, store_port, given)
            return _soak(folder, store_port, given)


def _soak(folder: Path, store_port: int, given: argparse.Namespace) -> int:
    n_hostile = round(given.clients * given.hostile)
    with (
        running_service(folder, store_port) as service,
        running_attackers(service, n_clients=n_hostile, seed=given.seed) as attacks,
    ):
        ends_at = time.monotonic() + given.minutes * 60
        record = asyncio.run(
            soak(
                service,
                is_over=lambda _: time.monotonic() > ends_at,
                n_clients=given.clients - n_hostile,
                seed=given.seed,
            )
        )
    record.attacks = attacks
    how = (
        f"`python -m trials.soak --minutes {given.minutes:g} --clients {given.clients}`, "
        f"seed {given.seed}, {given.faults:.0%} bad half-seconds of the store, "
        f"{n_hostile} clients that mean harm."
    )
    facts = (
        how,
        record.counts(),
        record.attacked(),
        record.latencies(),
        record.quickness(),
        overshoot(record),
        record.memory_growth(),
        record.verdict(),
    )
    text = "\n\n".join(facts)
    print(text)
    write_region("soak", text)
    return 1 if record.problems else 0


def _leaves(folder: Path, given: argparse.Namespace) -> int:
    dice = random.Random(given.seed)
    rows: list[list[str]] = []
    is_late = False
    with opened_scene(folder, seed=given.seed) as scene:
        for name, leave in LEAVES.items():
            for path in BODIES:
                seconds = [leave(scene, path, dice) for _ in range(given.leaves)]
                is_late |= max(seconds) > LIMITS_S[leave]
                shares = np.percentile(np.array(seconds) * 1000, [50, 99, 100])
                rows.append([name, path, str(given.leaves), *(f"{share:.0f}" for share in shares)])
    text = table(
        ["client leaves a run that …", "face", "times", "p50 ms", "p99 ms", "max ms"], rows
    )
    print(text)
    write_region("leaves", text)
    return int(is_late)


def _drains(folder: Path, store_port: int, given: argparse.Namespace) -> int:
    total: Counter[str] = Counter({"lost": 0, "exit codes other than 0": 0})
    for number in range(given.drains):
        seed = given.seed + number
        seen = drain(
            folder, store_port, n_clients=given.clients, seed=seed, n_workers=given.workers
        )
        print(number, seen, flush=True)
        total.update(seen)
    text = table(["drains", *total], [[str(given.drains), *map(str, total.values())]])
    print(text)
    write_region("drains" if given.workers == 1 else "drains-workers", text)
    return 1 if total["lost"] or total["exit codes other than 0"] else 0


if __name__ == "__main__":
    sys.exit(main())
