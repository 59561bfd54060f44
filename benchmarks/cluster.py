"""What a cluster costs: nodes on this machine beside one process on the same processors."""

import os
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from backtest.control import Control
from benchmarks.cluster_model import large_runs, many_runs
from benchmarks.tables import Benchmark, Finding, Skipped
from benchmarks.timing import once_s
from bff.config.settings import Settings, load_settings
from bff.runner.cluster.peers import SHARDS_PER_NODE
from bff.runner.cluster.runner import ClusterRunner
from bff.runner.local import LocalRunner
from bff.telemetry.facts import collect
from bff.wiring import build, served_runner
from resolvers.service import BacktestService
from schema.parse import parse_request
from schema.response import json_pieces
from trials.cluster.front import in_front
from trials.cluster.local_nodes import opened_nodes, unusable
from trials.load.scenes import YEAR, grid
from trials.load.service import filled_store

N_NODES = 2
N_SHARDS = N_NODES * SHARDS_PER_NODE
N_CALLS = 200
N_RUNS = 60
N_CLIENTS = 4
LIMIT_S = 600.0
USER = UUID(int=1)
SMALL = grid(60, "ma.sma", "ma.ema", timeframe="15m", time_range=YEAR, top_k=10)
LARGE = grid(700, "ma.sma", "ma.ema", timeframe="5m", time_range=YEAR, top_k=10)
N_VARIANTS = 700 * 700
# What nodes do together of a run: its bit rows are made again by each of them.
SHARED = frozenset({"signals", "stage_a"})
CONFIG = f"""
version: 1
compute: {{threads: {N_NODES}, running_runs: {N_CLIENTS}, shard_run_seconds: 0.5}}
"""

Runner = LocalRunner | ClusterRunner
Job = Callable[[BacktestService, Control], Any]


class Run:
    """A job: the bytes of one answer."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def __call__(self, service: BacktestService, control: Control) -> bytes:
        request = parse_request(dict(self.body))
        return b"".join(json_pieces(service.run(request, user_id=USER, control=control)))


def nothing(_service: BacktestService, _control: Control) -> int:
    """A job that costs its way there and back."""
    return os.getpid()


def measure_cluster() -> list[Finding]:
    """Both places in one call, over the same candles.

    Raises:
        Skipped: No node can be started here.
    """
    reason = unusable()
    if reason is not None:
        raise Skipped(reason)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        data = filled_store(Path(name))
        with closing(build(_settings(data))) as services:
            here = services.runner
            assert isinstance(here, LocalRunner)
            alone = Measured(here)
        with opened_nodes(N_NODES) as nodes:
            with _cluster(data, nodes.address) as there:
                shared = Measured(there)
            head_s = in_front(
                data, nodes.address, CONFIG, SMALL, n_nodes=N_NODES, n_runs=N_RUNS,
                n_clients=N_CLIENTS,
            )  # fmt: skip
    assert alone.answers == shared.answers, "the nodes answer other bytes"
    whole = alone.large
    return [
        _beside(alone, shared, head_s),
        many_runs(shared.call_s, head_s),
        large_runs(
            (whole.used_s - whole.kept_s) / N_VARIANTS,
            kept_s=whole.kept_s,
            shard_s=shard_s(alone, shared),
            call_s=shared.call_s,
        ),
    ]


class Measured:
    """Seconds: of an empty call, of small runs, and of a large one by its threads and stages."""

    def __init__(self, runner: Runner) -> None:
        self.answers = [_do(runner, Run(body)) for body in (SMALL, LARGE)]
        self.call_s = median(once_s(partial(_do, runner, nothing)) for _ in range(N_CALLS))
        started_s = time.perf_counter()
        with ThreadPoolExecutor(N_CLIENTS) as clients:
            runs = [clients.submit(_do, runner, Run(SMALL)) for _ in range(N_RUNS)]
            assert all(run.result() == self.answers[0] for run in runs)
        self.small_s = (time.perf_counter() - started_s) / N_RUNS
        self.large = min((_large(runner) for _ in range(3)), key=attrgetter("wall_s"))


@dataclass(frozen=True, kw_only=True)
class Large:
    """A large run: seconds of the clock, of all threads, and of what is not shared out."""

    wall_s: float
    used_s: float
    kept_s: float


def _large(runner: Runner) -> Large:
    facts, control = collect(), Control(LIMIT_S)
    wall_s = once_s(lambda: runner.do(Run(LARGE), control, is_repeatable=True))
    stages: Mapping[str, float] = facts["stage_ms"]
    kept_s = sum(taken for name, taken in stages.items() if name not in SHARED) / 1000
    return Large(wall_s=wall_s, used_s=control.used_s, kept_s=kept_s)


def _do(runner: Runner, job: Job) -> Any:
    return runner.do(job, Control(LIMIT_S), is_repeatable=True)


def _settings(data: Path, address: str | None = None) -> Settings:
    config = data / "backtest.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    named = {} if address is None else {"ROEHUB_CLUSTER": address}
    return load_settings(
        {
            "ROEHUB_ENV": "test",
            "ROEHUB_DATA_DIR": str(data),
            "ROEHUB_BACKTEST_CONFIG": str(config),
            **named,
        }
    )


@contextmanager
def _cluster(data: Path, address: str) -> Generator[ClusterRunner]:
    runner = served_runner(_settings(data, address))
    assert isinstance(runner, ClusterRunner)
    try:
        _await_nodes(runner)
        yield runner
    finally:
        runner.close()


def _await_nodes(runner: ClusterRunner) -> None:
    ends_at_s = time.monotonic() + LIMIT_S
    while runner.n_ready < N_NODES:
        if time.monotonic() >= ends_at_s:
            raise Skipped(f"the nodes were not ready within {LIMIT_S:g} s")
        time.sleep(0.1)


def _beside(alone: Measured, shared: Measured, head_s: tuple[float, float]) -> Finding:
    answering_s, computing_s = head_s
    return Finding(
        key="cluster",
        question=f"What do {N_NODES} nodes of one processor add to a process of {N_NODES} threads?",
        header=["what", "one process", "nodes", "ratio"],
        rows=[
            _row("an empty call, there and back", alone.call_s, shared.call_s),
            _row(f"a run of 3 600 variants, {N_CLIENTS} at once", alone.small_s, shared.small_s),
            _row(
                f"a run of 490 000 variants in {N_SHARDS} shards",
                alone.large.wall_s,
                shared.large.wall_s,
            ),
            _row("… seconds of all its threads", alone.large.used_s, shared.large.used_s),
            _row("… more of them for each shard", 0.0, shard_s(alone, shared)),
        ],
        notes=[
            (
                "The nodes are processes on the same processors, so that they can gain nothing; "
                "what is seen is what they cost. The answers of both are the same bytes."
            ),
            f"The median of {N_CALLS} calls, the mean of {N_RUNS} runs, the best of 3 large ones.",
            (
                f"In front a request for a run of 3 600 variants has {answering_s * 1e3:.1f} ms of "
                f"the process that answers, and {computing_s * 1e3:.1f} ms of the one that hands "
                f"runs out; the mean of {N_RUNS} over REST, each over a connection of its own."
            ),
        ],
    )


def shard_s(alone: Measured, shared: Measured) -> float:
    """What each shard costs beside its part of the work."""
    return max(0.0, shared.large.used_s - alone.large.used_s) / N_SHARDS


def _row(what: str, alone_s: float, shared_s: float) -> list[str]:
    return [
        what,
        f"{alone_s * 1e3:.1f} ms",
        f"{shared_s * 1e3:.1f} ms",
        f"{shared_s / alone_s:.2f}" if alone_s > 1e-3 else "",
    ]


CLUSTER = Benchmark(name="cluster", title="A cluster", measure=measure_cluster)
