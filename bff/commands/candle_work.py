"""What the `candles` commands do, once their options are read.

See: docs/stores.md
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import create_table, stored_instruments
from backtest.adapters.candles.write import Written, write_minutes
from backtest.adapters.ingest.files import BrokenFile
from backtest.adapters.ingest.generate import SYNTHETIC_SOURCE, Market, generate
from backtest.adapters.ingest.importer import CheckedFile, check_file, write_file
from backtest.types import Instrument
from bff.commands.expected import FAILED, stderr
from bff.commands.stores import candle_store

_REASONS_SHOWN = 20


def import_files(
    context: typer.Context, instrument: Instrument, files: Sequence[Path], *, skip_refused: bool
) -> bool:
    """Check and write each file; whether all of them are in the store now."""
    with candle_store(context) as pool:
        create_table(pool)
        outcomes = [
            _import_file(pool, instrument, path, skip_refused=skip_refused) for path in files
        ]
    return all(outcomes)


def write_synthetic(context: typer.Context, instrument: Instrument, market: Market) -> None:
    """Make a market and write it, unless real candles of the instrument are there."""
    with candle_store(context) as pool:
        create_table(pool)
        _refuse_real_candles(pool, instrument)
        written = write_minutes(
            pool,
            instrument,
            generate(market),
            source=SYNTHETIC_SOURCE,
            now_ms=_now_ms(),
            ingest_id=uuid4(),
        )
    typer.echo(
        f"{_name(instrument)}: {_told(written)}; {market.n_minutes // 1_440} days of synthetic"
        f" candles, seed {market.seed}"
    )


def show_stored(context: typer.Context) -> None:
    """Print a line for each stored instrument."""
    with candle_store(context) as pool:
        create_table(pool)
        instruments = stored_instruments(pool)
    table = Table("market", "symbol", "first minute", "last minute", title="Stored candles, UTC")
    for heading in ("minutes", "rows", "gaps", "missing"):
        table.add_column(heading, justify="right")
    table.add_column("source")
    for stored in instruments:
        counts = (stored.n_minutes, stored.n_rows, stored.n_gaps, stored.n_missing)
        table.add_row(
            str(stored.instrument.market_id),
            stored.instrument.symbol,
            _moment(stored.first_ms),
            _moment(stored.last_ms),
            *(f"{count:,}" for count in counts),
            ", ".join(stored.sources),
        )
    Console(width=None if Console().is_terminal else 160).print(table)


def _import_file(
    pool: ClickHousePool, instrument: Instrument, path: Path, *, skip_refused: bool
) -> bool:
    """Check, then write; whether the file is in the store now, apart from skipped rows."""
    try:
        with _progress_bar() as bar:
            checked = check_file(path, _on_bar(bar, "checking"))
            is_written = skip_refused or not len(checked.refused_lines)
            written = (
                write_file(pool, instrument, checked, _on_bar(bar, "writing"), _now_ms())
                if is_written
                else None
            )
    except BrokenFile as error:
        stderr().print(f"{error}; nothing of it was written", style="bold red", markup=False)
        return False
    _report(checked, written)
    return is_written


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    return Progress(*columns, TimeRemainingColumn(), console=stderr(), transient=True)


def _on_bar(bar: Progress, stage: str) -> Callable[[int, int], None]:
    task = bar.add_task(stage, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def _report(checked: CheckedFile, written: Written | None) -> None:
    n_refused = len(checked.refused_lines)
    outcome = "nothing written" if written is None else _told(written)
    typer.echo(f"{checked.path}: {checked.n_rows:,} rows read; {outcome}; {n_refused:,} refused")
    console = stderr()
    for line, reason in checked.reasons[:_REASONS_SHOWN]:
        console.print(f"  line {line}: {reason}", markup=False)
    if n_refused > _REASONS_SHOWN:
        console.print(f"  … and {n_refused - _REASONS_SHOWN:,} more")
    if written is None:
        console.print("Fix the file, or leave these rows out with --skip-refused.")


def _told(written: Written) -> str:
    n_written = written.n_new + written.n_replaced
    replaced = f" ({written.n_replaced:,} over other values)" if written.n_replaced else ""
    return f"{n_written:,} written{replaced}, {written.n_identical:,} skipped as already there"


def _refuse_real_candles(pool: ClickHousePool, instrument: Instrument) -> None:
    """Made-up numbers must never end up between real ones."""
    for stored in stored_instruments(pool):
        if stored.instrument == instrument and stored.sources != (SYNTHETIC_SOURCE,):
            stderr().print(
                f"{_name(instrument)} holds candles that are not synthetic; choose another symbol",
                style="bold red",
            )
            raise typer.Exit(FAILED)


def _name(instrument: Instrument) -> str:
    return f"{instrument.market_id}:{instrument.symbol}"


def _moment(moment_ms: int) -> str:
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
