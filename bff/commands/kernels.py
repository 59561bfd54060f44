"""Compiling the kernels where somebody waits for it: with a bar, or with a line now and then.

See: docs/kernels.md
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backtest import jit
from bff.commands.expected import stderr
from bff.machine import memory_bytes, n_processors

OnKernel = Callable[[int, int], None]

_LINE_EVERY = 10
# What a process that compiles holds in the end, and some room.
_PROCESS_BYTES = 1 << 30
_MOST_PROCESSES = 4


def warm_kernels() -> int:
    """Compile all kernels, or load them from disk, and show how far that is; how many there are."""
    _declare_kernels()
    console = stderr()
    if not console.is_terminal:
        return _warm(_say_now_and_then)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("compiling kernels", total=None)
        return _warm(lambda done, total: bar.update(task, completed=done, total=total))


def _declare_kernels() -> None:
    import backtest.run  # noqa: F401 # pyright: ignore[reportUnusedImport] - it declares them all


def _warm(on_kernel: OnKernel) -> int:
    uncached = jit.uncached()
    n_processes = min(n_processors(), memory_bytes() // _PROCESS_BYTES, _MOST_PROCESSES)
    if n_processes < 2 or not uncached:
        return jit.warm(on_kernel)
    # what a process that was killed has left is compiled by this one
    with suppress(BrokenProcessPool):
        _compile_at_once(uncached, n_processes, on_kernel)
    return jit.warm()


def _compile_at_once(uncached: list[int], n_processes: int, on_kernel: OnKernel) -> None:
    """Compile into the cache in several processes, because the compiler takes one processor.

    From the last kernel on: that is where the largest are, and one at the end would be waited for.
    """
    with ProcessPoolExecutor(n_processes, get_context("spawn"), _declare_kernels) as pool:
        compiled = pool.map(jit.compile_into_cache, reversed(uncached))
        for done, _ in enumerate(compiled, start=1):
            on_kernel(done, len(uncached))


def _say_now_and_then(done: int, total: int) -> None:
    if done % _LINE_EVERY == 0 or done == total:
        stderr().print(f"compiling kernels: {done} of {total}")
