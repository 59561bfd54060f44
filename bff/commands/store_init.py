"""`stores init`: make what both stores need; do nothing the second time.

See: docs/stores.md#making-the-tables
"""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from backtest.errors import BacktestError
from bff.commands.expected import FAILED, print_failure, stderr

app = typer.Typer(no_args_is_help=True, help="Create the tables of both stores.")


@app.callback()
def stores() -> None:
    """Create the tables of both stores."""


@app.command("init")
def init(
    only: Annotated[
        str | None, typer.Option(help="`candles` or `strategies`; default both.")
    ] = None,
) -> None:
    """Create what is missing in both stores. Prints what it did; a second run changes nothing."""
    if only not in {None, "candles", "strategies"}:
        raise typer.BadParameter(f"must be candles or strategies, was {only}", param_hint="--only")
    from bff.commands.store_facts import (
        CANDLE_VARIABLES,
        STRATEGY_VARIABLES,
        init_candles,
        init_strategies,
    )

    failed = False
    if only != "strategies":
        failed |= not _done("candles", init_candles, CANDLE_VARIABLES)
    if only != "candles":
        failed |= not _done("strategies", init_strategies, STRATEGY_VARIABLES)
    if failed:
        raise typer.Exit(FAILED)


def _done(store: str, take: Callable[[], Sequence[tuple[str, bool]]], variables: str) -> bool:
    from backtest.adapters.migrations.advice import advice

    try:
        for what, is_new in take():
            typer.echo(f"{store}: {what} {'was created' if is_new else 'already exists'}")
    except BacktestError as exc:
        print_failure(exc)
        stderr().print(advice(exc, variables), markup=False)
        return False
    return True
