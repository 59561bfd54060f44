"""`candles import`, `candles generate`, `candles list`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
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

app = typer.Typer(no_args_is_help=True, help="Fill the candle store and see what it holds.")

_REASONS_SHOWN = 20

MarketId = Annotated[
    int,
    typer.Option(
        min=1,
        max=65_535,
        help="1 Binance spot, 2 Binance futures, 3 Bybit spot, 4 Bybit futures.",
    ),
]
Symbol = Annotated[str, typer.Option(help="For example BTCUSDT.")]


@app.command("import")
def import_(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Binance kline CSV or zip, CSV with a header (also .gz), or Parquet;"
            " one-minute candles."
        ),
    ],
    market_id: MarketId,
    symbol: Symbol,
    skip_refused: Annotated[
        bool,
        typer.Option(
            "--skip-refused",
            help="Write the good rows of a file that has refused ones; without it, such a file"
            " is not written at all.",
        ),
    ] = False,
) -> None:
    """Import candle files. Doing it twice changes nothing; a damaged file changes nothing."""
    instrument = _instrument(market_id, symbol)
    with candle_store(context) as pool:
        create_table(pool)
        outcomes = [
            _import_file(pool, instrument, path, skip_refused=skip_refused) for path in files
        ]
    if not all(outcomes):
        raise typer.Exit(FAILED)


@app.command("generate")
def generate_(
    context: typer.Context,
    symbol: Symbol,
    market_id: MarketId = 1,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC.")
    ] = datetime(2024, 1, 1),  # noqa: DTZ001 - typer parses days without a zone
    days: Annotated[int, typer.Option(min=1, max=3_660, help="How many days.")] = 365,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same market.")] = 1,
    start_price: Annotated[float, typer.Option(min=1e-9, max=1e12)] = 30_000.0,
    volatility_pct: Annotated[
        float, typer.Option(min=0.01, max=50, help="Spread of a day's return in percent.")
    ] = 3.0,
    gap_pct: Annotated[
        float, typer.Option(min=0, max=90, help="Share of minutes that are missing in percent.")
    ] = 0.0,
) -> None:
    """Fill the store with SYNTHETIC minutes, which resemble a market and say nothing about one."""
    instrument = _instrument(market_id, symbol)
    market = Market(
        first_ms=int(start.replace(tzinfo=UTC).timestamp() * 1000),
        n_minutes=days * 1_440,
        seed=seed,
        start_price=start_price,
        volatility_rate=volatility_pct / 100,
        gap_rate=gap_pct / 100,
    )
    with candle_store(context) as pool:
        create_table(pool)
        _refuse_real_candles(pool, instrument)
        written = _write_synthetic(pool, instrument, market)
    typer.echo(
        f"{_name(instrument)}: {_told(written)}; {days} days of synthetic candles, seed {seed}"
    )


@app.command("list")
def list_(context: typer.Context) -> None:
    """Show the instruments in the store with their range, rows and gaps."""
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


def _write_synthetic(pool: ClickHousePool, instrument: Instrument, market: Market) -> Written:
    return write_minutes(
        pool,
        instrument,
        generate(market),
        source=SYNTHETIC_SOURCE,
        now_ms=_now_ms(),
        ingest_id=uuid4(),
    )


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


def _instrument(market_id: int, symbol: str) -> Instrument:
    name = symbol.strip().upper()
    if not name:
        raise typer.BadParameter("must not be empty", param_hint="--symbol")
    return Instrument(market_id=market_id, symbol=name)


def _name(instrument: Instrument) -> str:
    return f"{instrument.market_id}:{instrument.symbol}"


def _moment(moment_ms: int) -> str:
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
