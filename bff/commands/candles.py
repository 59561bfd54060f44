"""`candles import`, `candles generate`, `candles list`.

See: docs/stores.md
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bff.commands.expected import FAILED

if TYPE_CHECKING:
    from backtest.types import Instrument

app = typer.Typer(no_args_is_help=True, help="Fill the candle store and see what it holds.")

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
    from bff.commands.candle_work import import_files

    instrument = _instrument(market_id, symbol)
    if not import_files(context, instrument, files, skip_refused=skip_refused):
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
    from backtest.adapters.ingest.generate import Market
    from bff.commands.candle_work import write_synthetic

    instrument = _instrument(market_id, symbol)
    market = Market(
        first_ms=int(start.replace(tzinfo=UTC).timestamp() * 1000),
        n_minutes=days * 1_440,
        seed=seed,
        start_price=start_price,
        volatility_rate=volatility_pct / 100,
        gap_rate=gap_pct / 100,
    )
    write_synthetic(context, instrument, market)


@app.command("list")
def list_(context: typer.Context) -> None:
    """Show the instruments in the store with their range, rows and gaps."""
    from bff.commands.candle_work import show_stored

    show_stored(context)


def _instrument(market_id: int, symbol: str) -> "Instrument":
    from backtest.types import Instrument

    name = symbol.strip().upper()
    if not name:
        raise typer.BadParameter("must not be empty", param_hint="--symbol")
    return Instrument(market_id=market_id, symbol=name)
