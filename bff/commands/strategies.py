"""`strategies add`, `strategies list`, `strategies delete`.

See: docs/saved-strategies.md
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast
from uuid import UUID, uuid4

import typer

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
    """Save a variant of a response, or a spec. Prints its strategy id."""
    from bff.commands.spec_files import completed_spec, variant_spec
    from bff.commands.stores import strategy_writer
    from schema.strategy_from_variant import default_name

    if (response is None) == (spec is None):
        raise typer.BadParameter("give exactly one of --from and --spec")
    if response is not None:
        payload = variant_spec(response, variant)
    else:
        payload = completed_spec(cast("Path", spec))
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
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from bff.commands.stores import strategy_writer

    with strategy_writer(context, creates=False) as writer:
        lines = writer.lines(user_id, with_deleted=deleted)
    table = Table("strategy", "owner", "name", "instrument", "timeframe", "created, UTC", "state")
    for line in lines:
        table.add_row(
            str(line.strategy_id),
            str(line.user_id),
            escape(line.name),
            escape(line.instrument_key),
            escape(line.timeframe),
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
    from bff.commands.spec_files import fail
    from bff.commands.stores import strategy_writer

    with strategy_writer(context, creates=False) as writer:
        is_deleted = writer.delete(strategy_id)
    if not is_deleted:
        fail(f"there is no saved strategy {strategy_id}")
    typer.echo(f"{strategy_id} is deleted")
