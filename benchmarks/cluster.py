"""What a cluster costs: nodes on this machine beside one process on the same processors."""

import os
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from backtest.control import Control
from benchmarks.tables import Benchmark, Finding, Skipped
from benchmarks.timing import thousands
from bff.config.settings import Settings, load_settings
from bff.runner.cluster.peers import SHARDS_PER_NODE
from bff.runner.cluster.runner import ClusterRunner
from bff.runner.local import LocalRunner
from bff.wiring import build, served_runner
from resolvers.service import BacktestService
from schema.parse import parse_request
from schema.response import json_pieces
from trials.cluster.local_nodes import opened_nodes, unusable
from trials.load.scenes import YEAR, grid
from trials.load.service import filled_store

N_NODES = 2
N_CALLS = 200
N_RUNS = 60
N_CLIENTS = 4
LIMIT_S = 600.0
USER = UUID(int=1)
SMALL = grid(60, "ma.sma", "ma.ema", timeframe="15m", time_range=YEAR, top_k=10)
LARGE = grid(700, "ma.sma", "ma.ema", timeframe="5m", time_range=YEAR, top_k=10)
CLUSTERS = (1, 10, 100, 1_000)
CORES = 16
LENGTHS_S = (0.3, 3.0, 30.0)

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
        with _cluster(data) as there:
            shared = Measured(there)
    assert alone.answers == shared.answers, "the nodes answer other bytes"
    return [_beside(alone, shared), _model(shared.call_s - alone.call_s, shared.head_s)]


class Measured:
    """Seconds: of an empty call and its processor time here, of small runs, of a large one."""

    def __init__(self, runner: Runner) -> None:
        self.answers = [_do(runner, Run(body)) for body in (SMALL, LARGE)]
        began_s = time.process_time()
        self.call_s = median(_timed(runner, nothing) for _ in range(N_CALLS))
        self.head_s = (time.process_time() - began_s) / N_CALLS
        started_s = time.perf_counter()
        with ThreadPoolExecutor(N_CLIENTS) as clients:
            runs = [clients.submit(_do, runner, Run(SMALL)) for _ in range(N_RUNS)]
            assert all(run.result() == self.answers[0] for run in runs)
        self.small_s = (time.perf_counter() - started_s) / N_RUNS
        self.large_s = min(_timed(runner, Run(LARGE)) for _ in range(3))


def _do(runner: Runner, job: Job) -> Any:
    return runner.do(job, Control(LIMIT_S), is_repeatable=True)


def _timed(runner: Runner, job: Job) -> float:
    started_s = time.perf_counter()
    _do(runner, job)
    return time.perf_counter() - started_s


def _settings(data: Path, address: str | None = None) -> Settings:
    config = data / "backtest.yaml"
    config.write_text(
        f"version: 1\ncompute: {{threads: {N_NODES}, running_runs: {N_CLIENTS},"
        " shard_run_seconds: 0.5}\n"
    )
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
def _cluster(data: Path) -> Generator[ClusterRunner]:
    with opened_nodes(N_NODES) as nodes:
        runner = served_runner(_settings(data, nodes.address))
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


def _beside(alone: Measured, shared: Measured) -> Finding:
    n_shards = N_NODES * SHARDS_PER_NODE
    return Finding(
        key="cluster",
        question=f"What do {N_NODES} nodes of one processor add to a process of {N_NODES} threads?",
        header=["what", "one process", "nodes", "ratio"],
        rows=[
            _row("an empty call, there and back", alone.call_s, shared.call_s),
            _row(f"a run of 3 600 variants, {N_CLIENTS} at once", alone.small_s, shared.small_s),
            _row(f"a run of 490 000 variants in {n_shards} shards", alone.large_s, shared.large_s),
        ],
        notes=[
            f"Of an empty call the head's processor has {shared.head_s * 1e3:.2f} ms.",
            (
                "The nodes are processes on the same processors, so that they can gain nothing; "
                "what is seen is what they cost. The answers of both are the same bytes."
            ),
            f"The median of {N_CALLS} calls, the mean of {N_RUNS} runs, the best of 3 large ones.",
        ],
    )


def _row(what: str, alone_s: float, shared_s: float) -> list[str]:
    return [
        what,
        f"{alone_s * 1e3:.1f} ms",
        f"{shared_s * 1e3:.1f} ms",
        f"{shared_s / alone_s:.2f}" if alone_s > 1e-3 else "",
    ]


def _model(call_s: float, head_s: float) -> Finding:
    """Runs a second by what is measured: nodes add up until the head has no time left."""
    rows: list[list[str]] = []
    for n_nodes in CLUSTERS:
        row = [thousands(n_nodes)]
        for length_s in LENGTHS_S:
            by_nodes = n_nodes * CORES / (length_s + call_s)
            by_head = 1 / head_s
            told = thousands(min(by_nodes, by_head))
            row.append(f"{told}, the head" if by_head < by_nodes else told)
        rows.append(row)
    return Finding(
        key="cluster-model",
        question=f"Runs a second with nodes of {CORES} processors, on paper",
        header=["nodes", *(f"runs of {length_s:g} processor seconds" for length_s in LENGTHS_S)],
        rows=rows,
        notes=[
            (
                "From an empty call above; *the head* marks where its processor is what saturates. "
                "Answers of more than a few kilobytes and the candle store saturate sooner, and "
                "neither is in it. Nothing beyond this machine was tried."
            ),
        ],
    )


CLUSTER = Benchmark(name="cluster", title="A cluster", measure=measure_cluster)
