"""`strategies add`, `strategies list`, `strategies delete`.

See: docs/saved-strategies.md
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast
from uuid import UUID, uuid4

import typer
from rich.console import Console
from rich.table import Table

from backtest.errors import InvalidRequest
from backtest.markets import instrument_key, market_type
from backtest.request import Template
from bff.commands.expected import FAILED, failures_told, stderr
from bff.commands.stores import strategy_writer
from schema.strategy_from_variant import NoSuchVariant, default_name, spec_of_variant
from schema.strategy_spec import read_spec

app = typer.Typer(no_args_is_help=True, help="Save strategies and see which are saved.")


@app.command()
def add(
    context: typer.Context,
    user_id: Annotated[UUID, typer.Option(help="The owner; only they may run it.")],
    response: Annotated[
        Path | None,
        typer.Option("--from", help="A response (REST or GraphQL); one variant is saved."),
    ] = None,
    variant: Annotated[
        int, typer.Option(min=0, help="Position in the response's list, from 0.")
    ] = 0,
    spec: Annotated[
        Path | None, typer.Option(help="A spec payload (roehub.strategy.v1) instead.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Default: instrument and indicators.")] = None,
) -> None:
    """Save a variant of a response, or a spec, and print its strategy id."""
    if (response is None) == (spec is None):
        raise typer.BadParameter("give exactly one of --from and --spec")
    if response is not None:
        payload = _variant_spec(_json_object(response), variant)
    else:
        payload = _completed(_json_object(cast("Path", spec)))
    strategy_id = uuid4()
    with strategy_writer(context) as writer:
        writer.add(
            strategy_id=strategy_id,
            user_id=user_id,
            name=name or default_name(payload),
            spec=payload,
            created_at=datetime.now(UTC),
        )
    typer.echo(strategy_id)


@app.command("list")
def list_(
    context: typer.Context,
    user_id: Annotated[UUID | None, typer.Option(help="Only this owner's.")] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted ones too.")] = False,
) -> None:
    """Show the saved strategies, oldest first."""
    with strategy_writer(context) as writer:
        lines = writer.lines(user_id, with_deleted=deleted)
    table = Table("strategy", "owner", "name", "instrument", "timeframe", "created, UTC", "state")
    for line in lines:
        table.add_row(
            str(line.strategy_id),
            str(line.user_id),
            line.name,
            line.instrument_key,
            line.timeframe,
            f"{line.created_at:%Y-%m-%d %H:%M}",
            "deleted" if line.is_deleted else "saved",
        )
    Console(width=None if Console().is_terminal else 220).print(table)


@app.command()
def delete(
    context: typer.Context,
    strategy_id: Annotated[UUID, typer.Argument(help="As `strategies list` shows it.")],
) -> None:
    """Mark a strategy as deleted; runs no longer find it."""
    with strategy_writer(context) as writer:
        is_deleted = writer.delete(strategy_id)
    if not is_deleted:
        _fail(f"there is no saved strategy {strategy_id}")
    typer.echo(f"{strategy_id} is deleted")


def _variant_spec(response: dict[str, Any], position: int) -> dict[str, Any]:
    try:
        payload = spec_of_variant(response, position)
    except NoSuchVariant as error:
        _fail(str(error))
    _checked(payload)
    return payload


def _completed(payload: dict[str, Any]) -> dict[str, Any]:
    """A given spec with the descriptive members that it may lack."""
    template = _checked(payload)
    instrument = template.instrument
    described: dict[str, Any] = {
        "instrument_key": instrument_key(instrument),
        "market_type": market_type(instrument.market_id),
        "symbol": instrument.symbol,
        "signal_template": " AND ".join(grid.indicator_id for grid in template.indicator_grids),
        "tags": [],
    }
    given = {name: value for name, value in payload.items() if value is not None}
    return described | given


def _checked(payload: dict[str, Any]) -> Template:
    try:
        return read_spec(payload)
    except InvalidRequest as error:
        console = stderr()
        console.print(error.message, style="bold red")
        for problem in error.problems:
            place = ".".join(str(step) for step in problem.loc)
            console.print(f"- {place}: {problem.message}", markup=False)
        raise typer.Exit(FAILED) from error


def _json_object(path: Path) -> dict[str, Any]:
    with failures_told():
        content = path.read_bytes()
    if not content.strip():
        _fail(f"{path} is empty")
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        _fail(f"{path} is not JSON: {error}")
    if not isinstance(document, dict):
        _fail(f"{path} must hold a JSON object")
    return cast("dict[str, Any]", document)


def _fail(message: str) -> NoReturn:
    stderr().print(message, style="bold red", markup=False)
    raise typer.Exit(FAILED)
