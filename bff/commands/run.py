"""`run`: one request without a server, on the configured stores.

See: docs/commands.md
"""

import json
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn
from uuid import UUID

import typer

from backtest.errors import BacktestError, Transient
from bff.commands.expected import (
    FAILED,
    built,
    configured,
    print_failure,
    reported_failures,
    stderr,
)

if TYPE_CHECKING:
    from backtest.control import ProgressCallback
    from backtest.enums import AnswerPart
    from backtest.policy import Want
    from backtest.request import RunRequest
    from bff.http.errors import RoehubError
    from bff.wiring import Services
    from schema.response import BacktestResponse

NOBODY = UUID(int=0)
CURVE_POINTS = 68


def run(
    request: Annotated[Path, typer.Argument(help="A file with the body of POST /backtests.")],
    user_id: Annotated[
        UUID, typer.Option(help="User to run as; a saved strategy runs only for its owner.")
    ] = NOBODY,
    out: Annotated[
        Path | None, typer.Option(help="Write the answer to this file instead of standard output.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the answer itself on a terminal too.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a report too: one HTML file that opens without a server."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            help="Also include evidence, landscape, receipt, intrabar; comma-separated or repeated."
        ),
    ] = None,
) -> None:
    """Run one request offline. Prints the answer of POST /backtests.

    On a terminal it is printed for people: a table, an equity curve, the candles, the notes,
    and whatever is included, such as the conclusion of the evidence.
    """
    import time

    from backtest.policy import Want
    from bff.http.errors import RoehubError, to_roehub

    parts = _parts(include or ())
    settings = configured()
    with reported_failures():
        body = request.read_bytes()
    for_people = out is None and not as_json and sys.stdout.isatty()
    services = built(settings)
    begun_s = time.perf_counter()
    try:
        run_request = _read(services, body)
        want = Want(
            trades=html is not None or not for_people,
            is_explicit=for_people,
            parts=parts | run_request.parts,
        )
        response = _answer(services, run_request, user_id, want)
        took_s = time.perf_counter() - begun_s
        _print(response, out, for_people=for_people)
        if html is not None:
            _write_report(html, services, run_request, response, took_s)
    except RoehubError as exc:
        _refuse(exc)
    except BacktestError as exc:
        if isinstance(exc, Transient):
            print_failure(exc)
        _refuse(to_roehub(exc))
    finally:
        services.close()


def _read(services: "Services", body: bytes) -> "RunRequest":
    from bff.http.strict_json import parse_json
    from schema.parse import parse_request

    return parse_request(parse_json(body, services.json_limits))


def _parts(include: Iterable[str]) -> "frozenset[AnswerPart]":
    from backtest.enums import AnswerPart

    names = [name.strip() for value in include for name in value.split(",")]
    known = [part.value for part in AnswerPart]
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"--include must be one of {', '.join(known)}, was {name!r}")
    return frozenset(map(AnswerPart, names))


def _answer(
    services: "Services", run_request: "RunRequest", user_id: UUID, want: "Want"
) -> "BacktestResponse":
    from backtest.control import Control

    with _progress() as show:
        control = Control(services.deadline_s, show)
        return services.service.run(run_request, user_id=user_id, control=control, want=want)


def _write_report(
    path: Path,
    services: "Services",
    run_request: "RunRequest",
    response: "BacktestResponse",
    took_s: float,
) -> None:
    from bff.commands.html_report import NoReportPage, write_report

    try:
        with reported_failures():
            write_report(path, services.service, run_request, response, took_s)
    except NoReportPage as exc:
        stderr().print(f"No report was written: {exc}.", markup=False)
        raise typer.Exit(FAILED) from exc


def _print(response: "BacktestResponse", out: Path | None, *, for_people: bool) -> None:
    from bff.commands.show_answer import result_console, show_answer
    from schema.response import to_json

    answer = to_json(response)
    if for_people:
        show_answer(result_console(), json.loads(answer), _equity(response))
    elif out is None:
        typer.echo(answer)
    else:
        with reported_failures():
            out.write_bytes(answer)


def _equity(response: "BacktestResponse") -> list[float]:
    reports = [variant.report for variant in response.variants[:1]]
    return [
        point.equity
        for report in reports
        if report is not None
        for point in report.equity_curve(CURVE_POINTS)
    ]


@contextmanager
def _progress() -> Generator["ProgressCallback"]:
    """A bar for each stage on standard error; nothing where nobody watches it."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskID,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = stderr()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    clocks = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    is_idle = not console.is_terminal
    with Progress(*columns, *clocks, console=console, transient=True, disable=is_idle) as bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage.replace("_", " "))
            bar.update(tasks[stage], completed=done, total=total)

        yield show


def _refuse(error: "RoehubError") -> NoReturn:
    from bff.http.errors import payload

    typer.echo(json.dumps(payload(error), ensure_ascii=False, indent=2).encode())
    raise typer.Exit(FAILED)
