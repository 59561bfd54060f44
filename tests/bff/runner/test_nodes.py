"""Who has work and who is lost, by a cluster that is played: no Ray is needed."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backtest.control import Control
from backtest.errors import ClusterUnavailable, RunCancelled
from bff.config.settings import Settings, load_settings
from bff.runner.cluster import nodes as placing
from bff.runner.cluster import ray_calls
from bff.runner.cluster import runner as waiting
from bff.runner.cluster.node import program_digest
from bff.runner.cluster.nodes import Nodes, Place
from bff.runner.cluster.peer import NodeLostError, Progress
from bff.runner.cluster.runner import _Wait
from tests.ports import silent_port
from tests.waiting import PATIENCE_S, wait_for


class PlayedEngine:
    """What computes on a node: its futures are settled by the test."""

    def __init__(self) -> None:
        self.readiness: Future[str] = Future()
        self.end: Future[None] = Future()
        self.questions: list[Future[Progress]] = []
        self.cancelled: list[str] = []
        self.met: list[Any] = []
        self.is_killed = False

    def ready(self) -> Future[str]:
        return self.readiness

    def ended(self) -> Future[None]:
        return self.end

    def progress(self, key: str) -> Future[Progress]:
        del key
        self.questions.append(Future())
        return self.questions[-1]

    def cancel(self, key: str) -> None:
        self.cancelled.append(key)

    def meet(self, peers: list[Any]) -> None:
        self.met = peers

    def kill(self) -> None:
        self.is_killed = True


class PlayedCluster:
    """Nodes, one unless the test adds others, and every engine that was placed there."""

    def __init__(self) -> None:
        self.nodes = {"node": (2, False)}
        self.engines: list[PlayedEngine] = []
        self.is_connected = True
        self.closed_in: int | None = None

    def living(self) -> dict[str, tuple[int, bool]]:
        return dict(self.nodes)

    def place(self, *_: Any, **__: Any) -> PlayedEngine:
        self.engines.append(PlayedEngine())
        return self.engines[-1]

    def close(self) -> None:
        self.closed_in = threading.get_ident()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(tmp_path)})


@contextmanager
def watched(connect: Callable[[], Any], settings: Settings) -> Iterator[Nodes]:
    nodes = Nodes(connect, settings, build=lambda *_: pytest.fail("nothing is built here"))
    try:
        yield nodes
    finally:
        nodes.close()


def an_engine(cluster: PlayedCluster, number: int = 0) -> PlayedEngine:
    wait_for(lambda: len(cluster.engines) > number)
    return cluster.engines[number]


def test_an_engine_that_ends_by_itself_is_started_again(settings: Settings) -> None:
    cluster = PlayedCluster()
    with watched(lambda: cluster, settings) as nodes:
        first = an_engine(cluster)
        first.readiness.set_result(program_digest())
        wait_for(nodes.ready)

        first.end.set_exception(NodeLostError("the process ended"))

        an_engine(cluster, 1).readiness.set_result(program_digest())
        wait_for(nodes.ready)
        assert [place.handle for place in nodes.ready()] == [cluster.engines[1]]


def test_an_engine_that_is_ready_is_made_known_to_those_that_were(settings: Settings) -> None:
    cluster = PlayedCluster()
    with watched(lambda: cluster, settings) as nodes:
        first = an_engine(cluster)
        first.readiness.set_result(program_digest())
        wait_for(lambda: first.met == [first])

        cluster.nodes["another"] = 1, False
        second = an_engine(cluster, 1)
        second.readiness.set_result(program_digest())

        wait_for(lambda: first.met == second.met == [first, second])
        assert len(nodes.ready()) == 2


def test_an_engine_of_another_program_is_ended_and_gets_no_work(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "LEFT_ALONE_S", 2 * PATIENCE_S)
    cluster = PlayedCluster()
    with watched(lambda: cluster, settings) as nodes:
        other = an_engine(cluster)
        other.readiness.set_result("another program")

        wait_for(lambda: other.is_killed)
        with pytest.raises(ClusterUnavailable):
            nodes.take(Control(PATIENCE_S))


def test_a_connection_that_is_lost_is_made_anew(settings: Settings) -> None:
    clusters = [PlayedCluster(), PlayedCluster()]
    coming = iter(clusters)
    with watched(lambda: next(coming), settings) as nodes:
        an_engine(clusters[0]).readiness.set_result(program_digest())
        wait_for(nodes.ready)

        clusters[0].is_connected = False

        an_engine(clusters[1]).readiness.set_result(program_digest())
        wait_for(lambda: [place.handle for place in nodes.ready()] == clusters[1].engines)
        assert clusters[0].closed_in is not None


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_where_nothing_listens_it_is_said_at_once(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_calls, "REACHED_WITHIN_S", 0.0)
    with silent_port() as port:
        address = f"{scheme}127.0.0.1:{port}"

        with pytest.raises(ClusterUnavailable) as caught:
            ray_calls.RayCluster(address, n_cpus=0)

    (note,) = caught.value.__notes__
    assert note.startswith(f"No Ray cluster answers at {address} (")


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("Version mismatch: The cluster was started with:\n Ray: 2.59.0", "a different version"),
        ("Unauthenticated: Invalid or missing authentication token", "rejected the token"),
        ("Method not found!\nadvice", "does not answer like a Ray cluster (Method not found!)"),
    ],
)
def test_why_there_is_no_connection_is_told_in_a_sentence(cause: str, told: str) -> None:
    try:
        try:
            raise RuntimeError(cause)
        except RuntimeError as exc:
            raise ConnectionError("Failed to connect to Ray cluster at 10.0.0.1:6379") from exc
    except ConnectionError as exc:
        sentence = ray_calls._why_not("10.0.0.1:6379", exc)

    assert told in sentence
    assert "10.0.0.1:6379" in sentence
    assert "\n" not in sentence


def test_each_refusal_is_an_exception_of_its_own(settings: Settings) -> None:
    failure = ClusterUnavailable()

    def connect() -> Any:
        raise failure

    with watched(connect, settings) as nodes:
        refusals: list[ClusterUnavailable] = []
        for _ in range(2):
            with pytest.raises(ClusterUnavailable) as caught:
                nodes.take(Control(PATIENCE_S))
            refusals.append(caught.value)

    assert refusals[0] is not refusals[1]
    assert [one.__cause__ for one in refusals] == [failure, failure]


class Waited:
    """A wait for an answer in a thread of its own."""

    def __init__(self, control: Control, engine: PlayedEngine) -> None:
        self.answer: Future[Any] = Future()
        handle: Any = engine
        place = Place(node_id="node", n_cpus=1, handle=handle)
        thread = ThreadPoolExecutor(1)
        self.outcome = thread.submit(_Wait(place, "key", self.answer, control).result)
        thread.shutdown(wait=False)


def test_progress_is_asked_for_once_at_a_time_and_never_goes_back() -> None:
    told: list[tuple[str, int, int, float]] = []

    def record(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total, control.used_s))

    control, engine = Control(PATIENCE_S, record), PlayedEngine()
    control.spend(1.0)  # by a node that was lost
    waited = Waited(control, engine)
    wait_for(lambda: engine.questions)

    engine.questions[0].set_result(Progress({"stage_a": (1, 3)}, 0.5))
    wait_for(lambda: len(engine.questions) == 2)
    assert told == [("stage_a", 1, 3, 1.5)]

    waited.answer.set_result(((b"frames",), Progress({"stage_a": (3, 3)}, 0.75)))
    assert waited.outcome.result(PATIENCE_S) == (b"frames",)
    engine.questions[1].set_result(Progress({"stage_a": (2, 3)}, 0.6))

    assert told == [("stage_a", 1, 3, 1.5), ("stage_a", 3, 3, 1.75)]
    assert control.used_s == 1.75


def test_a_node_that_does_not_end_a_cancelled_run_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SILENT_S", 0.05)
    control, engine = Control(), PlayedEngine()
    waited = Waited(control, engine)

    control.cancel(RunCancelled())

    assert isinstance(waited.outcome.exception(PATIENCE_S), NodeLostError)
    assert engine.cancelled == ["key"]
    assert engine.is_killed


def test_a_cluster_is_left_in_the_thread_that_connected_to_it(settings: Settings) -> None:
    made: list[tuple[int, PlayedCluster]] = []

    def connect() -> PlayedCluster:
        made.append((threading.get_ident(), PlayedCluster()))
        return made[-1][1]

    with watched(connect, settings):
        wait_for(lambda: made)
    [(connected_in, cluster)] = made

    assert cluster.closed_in == connected_in
