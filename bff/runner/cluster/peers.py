"""A large run on all nodes at once: its shards go to whoever is free, and again where one is lost.

See: docs/scale.md#one-large-run
"""

import pickle
import threading
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

import structlog

from backtest.control import Control
from backtest.engine.shards import Found, Shard
from backtest.errors import ClusterUnavailable
from backtest.types import Bars
from bff.runner.cluster.peer import Frames, NodeLostError, Peer, Progress, first_line
from bff.runner.local import PreparedRunner
from bff.runner.messages import Call, Reply, packed, unpacked
from bff.telemetry.facts import note

# More than one for each node, so that a slow one does not keep all others waiting at the end.
SHARDS_PER_NODE = 3

log = structlog.stdlib.get_logger(__name__)

Answer = Future[tuple[Frames, Progress]]


class Peers:
    """The nodes that a node may ask for help, itself among them.

    Args:
        least_s: Runs of fewer processor seconds are not worth asking.
    """

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self._lock = threading.Lock()
        self._known: Sequence[Peer] = ()
        self._looks: set[_Look] = set()

    def know(self, peers: Sequence[Peer]) -> None:
        """Whom to ask from now on; runs that have begun ask those who are new to them as well."""
        with self._lock:
            self._known = peers
            under_way = [*self._looks]
        for look in under_way:
            look.welcome(peers)

    def n_shards(self, effort_s: float) -> int:
        """Into how many shards a run is cut; 1 where it is not worth it, or nobody can help."""
        n_nodes = len(self._known)
        return 1 if n_nodes < 2 or effort_s < self._least_s else SHARDS_PER_NODE * n_nodes

    def look(self, shards: list[Shard], bars: Bars, control: Control) -> Generator[Found]:
        """What is in each of the shards, in any order; closing it cancels the others.

        Raises:
            ClusterUnavailable: No node is left.
            BacktestError: The control's end.
        """
        # As bytes: arrays straight out of the object store are read-only, and kernels refuse them.
        shared = self._known[0].share(pickle.dumps(bars))
        look = _Look(shards, shared, control)
        with self._lock:
            self._looks.add(look)
            look.welcome(self._known)
        try:
            yield from look.answers()
        finally:
            with self._lock:
                self._looks.discard(look)


class _Look:
    """One run's shards on their way through the nodes; `bars` are what `Peer.share` gave."""

    def __init__(self, shards: list[Shard], bars: Any, control: Control) -> None:
        self._bars, self._control = bars, control
        self._coming: deque[Peer] = deque()
        self._names: set[str] = set()
        self._idle: deque[Peer] = deque()
        self._waiting = deque(shards)
        self._n_shards = len(shards)
        self._running: dict[Answer, tuple[Peer, Shard, str]] = {}
        self._events: SimpleQueue[Answer | None] = SimpleQueue()
        self._helpers: set[str] = set()
        self._n_done = self._n_lost = 0

    def welcome(self, peers: Sequence[Peer]) -> None:
        """Ask those who are new to the run as well; called from any thread."""
        self._coming.extend(peers)
        self._events.put(None)

    def answers(self) -> Generator[Found]:
        self._control.on_cancel(partial(self._events.put, None))
        try:
            while self._waiting or self._running:
                self._hand_out()
                reply = self._take_in()
                if reply is not None:
                    yield self._found(reply)
                    del reply  # the growth in it would be held beside that of the next one
        finally:
            for peer, _, key in self._running.values():
                peer.cancel(key)
        note(shards=self._n_shards, shards_lost=self._n_lost, shard_nodes=len(self._helpers))

    def _let_in(self) -> None:
        while self._coming:
            peer = self._coming.popleft()
            if peer.name not in self._names:
                self._names.add(peer.name)
                self._idle.append(peer)

    def _hand_out(self) -> None:
        self._let_in()
        while self._waiting and self._idle:
            peer, shard, key = self._idle.popleft(), self._waiting.popleft(), uuid4().hex
            call = Call(
                number=0,
                task=partial(_look, shard),
                limit_s=self._control.limit_s,
                left_s=self._control.remaining_s(),
                context=structlog.contextvars.get_contextvars(),
            )
            answer = peer.do(key, tuple(map(bytes, packed(call))), (), self._bars)
            self._running[answer] = peer, shard, key
            answer.add_done_callback(self._events.put)
        if not self._running:
            raise ClusterUnavailable(self._n_lost)

    def _take_in(self) -> Reply | None:
        """The next answer; None where a shard was lost, somebody came, or nothing in time."""
        try:
            answer = self._events.get(timeout=self._control.remaining_s())
        except Empty:
            answer = None
        self._control.check()
        if answer is None:
            return None
        peer, shard, _ = self._running.pop(answer)
        try:
            frames, progress = answer.result()
        except NodeLostError as exc:
            log.warning("shard_lost", reason=first_line(exc))
            self._n_lost += 1
            self._waiting.append(shard)
            return None
        self._idle.append(peer)
        self._helpers.add(peer.name)
        self._control.spend(progress.used_s)
        return unpacked(frames)

    def _found(self, reply: Reply) -> Found:
        if reply.failure is not None:
            raise reply.failure
        self._n_done += 1
        self._control.progress("stage_a", self._n_done, self._n_shards)
        return reply.value


def _look(shard: Shard, bars: bytes, runner: PreparedRunner, control: Control) -> Found:
    return runner.look(shard, pickle.loads(bars), control)  # noqa: S301 - from a node
