"""Compiling the kernels where somebody waits for it: with a bar, or with a line now and then.

See: docs/kernels.md
"""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backtest.compilers import warm_together
from bff.commands.expected import stderr
from bff.machine import n_compilers

_LINE_EVERY = 10


def warm_kernels(*, with_indicators: bool = True) -> int:
    """Compile all kernels, or load them from disk, and show how far that is; how many there are.

    Args:
        with_indicators: As in `backtest.jit.warm`.
    """
    console = stderr()
    if not console.is_terminal:
        return warm_together(n_compilers(), _print_now_and_then, with_indicators=with_indicators)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("compiling kernels", total=None)
        return warm_together(
            n_compilers(),
            lambda done, total: bar.update(task, completed=done, total=total),
            with_indicators=with_indicators,
        )


def _print_now_and_then(done: int, total: int) -> None:
    if done % _LINE_EVERY == 0 or done == total:
        stderr().print(f"compiling kernels: {done} of {total}")
