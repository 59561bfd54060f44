"""All kernels at once: several processes compile what the cache on disk lacks.

See: docs/kernels.md
"""

import os
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from multiprocessing import get_context, parent_process
from threading import Thread

from backtest import jit

# A fifth of all compiling.
LARGEST = "backtest.engine.scoring.score_pairs.look_up_pairs"

OnKernel = Callable[[int, int], None]


def warm_together(
    n_processes: int, on_kernel: OnKernel | None = None, *, with_indicators: bool = True
) -> int:
    """`jit.warm` of the kernels of all modules, for which several processes compile first.

    Args:
        n_processes: How many; with one this process compiles by itself.
        on_kernel: Told after each kernel how many are ready, and of how many.
        with_indicators: As in `jit.warm`.

    Returns:
        The number of kernels.

    See: docs/kernels.md
    """
    declare_kernels()
    if n_processes > 1 and jit.uncached(with_indicators=with_indicators):
        # what a process that was killed has left is compiled by this one
        with suppress(BrokenProcessPool), _alone() as may_write:
            # another one may have compiled it meanwhile
            uncached = jit.uncached(with_indicators=with_indicators)
            if may_write and uncached:
                compile_at_once(uncached, n_processes, on_kernel)
                on_kernel = None
    return jit.warm(on_kernel, with_indicators=with_indicators)


@contextmanager
def _alone() -> Generator[bool]:
    """Wait until no other process of this machine compiles; False where nothing can be kept."""
    try:
        lock = jit.lock_file()
    except OSError:
        yield False
        return
    with lock:
        flock(lock, LOCK_EX)
        yield True


def declare_kernels() -> None:
    """Import all modules that have kernels."""
    import backtest.run  # noqa: F401, PLC0415 # pyright: ignore[reportUnusedImport] - it has them all


def compile_at_once(
    uncached: list[int], n_processes: int, on_kernel: OnKernel | None = None
) -> None:
    """Compile into the cache in several processes, because the compiler takes one processor.

    The largest first, then from the last kernel on: one that began at the end would be waited for.
    """
    in_order = sorted(uncached, key=lambda number: (jit.name_of(number) != LARGEST, -number))
    with ProcessPoolExecutor(n_processes, get_context("spawn"), _begin) as pool:
        compiled = [pool.submit(jit.compile_into_cache, number) for number in in_order]
        try:
            for done, one in enumerate(as_completed(compiled), start=1):
                one.result()
                if on_kernel is not None:
                    on_kernel(done, len(uncached))
        finally:
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    declare_kernels()


def _end_with_parent() -> None:
    """A process of a pool would wait for work forever once the one that made the pool is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
