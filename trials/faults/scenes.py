"""Which worlds are built, what is broken in each, and some rounds of all of it."""

import logging
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from tests.waiting import PATIENCE_S
from trials.faults.kinds import Kind, Outcome, candle_kinds, rounds, runner_kinds, strategy_kinds
from trials.faults.strategy_stores import StoreOpener, postgres_store, sqlite_store
from trials.faults.world import DEADLINE_S, World, opened_world


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A world and its kinds; `suffix` tells kinds apart that several scenes have."""

    open_strategies: StoreOpener
    kinds: tuple[Callable[[World], list[Kind]], ...]
    is_cached: bool = False
    deadline_s: float = DEADLINE_S
    suffix: str = ""

    @contextmanager
    def opened(self, folder: Path) -> Generator[tuple[World, dict[str, Kind]]]:
        """The world, and its kinds by name."""
        with opened_world(
            folder, self.open_strategies, is_cached=self.is_cached, deadline_s=self.deadline_s
        ) as world:
            found = [kind for kinds in self.kinds for kind in kinds(world)]
            yield world, {kind.name + self.suffix: kind for kind in found}


SCENES = {
    "SQLite": Scene(open_strategies=sqlite_store, kinds=(candle_kinds, strategy_kinds)),
    "cached bars": Scene(
        open_strategies=sqlite_store,
        kinds=(candle_kinds,),
        is_cached=True,
        suffix=", cached bars",
    ),
    "Postgres": Scene(open_strategies=postgres_store, kinds=(strategy_kinds,)),
    "lost runs": Scene(open_strategies=sqlite_store, kinds=(runner_kinds,), deadline_s=PATIENCE_S),
}


def play(scene: str, times: int) -> dict[str, Outcome]:
    """Every kind of a scene; none where the machine lacks what the scene needs."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    outcomes: dict[str, Outcome] = {}
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            SCENES[scene].opened(Path(folder)) as (world, kinds),
        ):
            for name, kind in kinds.items():
                outcomes[name] = rounds(world, kind, times)
                print(name, dict(outcomes[name].statuses), flush=True)
    except pytest.skip.Exception as skipped:
        print(f"{scene}: left out, {skipped}")
    return outcomes
