"""`candles check`: what looks wrong in the stored candles, in sentences or as JSON.

See: docs/stores.md#what-looks-wrong
"""

import json
from collections.abc import Callable, Sequence

import typer

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import Coverage, coverage
from backtest.adapters.candles.findings import Finding, Kind, SuspectPlace
from backtest.adapters.candles.suspicions import suspicions
from backtest.adapters.candles.table import StoredInstrument, prepare_to_read, stored_instruments
from backtest.adapters.ingest.generate import SYNTHETIC_SOURCE
from backtest.adapters.ingest.values import format_length
from bff.commands.candle_import import progress_bar
from bff.commands.candle_list import format_duration, format_moment, iso
from bff.commands.stores import candle_store

_PLACES_SHOWN = 3

Describe = Callable[[Finding, int], str]


def check_stored(
    context: typer.Context, *, market_id: int | None, symbol: str | None, as_json: bool
) -> bool:
    """Print what was found in each instrument; whether nothing was."""
    with candle_store(context) as pool:
        prepare_to_read(pool)
        checked = [(stored, *_check(pool, stored)) for stored in _wanted(pool, market_id, symbol)]
    if as_json:
        lines = [_json(stored, found, findings) for stored, found, findings in checked]
        typer.echo(json.dumps(lines, indent=2))
    else:
        for stored, found, findings in checked:
            _print(stored, found, findings)
    return not any(findings for _, _, findings in checked)


def _wanted(
    pool: ClickHousePool, market_id: int | None, symbol: str | None
) -> list[StoredInstrument]:
    wanted = [
        stored
        for stored in stored_instruments(pool)
        if market_id in {None, stored.instrument.market_id}
        and symbol in {None, stored.instrument.symbol}
    ]
    if not wanted:
        market = f"market {market_id}" if symbol is None else f"{market_id}:{symbol}"
        name = symbol if market_id is None else market
        raise typer.BadParameter(
            f"the store holds no candles{f' of {name}' if name else ''}; see `candles list`"
        )
    return wanted


def _check(pool: ClickHousePool, stored: StoredInstrument) -> tuple[Coverage, list[Finding]]:
    found = coverage(pool, stored.instrument, stored.length_ms)
    with progress_bar("checking") as progress:
        findings = suspicions(pool, stored.instrument, found, progress)
    if SYNTHETIC_SOURCE in stored.sources and len(stored.sources) > 1:
        findings.append(Finding(kind=Kind.SYNTHETIC, n=1, n_candles=0, places=()))
    return found, findings


def _print(stored: StoredInstrument, found: Coverage, findings: Sequence[Finding]) -> None:
    typer.echo(
        f"{stored.instrument.market_id}:{stored.instrument.symbol} {_length(found.step_ms)}:"
        f" {found.n_candles:,} candles, {format_moment(stored.first_ms)} to"
        f" {format_moment(stored.last_ms)} UTC; {'' if findings else 'nothing looks wrong'}".rstrip(
            "; "
        )
    )
    for finding in findings:
        typer.echo(f"  {finding.kind}: {sentence(finding, found.step_ms)}")
        shown = finding.places[:_PLACES_SHOWN]
        places = ", ".join(_format_place(finding.kind, place, found.step_ms) for place in shown)
        if shown:
            typer.echo(f"    {'worst: ' if finding.n > len(shown) else ''}{places}")


def _format_place(kind: Kind, place: SuspectPlace, step_ms: int) -> str:
    when = format_moment(place.first_ms)
    if kind is Kind.IMPOSSIBLE:
        return when
    if kind in {Kind.SPIKES, Kind.OPENS}:
        return f"{when} ({_pct(place)})"
    if kind is Kind.STEPS:
        return f"{when} to {format_moment(place.last_ms)} ({_length(int(place.size))})"
    return f"{when} ({format_duration(int(place.size) * step_ms)})"


def sentence(finding: Finding, step_ms: int) -> str:
    """What was found, and what it may mean."""
    return _SENTENCES[finding.kind](finding, step_ms)


def _many(n: int, one: str, many: str) -> str:
    return one if n == 1 else f"{n:,} {many}"


def _pct(place: SuspectPlace) -> str:
    return f"{100 * place.size:,.2f} %"


def _length(step_ms: int) -> str:
    return format_length(step_ms * 1_000)


_SENTENCES: dict[Kind, Describe] = {
    Kind.GAPS: lambda found, step_ms: (
        f"{_many(found.n, '1 gap', 'gaps')}, "
        + _many(
            found.n_candles,
            f"1 candle of {_length(step_ms)} is missing",
            f"candles of {_length(step_ms)} are missing",
        )
        + "; an outage of the exchange, or a file that was not imported"
    ),
    Kind.STEPS: lambda found, step_ms: (
        f"{found.n_candles:,} candles are {_length(int(found.places[0].size))} apart within the"
        f" {_length(step_ms)} series, in {_many(found.n, '1 stretch', 'stretches')}; candles of"
        " another length were stored, import the correct ones to replace them"
    ),
    Kind.IMPOSSIBLE: lambda found, _: (
        f"{_many(found.n, '1 candle', 'candles')} with an open or close outside low..high, a price"
        " that is not above 0 or a volume below 0; import the correct ones to replace them"
    ),
    Kind.SPIKES: lambda found, _: (
        f"{_many(found.n, '1 candle', 'candles')} that jump by up to {_pct(found.places[0])} and"
        " return at once; wrong prints, or moves that nobody could trade"
    ),
    Kind.OPENS: lambda found, _: (
        f"{_many(found.n, '1 open', 'opens')} up to {_pct(found.places[0])} away from the close"
        " before; another source from there on, a split, or trades that are missing"
    ),
    Kind.NO_VOLUME: lambda found, step_ms: (
        f"{_many(found.n, '1 stretch', 'stretches')} without volume,"
        f" {format_duration(found.n_candles * step_ms)} in all; nobody traded, or the file had none"
    ),
    Kind.SAME_CLOSE: lambda found, step_ms: (
        f"{_many(found.n, '1 stretch', 'stretches')} with an unchanged close despite volume,"
        f" {format_duration(found.n_candles * step_ms)} in all; a stalled feed, or a pegged price"
    ),
    Kind.SYNTHETIC: lambda _found, _step_ms: (
        "synthetic candles from `candles generate` are mixed with real ones; import or download the"
        " whole range to replace them"
    ),
}


def _json(
    stored: StoredInstrument, found: Coverage, findings: Sequence[Finding]
) -> dict[str, object]:
    return {
        "market_id": stored.instrument.market_id,
        "symbol": stored.instrument.symbol,
        "length": _length(found.step_ms),
        "first": iso(stored.first_ms),
        "last": iso(stored.last_ms),
        "candles": found.n_candles,
        "findings": [
            {
                "kind": finding.kind,
                "count": finding.n,
                "candles": finding.n_candles,
                "sentence": sentence(finding, found.step_ms),
                "places": [
                    {"first": iso(place.first_ms), "last": iso(place.last_ms), "size": place.size}
                    for place in finding.places
                ],
            }
            for finding in findings
        ],
    }
