"""The `candles` commands: import, generate, download, list, check.

See: docs/stores.md
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from bff.commands.expected import FAILED

if TYPE_CHECKING:
    from backtest.types import Instrument

# What an import takes too.
EARLIEST, LATEST = datetime(1970, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - of days as typed

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


def _zone(name: str | None) -> str | None:
    if name is None or name.upper() == "UTC":
        return name and "UTC"
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise typer.BadParameter(
            f"{name} is not a time zone; use a name such as Europe/Berlin"
        ) from error
    return name


def _interval(text: str) -> str:
    from backtest.adapters.candles.series import is_storable, parsed_length

    length_ms = parsed_length(text.strip())
    if length_ms is None or not is_storable(length_ms):
        raise typer.BadParameter(
            "must be a whole number of minutes that divides a day evenly, such as 5m or 1h, was"
            f" {text}"
        )
    return text.strip()


@app.command("import")
def import_(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Candles of any exchange or tool: CSV, JSON, Parquet or Feather, also"
            " in gzip, zstd or zip; the format is detected from the content."
        ),
    ],
    market_id: MarketId,
    symbol: Symbol,
    file_symbol: Annotated[
        str | None,
        typer.Option(help="How the file spells the symbol, if it differs from --symbol."),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            help="Time zone of times that carry none: UTC, Europe/Berlin, …",
            callback=_zone,
        ),
    ] = None,
    times: Annotated[
        Literal["open", "close"] | None,
        typer.Option(help="Whether times are open or close times, where the file does not say."),
    ] = None,
    date_order: Annotated[
        Literal["day-first", "month-first"] | None,
        typer.Option(help="How to read dates such as 01/02/2024."),
    ] = None,
    interval: Annotated[
        str,
        typer.Option(
            help="How long the file's candles are: 1m, 5m, 1h, 1d, …; each length is stored apart.",
            callback=_interval,
        ),
    ] = "1m",
    floor_times: Annotated[
        bool,
        typer.Option("--floor-times", help="Move times within a candle to its start."),
    ] = False,
    zero_volume: Annotated[
        bool, typer.Option("--zero-volume", help="Store volume 0 where a file has none.")
    ] = False,
    skip_refused: Annotated[
        bool,
        typer.Option(
            "--skip-refused",
            help="Write the good rows of a file that has refused ones, unless most are refused;"
            " without it, such a file is not written at all.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would happen; write nothing.")
    ] = False,
) -> None:
    """Import candle files. Importing one twice changes nothing; a damaged one is not imported."""
    from backtest.adapters.candles.series import parsed_length
    from backtest.adapters.ingest.options import ImportOptions
    from backtest.types import MINUTE_MS
    from bff.commands.candle_import import Import, import_files

    instrument = _instrument(market_id, symbol)
    asked = ImportOptions(
        symbol=instrument.symbol,
        file_symbol=file_symbol,
        timezone=timezone,
        times=times,
        date_order=date_order,
        floor_times=floor_times,
        zero_volume=zero_volume,
        length_ms=parsed_length(interval) or MINUTE_MS,
    )
    wanted = Import(instrument=instrument, asked=asked, skip_refused=skip_refused, dry_run=dry_run)
    if not import_files(context, files, wanted):
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
    start_price: Annotated[
        float, typer.Option(min=1e-9, max=1e12, help="Price of the first candle.")
    ] = 30_000.0,
    volatility_pct: Annotated[
        float, typer.Option(min=0.01, max=50, help="Spread of a day's return, in percent.")
    ] = 3.0,
    gap_pct: Annotated[
        float, typer.Option(min=0, max=90, help="Share of minutes that are missing, in percent.")
    ] = 0.0,
) -> None:
    """Fill the store with SYNTHETIC minutes.

    They resemble a market and say nothing about one.
    """
    from backtest.adapters.ingest.generate import SyntheticMarket
    from bff.commands.candle_work import write_synthetic

    instrument = _instrument(market_id, symbol)
    if start < EARLIEST or start > LATEST - timedelta(days=days):
        message = f"{days:,} days must lie between {EARLIEST:%Y} and {LATEST:%Y}"
        raise typer.BadParameter(message, param_hint="--start")
    market = SyntheticMarket(
        first_ms=int(start.replace(tzinfo=UTC).timestamp() * 1000),
        n_minutes=days * 1_440,
        seed=seed,
        start_price=start_price,
        volatility_rate=volatility_pct / 100,
        gap_rate=gap_pct / 100,
    )
    write_synthetic(context, instrument, market)


@app.command("download")
def download_(
    context: typer.Context,
    market_id: MarketId,
    symbol: Symbol,
    first: Annotated[
        str, typer.Option("--from", help="First month or day in UTC, such as 2023-01.")
    ],
    last: Annotated[
        str | None, typer.Option("--to", help="Last month or day; yesterday if not given.")
    ] = None,
    interval: Annotated[str, typer.Option(help="Length of the candles.")] = "1m",
    source: Annotated[
        str | None,
        typer.Option(help="Address of a mirror with the layout of the exchange's archive."),
    ] = None,
    floor_times: Annotated[
        bool,
        typer.Option("--floor-times", help="Move times within a minute to its start."),
    ] = False,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="Write the good rows of files with refused ones.")
    ] = False,
    exchange: Annotated[
        str | None,
        typer.Option(help="Ask this exchange through ccxt instead of an archive, today included."),
    ] = None,
    exchange_symbol: Annotated[
        str | None, typer.Option(help="The exchange's own symbol, such as BTC/USDT.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where downloaded files are kept; in ROEHUB_DATA_DIR if not given."),
    ] = None,
) -> None:
    """Fetch what is missing from the exchange's public archive. An interrupted download resumes."""
    from bff.commands.candle_download import Download, download_files

    wanted = Download(
        instrument=_instrument(market_id, symbol),
        interval=interval.strip(),
        first=first,
        last=last,
        source=source,
        floor_times=floor_times,
        skip_refused=skip_refused,
        exchange=exchange,
        exchange_symbol=exchange_symbol,
        folder=folder,
    )
    if not download_files(context, wanted):
        raise typer.Exit(FAILED)


@app.command("list")
def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """List what is stored. Range, candles, gaps and how full the range is, by instrument."""
    from bff.commands.candle_list import list_stored

    list_stored(context, as_json=as_json)


@app.command("check")
def check_(
    context: typer.Context,
    market_id: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Only this market.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Say what looks wrong in the stored candles. Exits with 1 when something does."""
    from bff.commands.candle_check import check_stored

    wanted = None if symbol is None else symbol.strip().upper()
    if not check_stored(context, market_id=market_id, symbol=wanted, as_json=as_json):
        raise typer.Exit(FAILED)


def _instrument(market_id: int, symbol: str) -> "Instrument":
    from backtest.types import Instrument

    name = symbol.strip().upper()
    if not name:
        raise typer.BadParameter("must not be empty", param_hint="--symbol")
    return Instrument(market_id=market_id, symbol=name)
