"""What `candles generate` and `candles list` do, once their options are read.

See: docs/stores.md
"""

import time
from datetime import UTC, datetime
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import create_table, stored_instruments
from backtest.adapters.candles.write import write_minutes
from backtest.adapters.ingest.generate import SYNTHETIC_SOURCE, Market, generate
from backtest.types import Instrument
from bff.commands.candle_import import told
from bff.commands.expected import FAILED, stderr
from bff.commands.stores import candle_store


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
        f"{_name(instrument)}: {told(written)}; {market.n_minutes // 1_440} days of synthetic"
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
