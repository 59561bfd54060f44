"""Every way in which a store is broken, and what some rounds of it give."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.backtest.adapters.clickhouse_server import TABLE_FAULTS
from tests.waiting import PATIENCE_S, wait_for
from trials.faults.asking import FACES, SAVED, TEMPLATE
from trials.faults.strategy_stores import BROKEN_LINES
from trials.faults.world import World

HANG_S = 1.0
ANSWERED = ("error after 200", "wrong credentials", "no table", "cut", "slow", *TABLE_FAULTS)


@dataclass(kw_only=True)
class Outcome:
    """What many rounds of one kind gave."""

    allowed: frozenset[int] = frozenset({200, 503, 504})
    statuses: Counter[int] = field(default_factory=Counter[int])
    n_wrong: int = 0
    n_hangs: int = 0
    n_not_recovered: int = 0
    slowest_s: float = 0.0

    @property
    def is_good(self) -> bool:
        return not (
            self.n_wrong
            or self.n_hangs
            or self.n_not_recovered
            or self.statuses.keys() - self.allowed
        )


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A fault, the request that runs into it, and the statuses that this may give."""

    name: str
    allowed: frozenset[int] = frozenset({200, 503, 504})
    body: Mapping[str, Any]
    spoil: "partial[None]"


def candle_kinds(world: World) -> list[Kind]:
    """The candle server, and the way to it."""
    candles = world.candles
    return [
        Kind(name=f"candles {part}: {fault}", body=TEMPLATE, spoil=partial(setattr, *place, fault))
        for part, place, faults in (
            ("answer", (candles.server, "fault"), ANSWERED),
            ("line", (candles.wire, "state"), BROKEN_LINES),
        )
        for fault in faults
    ]


def strategy_kinds(world: World) -> list[Kind]:
    """The store of saved strategies, and the way to it."""
    store = world.strategies
    return [
        Kind(name=f"{store.name}: {fault}", body=SAVED, spoil=partial(store.spoil, fault))
        for fault in store.faults
    ]


def runner_kinds(world: World) -> list[Kind]:
    """The process that computes, ended in the middle of a run."""

    def kill() -> None:
        server = world.candles.server
        server.requests.clear()
        server.fault = "slow"
        pid = world.runner.pid
        assert pid is not None

        def kill_what_waits() -> None:
            wait_for(lambda: server.requests)
            os.kill(pid, signal.SIGKILL)

        threading.Thread(target=kill_what_waits).start()

    name, only = "process of runs: killed", frozenset({503})
    return [Kind(name=name, allowed=only, body=TEMPLATE, spoil=partial(kill))]


def rounds(world: World, kind: Kind, times: int, *, patience_s: float = 0.0) -> Outcome:
    """Break, ask, mend, ask, over both faces by turns.

    What a face answers before the first round is right.

    Args:
        world: What is broken.
        kind: How.
        times: How often.
        patience_s: How much longer than on an idle machine an answer may take, and how long a
            service that is whole again may be asked until it is right.
    """
    world.mend()
    right = {face: _right(world, face, kind.body) for face in FACES[:times]}
    outcome = Outcome(allowed=kind.allowed)
    for n in range(times):
        face = FACES[n % len(FACES)]
        kind.spoil()
        started = time.monotonic()
        answer = status, _ = world.ask(face, kind.body)
        took_s = time.monotonic() - started
        world.mend()
        outcome.statuses[status] += 1
        outcome.n_wrong += status == 200 and answer != right[face]
        outcome.n_hangs += took_s > world.deadline_s + HANG_S + patience_s
        outcome.slowest_s = max(outcome.slowest_s, took_s)
        outcome.n_not_recovered += not _is_told(world, face, kind.body, right[face], patience_s)
    return outcome


def _right(world: World, face: str, body: Mapping[str, Any]) -> tuple[int, bytes]:
    """The answer of a whole world, which a cold or busy machine may not give in time at first."""
    asked = face, body is SAVED
    if asked not in world.right:
        ends_at = time.monotonic() + PATIENCE_S
        while (answer := world.ask(face, body))[0] != 200 and time.monotonic() < ends_at:
            pass
        assert answer[0] == 200, answer
        world.right[asked] = answer
    return world.right[asked]


def _is_told(
    world: World, face: str, body: Mapping[str, Any], right: tuple[int, bytes], within_s: float
) -> bool:
    ends_at = time.monotonic() + within_s
    while (answer := world.ask(face, body)) != right and time.monotonic() < ends_at:
        pass
    return answer == right
