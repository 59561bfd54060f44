"""The commands, mounted.

See: docs/commands.md
"""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from bff.commands import candles, schema, store_init, strategies
from bff.commands.check import check
from bff.commands.demo import demo
from bff.commands.run import run
from bff.commands.serve import serve
from bff.commands.token import token
from bff.commands.verify import verify

DISTRIBUTION = "roehub-backtest"

app = typer.Typer(
    name=DISTRIBUTION,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(is_asked: bool) -> None:
    from importlib.metadata import PackageNotFoundError, version

    if not is_asked:
        return
    try:
        typer.echo(f"{DISTRIBUTION} {version(DISTRIBUTION)}")
    except PackageNotFoundError:
        typer.echo(f"{DISTRIBUTION}, not installed, in {Path(__file__).parents[1]}")
    raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Runs grids of strategy backtests and answers with the best of them."""


app.command()(serve)
app.command()(demo)
app.command()(check)
app.command()(token)
app.command()(run)
app.command()(verify)
app.add_typer(candles.app, name="candles")
app.add_typer(strategies.app, name="strategies")
app.add_typer(store_init.app, name="stores")
app.add_typer(schema.app, name="schema")


def main() -> None:
    """Entry point of the console script and of `python -m bff`."""
    _make_streams_writable()
    app()


def _make_streams_writable() -> None:
    """Nothing that is only said may end a command: not by its signs, not by a closed stream."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # pyright: ignore[reportUnknownMemberType]
    if sys.stderr is None:  # a file that is opened next would get its number, and what is said
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open
        os.set_inheritable(sys.stderr.fileno(), True)
