"""How long a process takes to its first answer, with and without machine code on disk."""

import json
import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.bars import YEAR_15M
from benchmarks.grids import average, request
from benchmarks.tables import Benchmark, Finding

SCRIPT = """
import json, sys, time
started = time.perf_counter()
import backtest.run
imported = time.perf_counter()
if sys.argv[1] == "warm":
    from backtest.jit import warm
    warm()
warmed = time.perf_counter()
from benchmarks.cost import run_once
from benchmarks.engine_run import backtester
from benchmarks.bars import walk
body = json.load(sys.stdin)
with backtester(2) as tester:
    walk({n_bars})
    ready = time.perf_counter()
    run_once(tester, body)
    first = time.perf_counter()
    run_once(tester, body)
    second = time.perf_counter()
print(json.dumps([imported - started, warmed - imported, first - ready, second - first]))
"""
REPEATS = 3


def start(cache: str, *, warms: bool) -> list[float]:
    """Seconds of import, of `warm`, of the first run and of the second in a new process."""
    body = request(average("ma.sma", 40, 100), average("ma.ema", 40, 100), n_bars=YEAR_15M)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            SCRIPT.replace("{n_bars}", str(YEAR_15M + 200)),
            "warm" if warms else "lazy",
        ],
        input=json.dumps(body),
        env={**os.environ, "XDG_CACHE_HOME": cache},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def measure() -> list[Finding]:
    rows: list[list[str]] = []
    for warms in (False, True):
        with tempfile.TemporaryDirectory() as cache:
            empty = start(cache, warms=warms)
            filled = [start(cache, warms=warms) for _ in range(REPEATS)]
        how = "kernels compiled ahead" if warms else "kernels on first need"
        medians = [statistics.median(column) for column in zip(*filled, strict=True)]
        rows += [_row(f"{how}, empty cache", empty), _row(f"{how}, cache on disk", medians)]
    return [
        Finding(
            key="cold-start",
            question="How long until the first answer of a new process?",
            header=["process", "import", "warm", "first run", "second run"],
            rows=rows,
            notes=[
                (
                    "`import` is `import backtest.run`; `warm` is `backtest.jit.warm()`, which the "
                    "server does before it listens."
                ),
                (
                    f"The run: 10 000 variants over {YEAR_15M} bars, 300 reports, 2 threads. "
                    f"One start with an empty cache, medians of {REPEATS} with a filled one."
                ),
            ],
        )
    ]


def _row(name: str, seconds: list[float]) -> list[str]:
    return [name, *(f"{value:.2f} s" for value in seconds)]


COLD_START = Benchmark(name="cold_start", title="Cold start", measure=measure)
