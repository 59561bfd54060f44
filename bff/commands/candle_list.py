"""`candles list`: what is stored, as a table that one can look at, or as JSON.

See: docs/stores.md#what-is-stored
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import starmap

import typer
from rich.console import Console
from rich.table import Table

from backtest.adapters.candles.coverage import Coverage, MissingSpan, coverage
from backtest.adapters.candles.table import StoredInstrument, prepare_to_read, stored_instruments
from backtest.adapters.ingest.values import format_length
from backtest.enums import MINUTE_MS
from bff.commands.stores import candle_store

# Below this width a table would break its cells; each instrument then has lines of its own.
_TABLE_WIDTH = 132
_BAR_WIDTH = 24
_N_JSON_PARTS = 100
_BLOCKS = "·▁▂▃▄▅▆▇█"
_LETTERS = ".12345678"

Line = tuple[StoredInstrument, Coverage]


def list_stored(context: typer.Context, *, as_json: bool) -> None:
    """Print every stored instrument."""
    with candle_store(context) as pool:
        prepare_to_read(pool)
        lines = [
            (stored, coverage(pool, stored.instrument, stored.length_ms))
            for stored in stored_instruments(pool)
        ]
    if as_json:
        typer.echo(json.dumps(list(starmap(_json, lines)), indent=2))
        return
    console = Console(highlight=False)
    if not lines:
        typer.echo("The store holds no candles; see `candles import` and `candles download`.")
    elif console.is_terminal and console.width < _TABLE_WIDTH:
        for line in lines:
            _print_narrow(console, *line)
    else:
        _print_table(lines, 176 if not console.is_terminal else console.width)


def _print_table(lines: Sequence[Line], width: int) -> None:
    console = Console(width=width, highlight=False)
    table = Table("market", "symbol", "length", "first, UTC", "last, UTC", title="Stored candles")
    for heading in ("candles", "filled", "gaps", "longest gap"):
        table.add_column(heading, justify="right")
    table.add_column("coverage", no_wrap=True, min_width=_BAR_WIDTH)
    table.add_column("source")
    for stored, found in lines:
        table.add_row(
            str(stored.instrument.market_id),
            stored.instrument.symbol,
            _length(found),
            format_moment(stored.first_ms),
            format_moment(stored.last_ms),
            f"{found.n_candles:,}",
            format_share(found.n_candles, found.n_expected),
            f"{found.n_gaps:,}",
            "" if found.longest_gap is None else format_gap(found.longest_gap, found.step_ms),
            bar(found, _BAR_WIDTH, is_ascii=console.options.ascii_only),
            ", ".join(stored.sources),
        )
    console.print(table)


def _print_narrow(console: Console, stored: StoredInstrument, found: Coverage) -> None:
    name = f"{stored.instrument.market_id}:{stored.instrument.symbol} {_length(found)}"
    gap = found.longest_gap
    longest = "" if gap is None else f", the longest {format_gap(gap, found.step_ms)}"
    console.print(name, style="bold", markup=False)
    console.print(f"  {format_moment(stored.first_ms)} to {format_moment(stored.last_ms)} UTC")
    share = format_share(found.n_candles, found.n_expected)
    console.print(
        f"  {found.n_candles:,} candles, {share} filled; {_counted(found.n_gaps)}{longest}"
    )
    width = max(min(console.width - 2, 2 * _BAR_WIDTH), 1)
    console.print("  " + bar(found, width, is_ascii=console.options.ascii_only), markup=False)


def _counted(n_gaps: int) -> str:
    return "1 gap" if n_gaps == 1 else f"{n_gaps:,} gaps"


def bar(found: Coverage, width: int, *, is_ascii: bool) -> str:
    """One sign for each part of the range: only full parts are full, only empty ones empty."""
    levels = _LETTERS if is_ascii else _BLOCKS
    top = len(levels) - 1
    shares = found.shares(width)
    signs = (
        levels[top] if share == 1 else levels[min(int(share * top) + 1, top - 1)] if share else " "
        for share in shares
    )
    return "".join(levels[0] if sign == " " else sign for sign in signs)


def _length(found: Coverage) -> str:
    return format_length(found.step_ms * 1_000)


def format_moment(moment_ms: int) -> str:
    """A minute of UTC."""
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def format_share(n: int, n_all: int) -> str:
    """A percentage that says 100 only of all."""
    if n == n_all:
        return "100 %"
    return f"{min(100 * n / n_all, 99.99):.2f} %"


def format_gap(gap: MissingSpan, step_ms: int) -> str:
    """How long, and since when."""
    return f"{format_duration(gap.n_missing * step_ms)} from {format_moment(gap.first_ms)}"


def format_duration(length_ms: int) -> str:
    """`3d 4h`, `2h 5m`, `7m`: the two greatest units."""
    minutes = length_ms // MINUTE_MS
    parts = ((minutes // 1_440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "m"))
    units = [f"{n}{unit}" for n, unit in parts if n]
    return " ".join(units[:2]) or f"{length_ms / 1000:g}s"


def iso(moment_ms: int) -> str:
    """A moment for machines, such as 2024-01-01T00:00:00Z."""
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _json(stored: StoredInstrument, found: Coverage) -> dict[str, object]:
    gap = found.longest_gap
    longest = gap and {
        "first": iso(gap.first_ms),
        "last": iso(gap.last_ms),
        "candles": gap.n_missing,
    }
    return {
        "market_id": stored.instrument.market_id,
        "symbol": stored.instrument.symbol,
        "length": _length(found),
        "first": iso(stored.first_ms),
        "last": iso(stored.last_ms),
        "candles": found.n_candles,
        "expected": found.n_expected,
        "filled_pct": 100 * found.n_candles / found.n_expected,
        "rows": stored.n_rows,
        "gaps": {
            "count": found.n_gaps,
            "missing": found.n_expected - found.n_candles,
            "longest": longest,
        },
        "coverage": [round(float(share), 6) for share in found.shares(_N_JSON_PARTS)],
        "sources": list(stored.sources),
    }
