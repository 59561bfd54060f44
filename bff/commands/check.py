"""`check`: whether the process could serve, and what is wrong if not.

See: docs/configuration.md
"""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backtest.errors import BacktestError
from bff.commands.expected import FAILED, built, configured

if TYPE_CHECKING:
    from bff.config.sections import Device

CLOCK_TOLERANCE_S = 60


def check(
    warm_kernels: Annotated[
        bool, typer.Option("--warm", help="Also compile all kernels into the cache.")
    ] = False,
) -> None:
    """Check the configuration, both stores and the clock. Exits with 1 when something is wrong."""
    from bff.commands.store_facts import (
        CANDLE_VARIABLES,
        STRATEGY_VARIABLES,
        candle_facts,
        strategy_facts,
    )
    from bff.runner.cluster.facts import cluster_facts

    settings = configured()
    cluster, cluster_problem = cluster_facts(settings)
    services = built(settings)
    environment = settings.environment
    try:
        problems = {
            "configuration": None,
            "candle store": _problem(services.candles.ping, CANDLE_VARIABLES),
            "strategy store": _problem(services.strategies.ping, STRATEGY_VARIABLES),
            "clock": _clock_problem(),
            **({} if settings.cluster is None else {"cluster": cluster_problem}),
        }
        quotas = (
            None if services.quota_store is None else services.quota_store.problem() or "shared"
        )
    finally:
        services.close()
    facts = {
        "candles": partial(candle_facts, environment),
        "strategies": partial(strategy_facts, environment),
    }
    _print(settings.env, problems)
    if not any(problems.values()):
        for store, read_facts in facts.items():
            typer.echo(f"{store}: {_facts_or_error(read_facts)}")
    if quotas is not None:  # no reason not to serve
        typer.echo(f"quotas: {quotas}")
    typer.echo(f"device: {_device(settings.device)}")
    typer.echo(f"cluster: {cluster}")
    for notice in settings.notices:
        typer.echo(notice)
    if warm_kernels:
        from bff.commands.kernels import warm_kernels as warm

        typer.echo(f"{warm()} kernels are ready")
    if any(problems.values()):
        raise typer.Exit(FAILED)


def _problem(ping: Callable[[], None], variables: str) -> str | None:
    from backtest.adapters.migrations.advice import advice

    try:
        ping()
    except BacktestError as exc:
        return "\n".join([exc.message, *getattr(exc, "__notes__", ()), advice(exc, variables)])
    return None


def _facts_or_error(read_facts: Callable[[], str]) -> str:
    """Counting reads more than a ping does, and so may need a right more."""
    try:
        return read_facts()
    except BacktestError as exc:
        return "\n".join([exc.message, *getattr(exc, "__notes__", ())])


def _device(preference: "Device") -> str:
    from backtest.engine.find_device import accelerator_for

    with closing(accelerator_for(preference)) as accelerator:
        accelerator.device()
        return accelerator.state


def _clock_problem() -> str | None:
    """Tokens expire by the clock; one that is behind the installed program is wrong."""
    installed_s = max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
    behind_s = installed_s - time.time()
    if behind_s > CLOCK_TOLERANCE_S:
        return (
            f"the system clock is {behind_s:.0f} s behind the files of this program; correct the"
            " clock"
        )
    return None


def _print(env: str, problems: dict[str, str | None]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("what", "state", title=f"Environment {env}")
    for name, problem in problems.items():
        table.add_row(name, Text("good", "green") if problem is None else Text(problem, "red"))
    Console().print(table)
