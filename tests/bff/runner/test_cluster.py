"""Runs on real Ray nodes: the same answers, nodes killed and added, ends that are passed on.

One cluster for the whole file; every process of it has ended with the file (`LocalNodes.close`).
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.table import create_table, insert_minutes
from backtest.adapters.ingest.generate import SyntheticMarket, generate
from backtest.control import Control
from backtest.engine.shards import Found, Shard
from backtest.errors import (
    ClusterUnavailable,
    DeadlineExceeded,
    GuardExceeded,
    InvalidRequest,
    NoMarketData,
    Problem,
    RunCancelled,
)
from backtest.types import Instrument
from bff.app import create_app
from bff.config.settings import Settings, load_settings
from bff.http.errors import Code, RoehubError
from bff.runner.cluster import extra, peers
from bff.runner.cluster import runner as cluster_runner
from bff.runner.cluster.peers import SHARDS_PER_NODE, _look
from bff.runner.cluster.runner import ClusterRunner
from bff.telemetry.facts import collect, note
from bff.wiring import build, served_runner
from resolvers.service import BacktestService
from schema.parse import parse_request
from schema.response import json_pieces
from tests.backtest.adapters.minutes import MIDNIGHT_MS
from tests.bff.doubles import USER, token
from tests.waiting import PATIENCE_S, wait_for
from trials.cluster.local_nodes import LocalNodes, opened_nodes, unusable
from trials.faults.asking import FACES, TEMPLATE, asked

FAILURES = (
    InvalidRequest([Problem(("template", 0), "code", "message")], "headline"),
    NoMarketData(),
    GuardExceeded("too many", error="max", stage="stage_a", n=7),
)
N_NODES = 2
WINDOWS = {"mode": "range", "start": 3, "stop_incl": 12, "step": 1}
PAIRS: dict[str, Any] = {
    **TEMPLATE,
    "preselect": 20,
    "template": {
        **TEMPLATE["template"],
        "indicator_grids": [
            {
                "indicator_id": indicator_id,
                "source": {"mode": "explicit", "values": ["close", "hlc3"]},
                "params": {"window": WINDOWS},
            }
            for indicator_id in ("ma.sma", "ma.ema")
        ],
        "risk_grid": {"sl_enabled": True, "sl": {"mode": "explicit", "values": [1, 2]}},
    },
}

needs_ray = pytest.mark.skipif(unusable() is not None, reason=unusable() or "")


@pytest.fixture(scope="module")
def nodes() -> Generator[LocalNodes]:
    with opened_nodes(N_NODES) as opened:
        yield opened


@pytest.fixture(scope="module")
def settings(nodes: LocalNodes, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("cluster")
    minutes = generate(SyntheticMarket(first_ms=MIDNIGHT_MS, n_minutes=1_440, seed=1))
    with closing(ClickHousePool(EmbeddedEngine(directory=folder / "candles"))) as pool:
        create_table(pool)
        insert_minutes(
            pool, Instrument(market_id=1, symbol="BTCUSDT"), minutes, source="test", ingested_at=1
        )
    config = folder / "backtest.yaml"
    config.write_text(
        "version: 1\ncompute: {shard_run_seconds: 0}\n"
        "backtest: {sync: {sync_deadline_seconds: 600}}\n"
    )
    return load_settings(
        {
            "ROEHUB_ENV": "test",
            "ROEHUB_DATA_DIR": str(folder),
            "ROEHUB_BACKTEST_CONFIG": str(config),
            "ROEHUB_CLUSTER": nodes.address,
        }
    )


@pytest.fixture(scope="module")
def runner(settings: Settings) -> Generator[ClusterRunner]:
    made = served_runner(settings)
    assert isinstance(made, ClusterRunner)
    wait_for(lambda: len(made._nodes.ready()) == N_NODES)
    yield made
    made.close()


def do(runner: ClusterRunner, job: Any, control: Control | None = None) -> Any:
    return runner.do(job, control or Control(PATIENCE_S), is_repeatable=True)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that is slow to end a run is not one that hangs."""
    monkeypatch.setattr(cluster_runner, "SILENT_S", PATIENCE_S)


@pytest.fixture(autouse=True)
def _whole_cluster(request: pytest.FixtureRequest) -> None:
    """Every test finds all nodes, whatever the one before has ended."""
    if "runner" not in request.fixturenames:
        return
    nodes = request.getfixturevalue("runner")._nodes
    for place in nodes.ready():
        if place.handle.held_bytes().exception(PATIENCE_S) is not None:
            nodes.drop(place)
    wait_for(lambda: len(nodes.ready()) == N_NODES)


def where(_service: BacktestService, _control: Control) -> int:
    return os.getpid()


def end_the_process(_service: BacktestService, _control: Control) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_control(_service: BacktestService, control: Control) -> None:
    nothing = threading.Event()
    while True:
        control.check()
        nothing.wait(0.002)


def divide_by_zero(_service: BacktestService, _control: Control) -> float:
    return 1 / 0


def tell_facts(_service: BacktestService, control: Control) -> None:
    control.claim(1_000)
    note(stage_a_variants=7)


def run_template(service: BacktestService, control: Control) -> bytes:
    request = parse_request(dict(TEMPLATE))
    return b"".join(json_pieces(service.run(request, user_id=USER, control=control)))


def run_pairs(service: BacktestService, control: Control) -> bytes:
    request = parse_request({**PAIRS, "include": ["evidence", "landscape"]})
    return b"".join(json_pieces(service.run(request, user_id=USER, control=control)))


class FailWith:
    """A job that raises one of the failures."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, _service: BacktestService, _control: Control) -> None:
        raise FAILURES[self.n]


class BeginAndWait:
    """A job that tells by a file where it has begun, and ends with its control."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, service: BacktestService, control: Control) -> bytes:
        (self.folder / str(os.getpid())).touch()
        wait_for_control(service, control)
        return b""


class LostOnce(BeginAndWait):
    """A job that waits where it begins first, and does a backtest where it is begun again."""

    def __call__(self, service: BacktestService, control: Control) -> bytes:
        if not any(self.folder.iterdir()):
            super().__call__(service, control)
        return run_template(service, control)


class LookWhenAnotherCame:
    """A backtest whose shards wait until so many engines have one, be they killed since."""

    def __init__(self, folder: Path, n_engines: int) -> None:
        self.folder, self.n_engines = folder, n_engines

    def __call__(self, service: BacktestService, control: Control) -> bytes:
        with patch.object(peers, "_look", self._look):
            return run_pairs(service, control)

    def _look(self, shard: Shard, bars: bytes, runner: Any, control: Control) -> Found:
        (self.folder / str(os.getpid())).touch()
        nothing = threading.Event()
        while len(begun(self.folder)) < self.n_engines:
            control.check()
            nothing.wait(0.002)
        return _look(shard, bars, runner, control)


class LookUntilTheEnd:
    """A backtest whose shards tell by files that they began, and that their control ended them."""

    def __init__(self, began: Path, ended: Path) -> None:
        self.began, self.ended = began, ended

    def __call__(self, service: BacktestService, control: Control) -> bytes:
        with patch.object(peers, "_look", self._look):
            return run_pairs(service, control)

    def _look(self, _shard: Shard, _bars: bytes, _runner: Any, control: Control) -> None:
        (self.began / str(os.getpid())).touch()
        try:
            wait_for_control(cast("BacktestService", None), control)
        finally:
            (self.ended / str(os.getpid())).touch()


class SpendASecondEach:
    """A backtest in which each shard has taken a second, wherever that was."""

    def __call__(self, service: BacktestService, control: Control) -> bytes:
        with patch.object(peers, "_look", look_and_spend):
            return run_pairs(service, control)


def look_and_spend(shard: Shard, bars: bytes, runner: Any, control: Control) -> Found:
    control.spend(1.0)
    return _look(shard, bars, runner, control)


def begun(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.iterdir()}


@needs_ray
def test_both_faces_answer_what_one_process_answers(
    runner: ClusterRunner, settings: Settings
) -> None:
    here = build(settings)
    there = replace(build(settings), runner=runner)

    with TestClient(create_app(here)) as one, TestClient(create_app(there)) as many:
        for face in FACES:
            expected = asked(one, token(here), face, TEMPLATE)
            assert expected[0] == 200
            assert asked(many, token(there), face, TEMPLATE) == expected


@needs_ray
def test_one_large_run_on_all_nodes_has_the_bytes_of_one_process(
    runner: ClusterRunner, settings: Settings
) -> None:
    facts = collect()
    here = build(settings)
    there = replace(build(settings), runner=runner)

    with TestClient(create_app(here)) as one, TestClient(create_app(there)) as many:
        for face in FACES:
            expected = asked(one, token(here), face, PAIRS)
            assert expected[0] == 200
            assert asked(many, token(there), face, PAIRS) == expected
        assert do(runner, run_pairs) == here.runner.do(run_pairs, Control(PATIENCE_S))
    assert facts["shards"] == SHARDS_PER_NODE * N_NODES


@needs_ray
def test_a_large_run_goes_on_while_a_node_is_killed_and_another_one_joins_it(
    runner: ClusterRunner, nodes: LocalNodes, settings: Settings, tmp_path: Path
) -> None:
    with closing(build(settings)) as here:
        expected = here.runner.do(run_pairs, Control(PATIENCE_S))
    facts = collect()

    with ThreadPoolExecutor(1) as thread:
        job = LookWhenAnotherCame(tmp_path, N_NODES + 1)
        run = thread.submit(_with_facts, facts, runner, job)
        wait_for(lambda: len(begun(tmp_path)) == N_NODES or run.done())
        (idle,) = (place for place in runner._nodes.ready() if not place.n_running)
        nodes.kill(nodes.by_id(idle.node_id))
        nodes.add()

        assert run.result(PATIENCE_S) == expected
    assert len(begun(tmp_path)) == N_NODES + 1
    assert (facts["nodes_lost"], facts["shards_lost"], facts["shard_nodes"]) == (0, 1, N_NODES)


@needs_ray
@pytest.mark.parametrize("is_cancelled", [True, False], ids=["cancelled", "out of time"])
def test_the_end_of_a_large_run_ends_its_shards_on_every_node(
    runner: ClusterRunner, tmp_path: Path, is_cancelled: bool
) -> None:
    began, ended = tmp_path / "began", tmp_path / "ended"
    began.mkdir()
    ended.mkdir()
    control = Control(PATIENCE_S) if is_cancelled else Control(1.0)

    with ThreadPoolExecutor(1) as thread:
        run = thread.submit(do, runner, LookUntilTheEnd(began, ended), control)
        if is_cancelled:
            wait_for(lambda: len(begun(began)) == N_NODES or run.done())
            control.cancel()
        expected = RunCancelled if is_cancelled else DeadlineExceeded
        assert type(run.exception(PATIENCE_S)) is expected
    wait_for(lambda: begun(ended) == begun(began))


@needs_ray
def test_a_node_does_several_runs_at_once(runner: ClusterRunner, tmp_path: Path) -> None:
    control = Control(PATIENCE_S)
    n_jobs = 3 * N_NODES
    with ThreadPoolExecutor(n_jobs) as threads:
        jobs = [threads.submit(do, runner, BeginAndWait(tmp_path), control) for _ in range(n_jobs)]
        wait_for(lambda: sum(place.n_running for place in runner._nodes.ready()) == n_jobs)
        assert do(runner, where) != os.getpid()
        control.cancel()
        assert [type(job.exception(PATIENCE_S)) for job in jobs] == [RunCancelled] * n_jobs


@needs_ray
def test_jobs_that_may_be_begun_again_are_shared_out_and_others_are_done_here(
    runner: ClusterRunner, tmp_path: Path
) -> None:
    control = Control(PATIENCE_S)
    with ThreadPoolExecutor(N_NODES) as threads:
        waiting = [threads.submit(do, runner, BeginAndWait(tmp_path), control) for _ in range(2)]
        wait_for(lambda: len(begun(tmp_path)) == 2)
        control.cancel()
        for job in waiting:
            assert isinstance(job.exception(PATIENCE_S), RunCancelled)

    assert os.getpid() not in begun(tmp_path)
    assert runner.do(where, Control()) == os.getpid()


@needs_ray
def test_a_killed_node_costs_its_run_nothing_and_an_added_one_gets_work(
    runner: ClusterRunner, nodes: LocalNodes, tmp_path: Path
) -> None:
    expected = runner.do(run_template, Control())
    facts = collect()

    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(_with_facts, facts, runner, LostOnce(tmp_path))
        wait_for(lambda: begun(tmp_path))
        (busy,) = (place for place in runner._nodes.ready() if place.n_running)
        nodes.kill(nodes.by_id(busy.node_id))

        assert job.result(PATIENCE_S) == expected
    assert facts["nodes_lost"] == 1
    wait_for(lambda: len(runner._nodes.ready()) == N_NODES - 1)

    before = {place.node_id for place in runner._nodes.ready()}
    nodes.add()
    wait_for(lambda: len(runner._nodes.ready()) == N_NODES)
    assert before < {place.node_id for place in runner._nodes.ready()}
    assert len(_pids_at_once(runner, tmp_path)) == N_NODES


def _with_facts(facts: dict[str, Any], runner: ClusterRunner, job: Any) -> Any:
    own = collect()
    try:
        return do(runner, job)
    finally:
        facts |= own


def _pids_at_once(runner: ClusterRunner, tmp_path: Path) -> set[int]:
    """Where as many jobs as there are nodes go that run at the same time."""
    folder = tmp_path / "at once"
    folder.mkdir(exist_ok=True)
    control = Control(PATIENCE_S)
    with ThreadPoolExecutor(N_NODES) as threads:
        jobs = [threads.submit(do, runner, BeginAndWait(folder), control) for _ in range(N_NODES)]
        wait_for(lambda: len(begun(folder)) == N_NODES or any(job.done() for job in jobs))
        control.cancel()
    return begun(folder)


@needs_ray
def test_an_engine_that_ends_while_nobody_asks_it_is_started_again(runner: ClusterRunner) -> None:
    before = runner._nodes.ready()

    os.kill(do(runner, where), signal.SIGKILL)

    wait_for(lambda: len(set(runner._nodes.ready()) & set(before)) == N_NODES - 1)
    wait_for(lambda: len(runner._nodes.ready()) == N_NODES)
    facts = collect()
    do(runner, tell_facts)
    assert facts["nodes_lost"] == 0


@needs_ray
def test_a_run_that_ends_each_node_is_given_up_and_the_next_one_is_done(
    runner: ClusterRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_runner, "TRIES", 1)

    with pytest.raises(ClusterUnavailable) as caught:
        do(runner, end_the_process)

    assert caught.value.details == {"nodes_lost": 1}
    assert do(runner, where) != os.getpid()
    wait_for(lambda: len(runner._nodes.ready()) == N_NODES)


@needs_ray
def test_a_cancelled_run_ends_over_there(runner: ClusterRunner, tmp_path: Path) -> None:
    control = Control(PATIENCE_S)
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(do, runner, BeginAndWait(tmp_path), control)
        wait_for(lambda: begun(tmp_path))
        control.cancel()

        with pytest.raises(RunCancelled):
            job.result(PATIENCE_S)
    assert all(place.n_running == 0 for place in runner._nodes.ready())


@needs_ray
def test_a_run_past_its_deadline_ends_over_there(runner: ClusterRunner) -> None:
    with pytest.raises(DeadlineExceeded) as caught:
        do(runner, wait_for_control, Control(0.4, left_s=0.2))

    assert caught.value.details == {"deadline_seconds": 0.4}


@needs_ray
def test_progress_comes_back(runner: ClusterRunner) -> None:
    seen: dict[str, tuple[int, int]] = {}

    def record(stage: str, done: int, total: int) -> None:
        seen[stage] = done, total

    control = Control(PATIENCE_S, record)
    do(runner, run_template, control)

    done, total = seen["stage_a"]
    assert done == total > 0
    assert control.used_s > 0


@needs_ray
def test_the_time_of_all_nodes_comes_back(runner: ClusterRunner) -> None:
    control = Control(PATIENCE_S)

    do(runner, SpendASecondEach(), control)

    assert control.used_s >= SHARDS_PER_NODE * N_NODES


@needs_ray
@pytest.mark.parametrize("n", range(len(FAILURES)))
def test_a_failure_comes_back_as_it_was(runner: ClusterRunner, n: int) -> None:
    with pytest.raises(type(FAILURES[n])) as caught:
        do(runner, FailWith(n))

    assert vars(caught.value) == vars(FAILURES[n])


@needs_ray
def test_a_bug_is_masked_over_there_and_known_by_its_id(runner: ClusterRunner) -> None:
    facts = collect()

    with pytest.raises(RoehubError) as caught:
        do(runner, divide_by_zero)

    assert caught.value.code is Code.UNEXPECTED_ERROR
    assert facts["error_id"] == caught.value.details["error_id"]


@needs_ray
def test_what_was_noted_over_there_is_known_here(runner: ClusterRunner) -> None:
    facts = collect()

    do(runner, tell_facts)

    assert facts["stage_a_variants"] == 7
    assert facts["estimated_bytes"] == 1_000
    assert facts["node"] in {place.node_id[:8] for place in runner._nodes.ready()}


def test_without_the_extra_the_start_says_which_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ = {"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(tmp_path)}
    monkeypatch.setattr(extra, "find_spec", lambda _: None)

    assert extra.missing_extra(load_settings(environ)) is None
    told = extra.missing_extra(load_settings(environ | {"ROEHUB_CLUSTER": "local"}))
    assert told is not None
    assert "roehub-backtest[cluster]" in told


def test_without_a_cluster_nothing_imports_ray() -> None:
    code = (
        "import sys, bff.app, bff.wiring, bff.runner.server\n"
        "from bff.config.settings import load_settings\n"
        "bff.wiring.served_runner(load_settings({'ROEHUB_ENV': 'test'})).close()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('ray', 'grpc')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
