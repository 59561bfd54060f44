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
if sys.argv[1] == "one":
    from backtest.jit import warm
    warm()
if sys.argv[1] == "several":
    from bff.commands.kernels import warm_kernels
    warm_kernels()
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
HOW = {
    "lazy": "kernels on first need",
    "one": "kernels compiled ahead",
    "several": "kernels compiled ahead in several processes",
}


def start(cache: str, compiles: str) -> list[float]:
    """Seconds of import, of `warm`, of the first run and of the second in a new process.

    `compiles` is "lazy", "one" or "several": who compiles ahead, if anybody.
    """
    body = request(average("ma.sma", 40, 100), average("ma.ema", 40, 100), n_bars=YEAR_15M)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            SCRIPT.replace("{n_bars}", str(YEAR_15M + 200)),
            compiles,
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
    for compiles, how in HOW.items():
        with tempfile.TemporaryDirectory() as cache:
            rows.append(_row(f"{how}, empty cache", start(cache, compiles)))
            if compiles != "several":
                filled = [start(cache, compiles) for _ in range(REPEATS)]
                medians = [statistics.median(column) for column in zip(*filled, strict=True)]
                rows.append(_row(f"{how}, cache on disk", medians))
    return [
        Finding(
            key="cold-start",
            question="How long until the first answer of a new process?",
            header=["process", "import", "warm", "first run", "second run"],
            rows=rows,
            notes=[
                (
                    "`import` is `import backtest.run`; `warm` is `backtest.jit.warm()`, which the "
                    "server does before it listens; in several processes it is what `make`, `demo` "
                    "and `check --warm` do."
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
