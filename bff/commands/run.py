"""`run`: one request without a server, on the configured stores.

See: docs/commands.md
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn
from uuid import UUID

import typer

from backtest.errors import BacktestError
from bff.commands.expected import FAILED, built, configured, failures_told, say_notes

if TYPE_CHECKING:
    from bff.http.errors import RoehubError
    from bff.wiring import Services

NOBODY = UUID(int=0)


def run(
    request: Annotated[Path, typer.Argument(help="A file with the body of POST /backtests.")],
    user_id: Annotated[
        UUID, typer.Option(help="Who asks; a saved strategy runs only for its owner.")
    ] = NOBODY,
    out: Annotated[
        Path | None, typer.Option(help="Where the answer goes; default standard output.")
    ] = None,
) -> None:
    """Run one request offline and print the answer of POST /backtests."""
    from bff.http.errors import RoehubError, to_roehub

    settings = configured()
    with failures_told():
        body = request.read_bytes()
    services = built(settings)
    try:
        answer = _answer(services, body, user_id)
    except RoehubError as exc:
        _refuse(exc)
    except BacktestError as exc:
        say_notes(exc)
        _refuse(to_roehub(exc))
    finally:
        services.close()
    if out is None:
        typer.echo(answer)
        return
    with failures_told():
        out.write_bytes(answer)


def _answer(services: "Services", body: bytes, user_id: UUID) -> bytes:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskID,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from backtest.control import Control
    from bff.http.strict_json import parse_json
    from schema.parse import parse_request
    from schema.response import to_json

    run_request = parse_request(parse_json(body, services.json_limits))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    clocks = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, *clocks, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage.replace("_", " "))
            bar.update(tasks[stage], completed=done, total=total)

        control = Control(services.deadline_s, show)
        response = services.service.run(run_request, user_id=user_id, control=control)
    return to_json(response)


def _refuse(error: "RoehubError") -> NoReturn:
    from bff.http.errors import payload

    typer.echo(json.dumps(payload(error), ensure_ascii=False, indent=2))
    raise typer.Exit(FAILED)
