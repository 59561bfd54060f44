"""Runs in this process.

See: docs/reliability.md
"""

import gc
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Protocol, TypeVar

import structlog

from backtest.control import Control
from backtest.engine.shards import Found, Shard
from backtest.errors import MemoryExceeded, Transient
from backtest.types import Bars
from bff.admission.memory_budget import MemoryBudget
from bff.machine import n_compilers
from bff.telemetry.failures import log_failure
from resolvers.service import BacktestService
from schema.graphql.schema import graphql_schema

_preparing = threading.Lock()

T = TypeVar("T")
Job = Callable[[BacktestService, Control], T]
Looker = Callable[[Shard, Bars, Control], Found]


class Store(Protocol):
    """What can be asked whether it answers.

    See: docs/reliability.md
    """

    def ping(self) -> None:
        """Return, or raise what a request that needs the store would be told."""
        ...


class Runner(Protocol):
    """Does jobs that may take long; blocks, and may be called from any thread.

    See: docs/reliability.md
    """

    def do(self, job: Job[T], control: Control, *, is_repeatable: bool = False) -> T:
        """What the job returns or raises.

        Args:
            job: Pickles, as what it returns does.
            control: Cancels it and gives it a deadline.
            is_repeatable: Whether it may be begun again where it was lost, because it changes
                nothing; such a job may be done on another machine.
        """
        ...


class PreparedRunner(Runner, Protocol):
    """A runner of the process that computes.

    See: docs/reliability.md
    """

    @property
    def memory(self) -> MemoryBudget:
        """What runs in this process claim their memory from."""
        ...

    def await_start(self, control: Control) -> None:
        """Return when it can be asked; a first node of a cluster takes its time."""
        ...

    def ping(self, control: Control) -> None:
        """Return, or raise what a run would be told."""
        ...

    def warm(self, control: Control) -> None:
        """Return when jobs need not wait for anything to be prepared."""
        ...

    def look(self, shard: Shard, bars: Bars, control: Control) -> Found:
        """Look through a shard of another machine's run."""
        ...

    @property
    def close(self) -> Callable[[], None]:
        """Ends what the runner has begun."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRunner:
    """Does jobs in the thread that asks.

    Args:
        service: What jobs are given.
        candles: The store that runs load from.
        strategies: The store of saved strategies.
        memory: What runs claim their memory from.
        close: Ends the threads of the engine and closes the stores.
        open_device: Opens the device that scores, which the first run would wait for otherwise.
        look_through: Looks through shards of other machines' runs; None where nobody asks.

    See: docs/reliability.md
    """

    service: BacktestService
    candles: Store
    strategies: Store
    memory: MemoryBudget
    close: Callable[[], None]
    open_device: Callable[[], object] = lambda: None
    look_through: Looker | None = None

    def do(self, job: Job[T], control: Control, *, is_repeatable: bool = False) -> T:
        """What the job returns or raises; a failure that is nobody's mistake is logged here.

        Raises:
            MemoryExceeded: The machine had no memory left for the job.
        """
        del is_repeatable  # nothing is lost here without its caller
        try:
            with self._within_memory(), self.memory.lent_to(control):
                return job(self.service, control)
        except Transient as exc:
            log_failure(exc)
            raise

    def look(self, shard: Shard, bars: Bars, control: Control) -> Found:
        """Look through a shard of another machine's run.

        Raises:
            MemoryExceeded: The machine had no memory left for the shard.
        """
        assert self.look_through is not None
        with self._within_memory():
            return self.look_through(shard, bars, control)

    def await_start(self, control: Control) -> None:
        """Return: nothing but this process has to start."""
        del control

    def ping(self, control: Control) -> None:
        """Ask the candle store."""
        del control
        self.candles.ping()

    def warm(self, control: Control) -> None:
        """Return when jobs need not wait for anything to be prepared."""
        del control
        with _preparing:
            _prepare_once()
            self.open_device()

    @contextmanager
    def _within_memory(self) -> Generator[None]:
        """Say of an array that did not fit what is said of a run that holds too much."""
        try:
            yield
        except MemoryError as exc:
            structlog.stdlib.get_logger(__name__).warning("memory_exhausted", exc_info=exc)
            raise MemoryExceeded("run", memory_bytes=self.memory.n_bytes) from None


@cache
def _prepare_once() -> None:
    # commands that compute nothing stay quick
    from backtest.compilers import warm_together  # noqa: PLC0415

    warm_together(n_compilers(), with_indicators=False)
    graphql_schema()
    freeze_startup()


def freeze_startup() -> None:
    """Take everything that exists now out of the garbage collector's sight.

    Modules, types and kernels live as long as the process; walking them in every full collection
    costs a large answer more than making it.

    See: docs/reliability.md
    """
    gc.collect()
    gc.freeze()
