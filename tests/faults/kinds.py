"""Every way in which a store is broken, and what one round of it gives."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.backtest.adapters.clickhouse_server import TABLE_FAULTS
from tests.faults.world import DEADLINE_S, SAVED, TEMPLATE, World

HANG_S = DEADLINE_S + 1.0
ANSWERED = ("error after 200", "wrong credentials", "no table", "cut", "slow", *TABLE_FAULTS)
BROKEN_LINES = ("refused", "reset", "mute", "cut")


@dataclass(kw_only=True)
class Outcome:
    """What many rounds of one kind gave."""

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
            or self.statuses.keys() - {200, 503, 504}
        )


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A fault and the request that runs into it."""

    name: str
    body: Mapping[str, Any]
    spoil: "partial[None]"


def kinds_of(world: World) -> list[Kind]:
    """All kinds, over one world."""
    found = [
        Kind(name=f"candles answer: {fault}", body=TEMPLATE, spoil=partial(_answer, world, fault))
        for fault in ANSWERED
    ]
    for state in BROKEN_LINES:
        found += [
            Kind(
                name=f"candles line: {state}",
                body=TEMPLATE,
                spoil=partial(setattr, world.candles, "state", state),
            ),
            Kind(
                name=f"strategies line: {state}",
                body=SAVED,
                spoil=partial(setattr, world.strategies, "state", state),
            ),
        ]
    return found


def rounds(world: World, kind: Kind, times: int) -> Outcome:
    """Break, ask, mend, ask; the answer before the first round is the right one."""
    body = dict(kind.body)
    world.mend()
    status, right = world.ask(body)
    assert status == 200, right
    outcome = Outcome()
    for _ in range(times):
        kind.spoil()
        started = time.monotonic()
        status, content = world.ask(body)
        took_s = time.monotonic() - started
        world.mend()
        outcome.statuses[status] += 1
        outcome.n_wrong += status == 200 and content != right
        outcome.n_hangs += took_s > HANG_S
        outcome.slowest_s = max(outcome.slowest_s, took_s)
        outcome.n_not_recovered += world.ask(body) != (200, right)
    return outcome


def _answer(world: World, fault: str) -> None:
    world.server.fault = fault
