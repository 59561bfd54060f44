"""The commands, mounted."""

import typer

from bff.commands import candles, schema, strategies
from bff.commands.check import check
from bff.commands.demo import demo
from bff.commands.run import run
from bff.commands.serve import serve
from bff.commands.token import token

app = typer.Typer(
    name="roehub-backtest",
    help="Runs grids of strategy backtests and answers with the best of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

app.command()(serve)
app.command()(demo)
app.command()(check)
app.command()(token)
app.command()(run)
app.add_typer(candles.app, name="candles")
app.add_typer(strategies.app, name="strategies")
app.add_typer(schema.app, name="schema")


def main() -> None:
    """Entry point of the console script and of `python -m bff`."""
    app()
