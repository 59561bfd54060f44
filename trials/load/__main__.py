"""`python -m trials.load [--before TREE]`: the service under its own largest runs.

With a checkout of an older commit the same is asked of it first; without one, what the page says
of it stays. Writes docs/reliability.md.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import ROOT
from benchmarks.tables import table
from trials.load.scenes import (
    ANSWERS,
    THREADS_GROUP,
    Row,
    few_files,
    no_more_threads,
    short_beside_long,
)
from trials.load.service import Loaded, filled_store, loaded
from trials.processes import Costs, measured
from trials.soak.page import rows_of, write_region

DEADLINE_S = 60.0
COSTS = ("answers", "computes")
LARGE = ("commit", "asked", "status", "answer", "took", "busy after it", "process of runs")
SHORTS = ("commit", "alone", "200", "p50", "p95", "long ones ended")
FILES = ("commit", "with 64 files", "200 afterwards")
THREADS = ("commit", "with no thread to start", "200 afterwards")


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m trials.load")
    arguments.add_argument("--before", type=Path)
    before: Path | None = arguments.parse_args().before
    trees = {"before": before, "this": ROOT} if before is not None else {"this": ROOT}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        data = {tree: filled_store(folder / commit, tree) for commit, tree in trees.items()}

        def play(scene: Callable[[Loaded], Row], tree: Path, deadline_s: float) -> Row:
            costs = Costs()
            with loaded(data[tree], folder, tree, deadline_s=deadline_s) as service:
                answering, *computing = service.pids()
                with measured([answering], computing, costs):
                    row = scene(service)
            return *row, str(costs.answers), str(costs.computes)

        large = [
            (commit, asked, *play(scene, tree, DEADLINE_S))
            for asked, scene in ANSWERS.items()
            for commit, tree in trees.items()
        ]
        shorts = [(commit, *play(short_beside_long, tree, 60.0)) for commit, tree in trees.items()]
        files = [(commit, *play(few_files, tree, DEADLINE_S)) for commit, tree in trees.items()]
        threads = [
            (commit, *play(no_more_threads, tree, DEADLINE_S))
            for commit, tree in trees.items()
            if os.access(THREADS_GROUP, os.W_OK)
        ]
    for region, header, rows in (
        ("answers", LARGE, large),
        ("shorts", SHORTS, shorts),
        ("files", FILES, files),
        *([("threads", THREADS, threads)] if threads else []),
    ):
        columns = (*header, *COSTS)
        kept = [] if before is not None else rows_of(region, "before")
        filled = [(*row, *[""] * (len(columns) - len(row))) for row in [*kept, *rows]]
        text = table(columns, filled)
        print(text, flush=True)
        write_region(region, text)


if __name__ == "__main__":
    main()
