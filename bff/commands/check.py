"""`check`: whether the process could serve, and what is wrong if not.

See: docs/configuration.md
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from backtest.errors import BacktestError
from bff.commands.expected import FAILED, built, configured

CLOCK_TOLERANCE_S = 60


def check(
    warm_kernels: Annotated[
        bool, typer.Option("--warm", help="Also compile all kernels into the cache.")
    ] = False,
) -> None:
    """Check the configuration, both stores and the clock; exit 1 when something is wrong."""
    settings = configured()
    services = built(settings)
    try:
        problems = {
            "configuration": None,
            "candle store": _problem(services.candles.ping),
            "strategy store": _problem(services.strategies.ping),
            "clock": _clock_problem(),
        }
    finally:
        services.close()
    _print(settings.env, problems)
    for notice in settings.notices:
        typer.echo(notice)
    if warm_kernels:
        from bff.commands.kernels import warm_kernels as warm

        typer.echo(f"{warm()} kernels are ready")
    if any(problems.values()):
        raise typer.Exit(FAILED)


def _problem(ping: Callable[[], None]) -> str | None:
    try:
        ping()
    except BacktestError as exc:
        return "\n".join([exc.message, *getattr(exc, "__notes__", ())])
    return None


def _clock_problem() -> str | None:
    """Tokens expire by the clock; one that is behind the installed program is wrong."""
    installed_s = max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
    behind_s = installed_s - time.time()
    if behind_s > CLOCK_TOLERANCE_S:
        return f"the clock is {behind_s:.0f} s behind the files of this program; set it"
    return None


def _print(env: str, problems: dict[str, str | None]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("what", "state", title=f"Environment {env}")
    for name, problem in problems.items():
        table.add_row(name, Text("good", "green") if problem is None else Text(problem, "red"))
    Console().print(table)
