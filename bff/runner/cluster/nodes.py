"""Which nodes of the cluster can be given work, and which of them has least to do.

See: docs/scale.md
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import structlog

from backtest.control import Control
from backtest.errors import BacktestError, ClusterUnavailable
from bff.config.settings import Settings
from bff.runner.cluster.node import Build, program_digest
from bff.runner.cluster.peer import first_line
from bff.runner.cluster.ray_calls import NodeHandle, RayCluster

log = structlog.stdlib.get_logger(__name__)

LOOK_S = 1.0
POLL_S = 0.05
# A node that could not start, and a cluster that did not answer, are left alone for so long.
LEFT_ALONE_S = 10.0


@dataclass(eq=False, slots=True, kw_only=True)
class Place:
    """A node with what computes there: `n_running` calls on `n_cpus` processors."""

    node_id: str
    n_cpus: int
    handle: NodeHandle
    is_ready: bool = False
    n_running: int = field(default=0)


class Nodes:
    """Looks every second which nodes there are, and has an engine on each.

    Args:
        connect: Connects to the cluster.
        settings: What engines are built from.
        build: Builds one, over there.
    """

    def __init__(
        self,
        connect: Callable[[], RayCluster],
        settings: Settings,
        build: Build,
    ) -> None:
        self._connect, self._settings, self._build = connect, settings, build
        self._cluster: RayCluster | None = None
        self._failure: ClusterUnavailable | None = None
        self._state = threading.Condition()
        self._places: dict[str, Place] = {}
        self._left_alone: dict[str, float] = {}
        self._n_drops, self._n_drops_seen = 0, -1
        # Who has told that it is ready, or is not. Ray tells it in a thread that nothing may wait
        # in, so it is heard in the one that looks.
        self._reports: deque[tuple[Place, Future[str]]] = deque()
        self._is_closed = False
        self._watch = threading.Thread(target=self._keep_looking, name="nodes", daemon=True)
        self._watch.start()

    def ready(self) -> list[Place]:
        """Those that can be given work now."""
        with self._state:
            return [place for place in self._places.values() if place.is_ready]

    def await_first(self, control: Control) -> None:
        """Return when a node is ready, or none is about to be.

        Raises:
            BacktestError: The control's end.
        """
        with self._state:
            while not self._is_settled():
                self._state.wait(POLL_S)
                control.check()

    def take(self, control: Control) -> Place:
        """The node with the least to do for each of its processors; `give` it back afterwards.

        Raises:
            ClusterUnavailable: There is none, and none is about to be ready.
            BacktestError: The control's end.
        """
        self.await_first(control)
        with self._state:
            ready = [place for place in self._places.values() if place.is_ready]
            if not ready:
                raise self._unavailable()
            place = min(ready, key=lambda place: place.n_running / place.n_cpus)
            place.n_running += 1
            return place

    def give(self, place: Place) -> None:
        """A call has ended."""
        with self._state:
            place.n_running -= 1

    def drop(self, place: Place) -> bool:
        """A node was lost; it gets work again when something computes there again.

        Returns:
            Whether that is news.
        """
        with self._state:
            is_news = self._places.get(place.node_id) is place
            if is_news:
                del self._places[place.node_id]
                self._n_drops += 1
                self._state.notify_all()
        return is_news

    def close(self) -> None:
        """Leave the cluster."""
        with self._state:
            self._is_closed = True
            self._state.notify_all()
        self._watch.join()

    def _unavailable(self) -> ClusterUnavailable:
        """One for each caller: whoever raises an exception adds to it where it was raised."""
        failure = ClusterUnavailable()
        failure.__cause__ = self._failure
        return failure

    def _is_settled(self) -> bool:
        has_looked = self._n_drops_seen == self._n_drops
        return (
            self._is_closed
            or any(place.is_ready for place in self._places.values())
            or (has_looked and not self._places)
        )

    def _keep_looking(self) -> None:
        while not self._is_closed:
            n_drops = self._n_drops
            try:
                self._hear()
                self._look()
            except ClusterUnavailable as exc:
                log.error("cluster_unavailable", cause=str(exc.__cause__))
                self._failure = exc
            except Exception:  # whatever Ray says, the next look may find it well
                log.exception("cluster_unavailable")
                self._failure = ClusterUnavailable()
            with self._state:
                self._n_drops_seen = n_drops
                self._state.notify_all()
                self._state.wait_for(
                    lambda: self._is_closed or self._reports or self._n_drops != self._n_drops_seen,
                    LOOK_S if self._failure is None else LEFT_ALONE_S,
                )
        if self._cluster is not None:
            self._cluster.close()  # in the thread that has connected: in another one Ray hangs

    def _look(self) -> None:
        if self._cluster is not None and not self._cluster.is_connected:
            self._disconnect(self._cluster)
        if self._cluster is None:
            self._cluster = self._connect()
        self._failure = None
        living = self._cluster.living()
        with self._state:
            for node_id in self._places.keys() - living.keys():
                log.warning("node_gone", node=node_id)
                del self._places[node_id]
            now = time.monotonic()
            new = [n for n in living.keys() - self._places.keys() if now > self._free_at(n)]
        for node_id in new:
            self._start(self._cluster, node_id, *living[node_id])

    def _disconnect(self, cluster: RayCluster) -> None:
        """Give up a connection that is lost, and with it everything that computed for it."""
        log.warning("cluster_lost")
        self._cluster = None
        with self._state:
            self._places.clear()
            self._n_drops += 1  # whoever asks meanwhile waits for the next connection
            self._state.notify_all()
        cluster.close()

    def _free_at(self, node_id: str) -> float:
        return self._left_alone.get(node_id, float("-inf"))

    def _start(self, cluster: RayCluster, node_id: str, n_cpus: int, has_gpu: bool) -> None:
        handle = cluster.place(node_id, self._own(n_cpus), self._build, has_gpu=has_gpu)
        place = Place(node_id=node_id, n_cpus=n_cpus, handle=handle)
        with self._state:
            self._places[node_id] = place
        handle.ready().add_done_callback(partial(self._add_report, place))

    def _own(self, n_cpus: int) -> Settings:
        """The settings of a node: a thread for each of its processors, and whole paths."""
        settings, environment = self._settings, self._settings.environment
        threads = settings.compute.threads or n_cpus
        absolute = {"data_dir": environment.data_dir.absolute()}
        return settings.model_copy(
            update={
                "compute": settings.compute.model_copy(update={"threads": threads}),
                "environment": environment.model_copy(update=absolute),
            }
        )

    def _add_report(self, place: Place, found: Future[str]) -> None:
        with self._state:
            self._reports.append((place, found))
            self._state.notify_all()

    def _hear(self) -> None:
        while self._reports:
            self._settle(*self._reports.popleft())

    def _settle(self, place: Place, found: Future[str]) -> None:
        """A node is ready, or cannot be."""
        problem = _problem(found)
        with self._state:
            if problem is None:
                place.is_ready = True
            elif self._places.get(place.node_id) is place:
                del self._places[place.node_id]
                self._left_alone[place.node_id] = time.monotonic() + LEFT_ALONE_S
            self._state.notify_all()
        if problem is None:
            log.info("node_ready", node=place.node_id, processors=place.n_cpus)
            place.handle.ended().add_done_callback(partial(self._notice_end, place))
            self._introduce()
        else:
            log.error("node_unusable", node=place.node_id, reason=problem)
            place.handle.kill()

    def _introduce(self) -> None:
        """Large runs that have begun on any node may ask a new one for help."""
        handles = [place.handle for place in self.ready()]
        for handle in handles:
            handle.meet(handles)

    def _notice_end(self, place: Place, ended: Future[None]) -> None:
        """An engine has ended: with its node, by itself, or because this process leaves."""
        if self.drop(place) and not self._is_closed:
            log.warning("engine_ended", node=place.node_id, reason=first_line(ended.exception()))


def _problem(found: Future[str]) -> str | None:
    failure = found.exception()
    if isinstance(failure, BacktestError):
        return failure.message
    if failure is not None:
        return first_line(failure)
    if found.result() != program_digest():
        return "a different version of roehub-backtest is installed on the node"
    return None
