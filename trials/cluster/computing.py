"""Runs on nodes without a service in front, so that a trial sees which node does what."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backtest.control import Control, ProgressCallback
from bff.config.settings import Settings, load_settings
from bff.runner.cluster.nodes import Place
from bff.runner.cluster.runner import ClusterRunner
from bff.telemetry.facts import Facts, collect
from bff.wiring import build, served_runner
from tests.waiting import wait_for
from trials.cluster.local_nodes import LocalNodes

LIMIT_S = 1_200.0
CONFIG = """
version: 1
compute: {threads: 1, running_runs: 6, shard_run_seconds: 0.2}
backtest: {guards: {max_variants_per_compute: 10000000}}
"""


@dataclass(frozen=True)
class Computing:
    """What the process of runs of a service has; one for a process."""

    runner: ClusterRunner

    def do(self, job: Any, on_progress: ProgressCallback | None = None) -> tuple[Any, Facts]:
        """What a job returned, and what was noted about it."""
        facts = collect()
        value = self.runner.do(job, Control(LIMIT_S, on_progress), is_repeatable=True)
        return value, facts

    def places(self) -> list[Place]:
        """The nodes that can be given work now."""
        return self.runner._nodes.ready()


@contextmanager
def computing(data: Path, nodes: LocalNodes) -> Generator[Computing]:
    """All nodes, over the stores in a folder."""
    runner = served_runner(_settings(data, nodes.address))
    assert isinstance(runner, ClusterRunner)
    n_nodes = len(nodes.added)
    try:
        wait_for(lambda: runner.n_ready == n_nodes)
        yield Computing(runner)
    finally:
        runner.close()


def alone(data: Path, job: Any) -> Any:
    """What a job returns in this process, with the same settings but for the cluster."""
    with closing(build(_settings(data, None))) as services:
        return services.runner.do(job, Control(LIMIT_S))


def _settings(data: Path, address: str | None) -> Settings:
    config = data / "computing.yaml"
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
