"""Hands jobs to nodes, passes their control on, and begins again what a node has lost.

See: docs/scale.md
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar
from uuid import uuid4

import structlog

from backtest.control import Control
from backtest.engine.shards import Found, Shard
from backtest.errors import ClusterUnavailable, Transient
from backtest.types import Bars
from bff.admission.memory_budget import MemoryBudget
from bff.runner.cluster.nodes import Nodes, Place
from bff.runner.cluster.peer import NOT_BEGUN, Frames, NodeLostError, Progress, first_line
from bff.runner.local import Job, LocalRunner, PreparedRunner
from bff.runner.messages import Call, Reply, packed, unpacked
from bff.telemetry.facts import note
from bff.telemetry.failures import log_failure

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

# A run that takes every node with it must end some time.
TRIES = 3
PROGRESS_S = 0.1
# Less than whoever waits for this process has patience with it (`bff.runner.client`).
SILENT_S = 10.0


class ClusterRunner:
    """Does what may be begun again on nodes, and everything else here.

    Args:
        here: Who does the rest: cheap questions, and what writes.
        nodes: Where runs go.
    """

    def __init__(self, here: LocalRunner, nodes: Nodes) -> None:
        self._here, self._nodes = here, nodes

    @property
    def memory(self) -> MemoryBudget:
        """The budget of this process; each node has its own."""
        return self._here.memory

    @property
    def n_ready(self) -> int:
        """How many nodes can be given work now."""
        return len(self._nodes.ready())

    @property
    def close(self) -> Callable[[], None]:
        """Leaves the cluster and closes the stores."""
        return self._close

    def do(self, job: Job[T], control: Control, *, is_repeatable: bool = False) -> T:
        """What the job returns or raises, wherever it was done.

        Raises:
            ClusterUnavailable: There is no node, or all that tried were lost.
        """
        if not is_repeatable:
            self._here.warm(control)
            return self._here.do(job, control)
        try:
            return self._done_by_nodes(job, control)
        except Transient as exc:
            log_failure(exc)
            raise

    def await_start(self, control: Control) -> None:
        """Return when a node is ready, or none will be: then the job is told."""
        self._nodes.await_first(control)

    def ping(self, control: Control) -> None:
        """Ask the candle store, and whether there is a node."""
        self._here.ping(control)
        self._nodes.give(self._nodes.take(control))

    def look(self, shard: Shard, bars: Bars, control: Control) -> Found:
        """Look through a shard here; nodes do not ask the head."""
        return self._here.look(shard, bars, control)

    def warm(self, control: Control) -> None:
        """Return when a node is ready with its kernels, or none will be."""
        self.await_start(control)

    def _close(self) -> None:
        self._nodes.close()
        self._here.close()

    def _done_by_nodes(self, job: Job[T], control: Control) -> T:
        for n_lost in range(TRIES):
            place = self._nodes.take(control)
            try:
                reply = self._reply(place, job, control)
            except NodeLostError as exc:
                log.warning("node_lost", node=place.node_id, reason=first_line(exc))
                self._nodes.drop(place)
                control.check()
                continue
            finally:
                self._nodes.give(place)
            note(**reply.facts, node=place.node_id[:8], nodes_lost=n_lost)
            if reply.failure is not None:
                raise reply.failure
            return reply.value
        raise ClusterUnavailable(TRIES)

    def _reply(self, place: Place, job: Job[T], control: Control) -> Reply:
        call = Call(
            number=0,
            task=partial(_do, job),
            limit_s=control.limit_s,
            left_s=control.remaining_s(),
            context=structlog.contextvars.get_contextvars(),
        )
        key, peers = uuid4().hex, [other.handle for other in self._nodes.ready()]
        answer = place.handle.do(key, tuple(map(bytes, packed(call))), peers)
        return unpacked(_Wait(place, key, answer, control).result())


class _Wait:
    """Waits for one answer; passes a cancellation on and progress back.

    Args:
        place: Who will answer.
        key: The call.
        answer: What is waited for.
        control: The run's handle.
    """

    def __init__(
        self, place: Place, key: str, answer: Future[tuple[Frames, Progress]], control: Control
    ) -> None:
        self._place, self._key = place, key
        self._answer, self._control = answer, control
        self._events: SimpleQueue[object] = SimpleQueue()
        # One question at a time: an older answer never comes after a newer one.
        self._asked: Future[Progress] | None = None
        self._last_reported = NOT_BEGUN
        self._used_before_s = control.used_s  # by nodes that were lost
        self._ended_at: float | None = None

    def result(self) -> Frames:
        """The answer.

        Raises:
            NodeLostError: The node has ended, or does not end what should have ended long ago.
        """
        # The thread that cancels may be the one that reads from the socket: it must not wait.
        self._control.on_cancel(partial(self._events.put, None))
        self._answer.add_done_callback(self._events.put)
        while not self._answer.done():
            try:
                self._events.get(timeout=self._wait_s())
            except Empty:
                self._look()
            if self._asked is not None and self._asked.done():
                self._hear(self._asked)
            if self._ended_at is None:
                self._notice_end()
        frames, progress = self._answer.result()
        self._report(progress)
        return frames

    def _notice_end(self) -> None:
        is_cancelled = self._control.is_cancelled
        if is_cancelled or self._control.remaining_s() == 0.0:
            self._ended_at = time.monotonic()
        if is_cancelled:  # the node has the same deadline, and tells it as what it is
            self._place.handle.cancel(self._key)

    def _wait_s(self) -> float | None:
        if self._control.is_watched:
            return PROGRESS_S
        return SILENT_S if self._ended_at is not None else self._control.remaining_s()

    def _look(self) -> None:
        if self._ended_at is not None and time.monotonic() - self._ended_at >= SILENT_S:
            self._place.handle.kill()
            raise NodeLostError("it did not stop a run that had to end")
        if self._control.is_watched and self._asked is None:
            self._asked = self._place.handle.progress(self._key)
            self._asked.add_done_callback(self._events.put)

    def _hear(self, asked: Future[Progress]) -> None:
        self._asked = None
        if asked.exception() is None:
            self._report(asked.result())

    def _report(self, progress: Progress) -> None:
        """Pass on what has changed since it was told last."""
        self._control.used_s = self._used_before_s + progress.used_s
        for stage, (done, total) in progress.stages.items():
            if self._last_reported.stages.get(stage) != (done, total):
                self._control.progress(stage, done, total)
        self._last_reported = progress


def _do(job: Job[T], runner: PreparedRunner, control: Control) -> T:
    return runner.do(job, control)
