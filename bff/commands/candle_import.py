"""`candles import`: check each file, say what was found, write it if it is good.

See: docs/candle-files.md
"""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import create_table
from backtest.adapters.candles.write import Written
from backtest.adapters.ingest.importer import BrokenFile, CheckedFile, check_file, write_file
from backtest.adapters.ingest.options import ImportOptions
from backtest.types import Instrument
from bff.commands.expected import stderr
from bff.commands.stores import candle_store

_REASONS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What was asked for besides the files."""

    instrument: Instrument
    asked: ImportOptions
    skip_refused: bool
    dry_run: bool


def import_files(context: typer.Context, files: Sequence[Path], wanted: Import) -> bool:
    """Check and write each file; whether all of them are in the store now, or could be."""
    if wanted.dry_run:
        outcomes = [_import_file(None, path, wanted) for path in files]
    else:
        with candle_store(context) as pool:
            outcomes = [_import_file(pool, path, wanted) for path in files]
    return all(outcomes)


def _import_file(pool: ClickHousePool | None, path: Path, wanted: Import) -> bool:
    try:
        with progress_bar("checking") as progress:
            checked = check_file(path, progress, wanted.asked)
    except BrokenFile as error:
        stderr().print(f"{error}; nothing was written", style="bold red", markup=False)
        return False
    is_good = _is_good(checked, skip_refused=wanted.skip_refused)
    if pool is None or not is_good:
        _report(checked, _describe_plan(checked) if is_good else "nothing written")
    else:
        create_table(pool)
        with progress_bar("writing") as progress:
            written = write_file(pool, wanted.instrument, checked, progress, _now_ms())
        _report(checked, describe(written))
    if not is_good:
        advise(checked)
    return is_good


def _is_good(checked: CheckedFile, *, skip_refused: bool) -> bool:
    if checked.problems or checked.is_mostly_refused:
        return False
    return skip_refused or not checked.n_refused


@contextmanager
def progress_bar(stage: str) -> Generator[Callable[[int, int], None]]:
    """Show how far a stage is, on standard error while it lasts."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=stderr(), transient=True) as bar:
        task = bar.add_task(stage, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report(checked: CheckedFile, outcome: str) -> None:
    repeated = f"{checked.n_repeated:,} repeated, " if checked.n_repeated else ""
    typer.echo(f"{checked.path}: {checked.format}")
    typer.echo(
        f"  {checked.n_rows:,} rows read; {outcome}; {repeated}{checked.n_refused:,} refused"
    )
    for note in checked.notes:
        typer.echo(f"  {note}")


def advise(checked: CheckedFile) -> None:
    """Say why a file was not taken and what to do."""
    console = stderr()
    for problem in checked.problems:
        console.print(f"  {problem}", style="bold red", markup=False, soft_wrap=True)
    if checked.problems:
        return
    for where, reason in checked.reasons[:_REASONS_SHOWN]:
        console.print(f"  {where}: {reason}", markup=False, soft_wrap=True)
    if checked.n_refused > _REASONS_SHOWN:
        console.print(f"  … and {checked.n_refused - _REASONS_SHOWN:,} more")
    if checked.n_off_minute:
        console.print("Move times to the start of their minute with --floor-times.")
    if checked.is_mostly_refused:
        console.print("Most rows are wrong; fix the file.")
    else:
        console.print("Fix the file, or leave these rows out with --skip-refused.")


def _describe_plan(checked: CheckedFile) -> str:
    if checked.first_ms is None or checked.last_ms is None:
        return "nothing to write"
    return (
        f"{checked.n_kept:,} would be written, from {_moment(checked.first_ms)} to"
        f" {_moment(checked.last_ms)} UTC"
    )


def describe(written: Written) -> str:
    """What became of some minutes, in words."""
    n_written = written.n_new + written.n_replaced
    replaced = f" ({written.n_replaced:,} replaced)" if written.n_replaced else ""
    return f"{n_written:,} written{replaced}, {written.n_identical:,} already stored"


def _moment(moment_ms: int) -> str:
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
