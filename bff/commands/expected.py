"""How commands meet expected failures: a sentence on standard error, never a stack.

See: docs/commands.md
"""

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer

from backtest.errors import BacktestError, InvalidRequest

if TYPE_CHECKING:
    from rich.console import Console

    from bff.config.deployment import Deployment
    from bff.config.settings import Settings
    from bff.wiring import Services

T = TypeVar("T")

BAD_CONFIG = 2
FAILED = 1


def configured() -> "Settings":
    """The settings of this process; ends the command when they are not good."""
    from bff.config.settings import load_settings

    return _loaded(load_settings)


def deployed() -> "Deployment":
    """The settings without the default axes, for a command that computes nothing."""
    from bff.config.deployment import load_deployment

    return _loaded(load_deployment)


def _loaded(load: Callable[[Mapping[str, str]], T]) -> T:
    from bff.config.deployment import SettingsError

    try:
        return load(os.environ)
    except SettingsError as exc:
        console = stderr()
        n = len(exc.problems)
        problems = "a problem" if n == 1 else f"{n} problems"
        console.print(f"[bold red]The configuration has {problems}:[/]")
        for problem in exc.problems:
            console.print(f"- {problem}", markup=False)
        raise typer.Exit(BAD_CONFIG) from exc


def built(settings: "Settings") -> "Services":
    """The process; its stores are not contacted yet."""
    from bff.wiring import build

    with reported_failures():
        return build(settings)


@contextmanager
def reported_failures() -> Generator[None]:
    """Turn expected failures into a message, with the notes that an operator needs."""
    try:
        yield
    except BacktestError as exc:
        print_failure(exc)
        raise typer.Exit(FAILED) from exc
    except OSError as exc:
        stderr().print(f"{exc.filename or 'system'}: {exc.strerror or exc}", markup=False)
        raise typer.Exit(FAILED) from exc


def print_failure(exc: BacktestError) -> None:
    """Print a domain error, each of its problems with its place, and its notes."""
    console = stderr()
    console.print(exc.message, style="bold red", markup=False)
    for problem in exc.problems if isinstance(exc, InvalidRequest) else ():
        place = ".".join(map(str, problem.loc))
        console.print(f"- {place}: {problem.message}", markup=False)
    print_notes(exc)


def print_notes(exc: BacktestError) -> None:
    """Print what an operator needs to know about an error."""
    for note in getattr(exc, "__notes__", ()):
        stderr().print(note, markup=False)


def stderr() -> "Console":
    """Where messages go; standard output belongs to results."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True, highlight=False)
