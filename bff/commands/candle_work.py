"""What `candles generate` does, once its options are read.

See: docs/stores.md
"""

import time
from uuid import uuid4

import typer

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import create_table, stored_instruments
from backtest.adapters.candles.write import write_minutes
from backtest.adapters.ingest.generate import SYNTHETIC_SOURCE, SyntheticMarket, generate
from backtest.types import Instrument
from bff.commands.candle_import import describe
from bff.commands.expected import FAILED, stderr
from bff.commands.stores import candle_store


def write_synthetic(
    context: typer.Context, instrument: Instrument, market: SyntheticMarket
) -> None:
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
        f"{_name(instrument)}: {describe(written)}; {market.n_minutes // 1_440} days of synthetic"
        f" candles, seed {market.seed}"
    )


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


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
