"""A large run on all nodes at once: its shards go to whoever is free, and again where one is lost.

See: docs/scale.md#one-large-run
"""

import pickle
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
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

    Attributes:
        known: They, as the last call told them.
    """

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self.known: Sequence[Peer] = ()

    def n_shards(self, effort_s: float) -> int:
        """Into how many shards a run is cut; 1 where it is not worth it, or nobody can help."""
        n_nodes = len(self.known)
        return 1 if n_nodes < 2 or effort_s < self._least_s else SHARDS_PER_NODE * n_nodes

    def look(self, shards: list[Shard], bars: Bars, control: Control) -> Generator[Found]:
        """What is in each of the shards, in any order; closing it cancels the others.

        Raises:
            ClusterUnavailable: No node is left.
            BacktestError: The control's end.
        """
        return _Look(self.known, shards, bars, control).answers()


class _Look:
    """One run's shards on their way through the nodes."""

    def __init__(
        self, peers: Sequence[Peer], shards: list[Shard], bars: Bars, control: Control
    ) -> None:
        self._control = control
        self._idle = deque(peers)
        self._waiting = deque(shards)
        self._n_shards = len(shards)
        # As bytes: arrays straight out of the object store are read-only, and kernels refuse them.
        self._bars = peers[0].share(pickle.dumps(bars))
        self._running: dict[Answer, tuple[Peer, Shard, str]] = {}
        self._events: SimpleQueue[Answer | None] = SimpleQueue()
        self._n_done = self._n_lost = 0

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
        note(shards=self._n_shards, shards_lost=self._n_lost)

    def _hand_out(self) -> None:
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
        """The next answer; None where a shard was lost, or nothing came in time."""
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
