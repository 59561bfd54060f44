"""`candles download`: from the exchanges' public archives, or an exchange, into the store.

See: docs/downloads.md
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from backtest.adapters.archives.download import (
    Listener,
    Outcome,
    Wanted,
    archives_of,
    download,
)
from backtest.adapters.archives.exchange import Exchange, NotOffered, download_from
from backtest.adapters.archives.layouts import ARCHIVES, Period, months
from backtest.adapters.candles.series import is_storable, parsed_length
from backtest.adapters.candles.table import create_table
from backtest.adapters.candles.write import Written
from backtest.adapters.ingest.importer import CheckedFile
from backtest.types import MINUTE_MS, Instrument
from bff.commands.candle_import import advise, describe
from bff.commands.expected import configured, stderr
from bff.commands.stores import candle_store

_LONGEST_SYMBOL = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What was asked for on the command line."""

    instrument: Instrument
    interval: str
    first: str
    last: str | None
    source: str | None
    floor_times: bool
    skip_refused: bool
    exchange: str | None
    exchange_symbol: str | None
    folder: Path | None


def download_files(context: typer.Context, asked: Download) -> bool:
    """Download what is missing; whether all that is offered is in the store now."""
    _refuse(asked)
    wanted = _wanted(asked, today=datetime.now(UTC).date())
    exchange = _exchange(asked)
    with candle_store(context) as pool:
        create_table(pool)
        with _listening() as listener:
            if exchange is None:
                outcome = download(pool, wanted, listener)
            else:
                outcome = download_from(exchange, pool, wanted, listener)
    _summarise(wanted, outcome)
    is_empty = not (outcome.n_imported or outcome.n_stored or outcome.n_failed)
    if is_empty:
        stderr().print(
            f"The source has no {wanted.interval} candles of {wanted.instrument.symbol} for this"
            " period; check --symbol, --market-id and --from.",
            style="bold red",
        )
    return not outcome.n_failed and not is_empty


def _exchange(asked: Download) -> Exchange | None:
    if asked.exchange is None:
        return None
    try:
        return Exchange(
            asked.exchange,
            asked.instrument,
            spelling=asked.exchange_symbol,
            source=asked.source,
        )
    except NotOffered as error:
        raise typer.BadParameter(str(error), param_hint="--exchange") from error


def _refuse(asked: Download) -> None:
    """What can be known to be wrong before anything is asked of a server."""
    symbol, market_id = asked.instrument.symbol, asked.instrument.market_id
    if len(symbol) > _LONGEST_SYMBOL or not symbol.replace("_", "").replace("-", "").isalnum():
        raise typer.BadParameter(f"{symbol} is not a valid exchange symbol", param_hint="--symbol")
    _refuse_interval(asked)
    if asked.exchange is None:
        _refuse_archives(market_id, symbol)
    if asked.source is not None and not _is_address(asked.source):
        raise typer.BadParameter(
            f"must be an address such as https://mirror.example, was {asked.source}",
            param_hint="--source",
        )


def _is_address(text: str) -> bool:
    try:
        found = urlsplit(text)
        return found.scheme in {"http", "https"} and bool(found.hostname) and found.port != 0
    except ValueError:  # brackets or a port that nothing can be made of
        return False


def _refuse_interval(asked: Download) -> None:
    length_ms = parsed_length(asked.interval)
    if length_ms is None or not is_storable(length_ms):
        message = (
            f"must be a whole number of minutes that divides a day evenly, was {asked.interval}"
        )
        raise typer.BadParameter(message, param_hint="--interval")
    if asked.exchange is not None and length_ms != MINUTE_MS:
        message = "--exchange has one-minute candles; leave --interval out"
        raise typer.BadParameter(message, param_hint="--interval")
    archives = [a for a in ARCHIVES if a.market_id == asked.instrument.market_id]
    if asked.exchange is None and archives and not archives_of(asked.instrument, asked.interval):
        known = ", ".join(dict.fromkeys(name for a in archives for name in a.intervals))
        message = f"no archive of the market has candles of {asked.interval}, only of {known}"
        raise typer.BadParameter(message, param_hint="--interval")


def _refuse_archives(market_id: int, symbol: str) -> None:
    """No archive has such candles, or counts their volume in coins."""
    known = [archive for archive in ARCHIVES if archive.market_id == market_id]
    if not known:
        markets = ", ".join(str(n) for n in sorted({archive.market_id for archive in ARCHIVES}))
        raise typer.BadParameter(
            f"market {market_id} has no archive (only {markets} have one); use --exchange or"
            " `candles import`",
            param_hint="--market-id",
        )
    for archive in known:
        if archive.refused and archive.refused[0].fullmatch(symbol):
            raise typer.BadParameter(f"{symbol}: {archive.refused[1]}", param_hint="--symbol")


def _wanted(asked: Download, today: date) -> Wanted:
    first = _period(asked.first, "--from").first
    last = today if asked.last is None else _period(asked.last, "--to").last
    # An archive has whole days, an exchange also the hours of today.
    last = min(last, today if asked.exchange else today - timedelta(days=1))
    if first > last:
        raise typer.BadParameter(f"must not be after {last}, was {first}", param_hint="--from")
    return Wanted(
        instrument=asked.instrument,
        interval=asked.interval,
        first=first,
        last=last,
        today=today,
        folder=asked.folder or configured().environment.data_dir / "downloads",
        source=asked.source,
        floor_times=asked.floor_times,
        skip_refused=asked.skip_refused,
    )


def _period(text: str, option: str) -> Period:
    """A day, or a month for all of its days."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            (month,) = months(day := date.fromisoformat(f"{text}-01"), day)
            return month
        day = date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"must be a month or a day such as 2023-01 or 2023-01-31, was {text}",
            param_hint=option,
        ) from error
    return Period(day, day)


class _Listener:
    """Says a line for each file, and shows a bar where somebody sits before a terminal."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._files = bar.add_task("0.0 MiB", total=0)
        self._received = bar.add_task("bytes", total=None, visible=False)

    def planned(self, n_files: int) -> None:
        total = self._bar.tasks[self._files].total or 0
        self._bar.update(self._files, total=total + n_files)

    def received(self, n_bytes: int) -> None:
        self._bar.advance(self._received, n_bytes)
        mib = self._bar.tasks[self._received].completed / (1 << 20)
        self._bar.update(self._files, description=f"{mib:,.1f} MiB")

    def absent(self) -> None:
        self._bar.advance(self._files)

    def imported(self, name: str, checked: CheckedFile, written: Written) -> None:
        refused = f"; {checked.n_refused:,} refused" if checked.n_refused else ""
        with self._aside():
            typer.echo(f"{name}: {describe(written)}{refused}")

    def refused(self, name: str, checked: CheckedFile) -> None:
        counts = f"{checked.n_refused:,} of {checked.n_rows:,} refused"
        with self._aside():
            typer.echo(f"{name}: nothing written; {counts}")
            advise(checked)

    def failed(self, reason: str) -> None:
        with self._aside():
            stderr().print(reason, style="bold red", markup=False)

    @contextmanager
    def _aside(self) -> Generator[None]:
        """A file is done, and lines stand where the bar was, which goes on below them."""
        self._bar.advance(self._files)
        if self._bar.disable:
            yield
            return
        self._bar.stop()
        yield
        self._bar.start()


@contextmanager
def _listening() -> Generator[Listener]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = stderr()
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        yield _Listener(bar)


def _summarise(wanted: Wanted, outcome: Outcome) -> None:
    name = f"{wanted.instrument.market_id}:{wanted.instrument.symbol}"
    typer.echo(
        f"{name} {wanted.interval}, {wanted.first} to {wanted.last}: {describe(outcome.written)};"
        f" {_files(outcome.n_imported)} imported, {outcome.n_stored:,} already stored,"
        f" {outcome.n_failed:,} failed"
    )
    if outcome.absent and (outcome.n_imported or outcome.n_stored):
        typer.echo(f"  not published (yet): {_format_periods(outcome.absent)}")


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n:,} files"


def _format_periods(periods: Sequence[Period]) -> str:
    """`2017-01 to 2017-07, 2024-05-31`: what follows on each other is told as one."""
    spans: list[str] = []
    start = previous = periods[0]
    for period in (*periods[1:], None):
        if period is not None and period.first == previous.last + timedelta(days=1):
            previous = period
            continue
        spans.append(f"{start}" if start == previous else f"{start} to {previous}")
        if period is not None:
            start = previous = period
    return ", ".join(spans)
