"""A run's shards on their way, among nodes that are played: no Ray is needed."""

import pickle
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import pytest

from backtest.control import Control
from backtest.engine.shards import Shard
from backtest.errors import ClusterUnavailable, DeadlineExceeded, NoMarketData, RunCancelled
from backtest.types import Bars
from bff.runner.cluster.peer import Frames, NodeLostError, Peer, Progress
from bff.runner.cluster.peers import SHARDS_PER_NODE, Peers
from bff.runner.messages import Call, Reply, packed, unpacked
from bff.telemetry.facts import collect
from tests.waiting import PATIENCE_S, wait_for

BARS = cast("Bars", "bars")


class PlayedNode:
    """A node whose answers the test gives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: dict[str, tuple[Shard, Future[tuple[Frames, Progress]]]] = {}
        self.cancelled: list[str] = []

    def do(
        self, key: str, frames: Sequence[bytes], peers: Sequence[Peer], *shared: Any
    ) -> Future[tuple[Frames, Progress]]:
        assert (peers, shared) == ((), (pickle.dumps(BARS),))
        call: Call = unpacked(frames)
        answer: Future[tuple[Frames, Progress]] = Future()
        self.asked[key] = cast("Any", call.task).args[0], answer
        return answer

    def cancel(self, key: str) -> None:
        self.cancelled.append(key)

    def share(self, value: object) -> object:
        return value

    @property
    def open(self) -> list[tuple[Shard, Future[tuple[Frames, Progress]]]]:
        return [(shard, answer) for shard, answer in self.asked.values() if not answer.done()]

    def answer(self, failure: Exception | None = None) -> None:
        """Tell what is in the shard that it has."""
        ((shard, answer),) = self.open
        reply = Reply(number=0, value=f"found in {shard}", failure=failure, facts={})
        answer.set_result((tuple(map(bytes, packed(reply))), Progress({}, 1.0)))

    def die(self) -> None:
        ((_, answer),) = self.open
        answer.set_exception(NodeLostError("the node died"))


class Looked:
    """A run whose shards are looked through, in a thread of its own."""

    def __init__(self, nodes: list[PlayedNode], n_shards: int, control: Control) -> None:
        self.peers = Peers(0.0)
        self.peers.know(nodes)
        self.facts: dict[str, Any] = {}
        shards = cast("list[Shard]", [f"shard {number}" for number in range(n_shards)])
        thread = ThreadPoolExecutor(1)
        self.found = thread.submit(self._look, shards, control)
        thread.shutdown(wait=False)

    def _look(self, shards: list[Shard], control: Control) -> list[object]:
        self.facts = collect()
        return [*self.peers.look(shards, BARS, control)]


def have_one_each(*nodes: PlayedNode) -> None:
    wait_for(lambda: all(len(node.open) == 1 for node in nodes))


def test_each_node_has_one_shard_at_a_time_and_gets_the_next_when_it_is_done() -> None:
    told: list[tuple[str, int, int]] = []
    control = Control(PATIENCE_S, lambda *progress: told.append(progress))
    one, other = PlayedNode("one"), PlayedNode("other")
    run = Looked([one, other], 4, control)

    for done in (1, 2, 3):
        have_one_each(one, other)
        one.answer()
        wait_for(lambda done=done: len(told) == done)
    assert not one.open  # nothing is left, and the other one still has the shard it began with
    other.answer()

    found = run.found.result(PATIENCE_S)
    assert sorted(map(str, found)) == [f"found in shard {number}" for number in range(4)]
    assert told == [("stage_a", done, 4) for done in (1, 2, 3, 4)]
    assert control.used_s == 4.0
    assert run.facts == {"shards": 4, "shards_lost": 0, "shard_nodes": 2}


def test_who_comes_in_the_middle_gets_what_waits_and_who_dies_costs_a_shard() -> None:
    one, dying, new = PlayedNode("one"), PlayedNode("dying"), PlayedNode("new")
    run = Looked([one, dying], 3, Control(PATIENCE_S))
    have_one_each(one, dying)

    run.peers.know([one, dying, new])
    have_one_each(one, dying, new)
    dying.die()
    new.answer()
    have_one_each(one, new)
    new.answer()
    one.answer()

    assert len(run.found.result(PATIENCE_S)) == 3
    assert len(dying.asked) == 1
    assert run.facts == {"shards": 3, "shards_lost": 1, "shard_nodes": 2}


def test_a_run_begun_later_asks_whoever_is_known_by_then() -> None:
    one, other = PlayedNode("one"), PlayedNode("other")
    peers = Peers(0.0)
    peers.know([one])
    assert peers.n_shards(1.0) == 1

    peers.know([one, other])

    assert peers.n_shards(1.0) == 2 * SHARDS_PER_NODE


def test_where_nobody_is_left_the_run_is_unavailable() -> None:
    one, other = PlayedNode("one"), PlayedNode("other")
    run = Looked([one, other], 4, Control(PATIENCE_S))
    have_one_each(one, other)

    one.die()
    other.die()

    failure = run.found.exception(PATIENCE_S)
    assert isinstance(failure, ClusterUnavailable)
    assert failure.details == {"nodes_lost": 2}


@pytest.mark.parametrize("end", ["cancelled", "out of time", "a shard fails"])
def test_a_run_that_ends_early_ends_every_shard_that_is_under_way(end: str) -> None:
    one, other = PlayedNode("one"), PlayedNode("other")
    # With a deadline, so short that it may be over before a shard was handed out.
    control = Control(1.0, left_s=0.2) if end == "out of time" else Control(PATIENCE_S)
    run = Looked([one, other], 4, control)
    if end == "cancelled":
        have_one_each(one, other)
        threading.Thread(target=control.cancel).start()
    if end == "a shard fails":
        have_one_each(one, other)
        one.answer(NoMarketData())

    expected = {
        "cancelled": RunCancelled, "out of time": DeadlineExceeded, "a shard fails": NoMarketData
    }  # fmt: skip
    assert type(run.found.exception(PATIENCE_S)) is expected[end]
    for node in (one, other):
        under_way = [key for key, (_, answer) in node.asked.items() if not answer.done()]
        assert node.cancelled == under_way
