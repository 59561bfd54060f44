"""What a whole file shows: why it cannot be taken, and what was assumed where it is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backtest.adapters.ingest.asked import Asked
from backtest.adapters.ingest.columns import Layout
from backtest.adapters.ingest.lengths import (
    ascending,
    ends_of_days,
    interval_fault,
    only_minutes,
    said_by_name,
    wrong_length,
)
from backtest.adapters.ingest.rows import Found
from backtest.adapters.ingest.times import UNREADABLE_TIME
from backtest.adapters.ingest.values import MINUTE_US, told_length
from backtest.types import IntArray


def problems_of(
    path: Path, layouts: Sequence[Layout], found: Found, asked: Asked, read_us: IntArray
) -> tuple[str, ...]:
    """Every reason why nothing of a file can be taken, in sentences that say what to do."""
    problems = list(dict.fromkeys(p for layout in layouts for p in layout.problems))
    times = ascending(read_us[read_us != UNREADABLE_TIME])
    tests = (
        _length(path, found, times),
        _symbols(found, asked, times),
        _zone(layouts, found, asked),
        _close_times(layouts, found, asked, times),
    )
    return (*problems, *filter(None, tests))


def _length(path: Path, found: Found, times: IntArray) -> str | None:
    fault = interval_fault(sorted(found.intervals))
    if fault:
        return fault
    length = found.lengths.most_common(1)[0][0] if found.lengths else None
    if length is not None and length != MINUTE_US:
        return only_minutes(f"close_time - open_time is {told_length(length)}")
    is_said = length is not None or bool(found.intervals)
    wrong = wrong_length(times, is_said_to_be_minutes=is_said)
    said = said_by_name(path.name)
    if wrong or is_said or said is None or len(times) > 1:
        return wrong
    return only_minutes(f"there is one candle, and the name of the file says {said}")


def _symbols(found: Found, asked: Asked, times: IntArray) -> str | None:
    if len(found.symbols) > 1 and asked.symbol is None and asked.file_symbol is None:
        return f"the file holds several symbols: {_some(found.symbols)}; say which with --symbol"
    if found.symbols and not any(map(asked.is_wanted, found.symbols)) and not len(times):
        return asked.other_symbol(*sorted(found.symbols))
    return None


def _some(names: set[str]) -> str:
    shown = sorted(names)[:5]
    return ", ".join(shown) + (" …" if len(names) > 5 else "")


def _zone(layouts: Sequence[Layout], found: Found, asked: Asked) -> str | None:
    if not found.n_local or asked.timezone or all(layout.zone for layout in layouts):
        return None
    return (
        "the times have no zone; say --timezone UTC, or where their clock was, such as"
        " --timezone Europe/Berlin"
    )


def _close_times(
    layouts: Sequence[Layout], found: Found, asked: Asked, times: IntArray
) -> str | None:
    """Times that only those of a close can be."""
    if asked.times or not len(times) or any(layout.is_close_time for layout in layouts):
        return None
    offset = int(times[0] % MINUTE_US)
    is_late = offset >= 59_000_000 and bool(np.all(times % MINUTE_US == offset))
    if is_late and not asked.floor_times:
        return (
            f"every time is {offset / 1e6:g} s after the minute, as closes are; say --times close"
        )
    if ends_of_days(times) and not found.lengths:
        return (
            "whole days run from 00:01 to 24:00, as closes do; say --times close, or --times open"
            " if they are opens"
        )
    return None


def assumptions(
    found: Found, layouts: Sequence[Layout], asked: Asked, opens: IntArray
) -> list[str]:
    """What was assumed or left out, for the report."""
    notes: list[str] = []
    if found.n_local:
        zones = sorted({layout.zone or asked.timezone or "" for layout in layouts})
        source = "as published" if all(layout.zone for layout in layouts) else "as you said"
        notes += [f"times without a zone are in {zone}, {source}" for zone in zones if zone]
    if any(layout.is_close_time for layout in layouts) or asked.times == "close":
        notes.append("times are those of the close; a minute was taken off")
    counts = (
        (found.n_other_symbols, "row of another symbol left out", "rows of other symbols left out"),
        (found.n_unfinished, "unfinished bar left out", "unfinished bars left out"),
        (found.n_without_trade, "minute without a price left out", "empty minutes left out"),
        (found.n_floored, "time moved to its minute", "times moved to their minutes"),
    )
    notes += [f"{n:,} {one if n == 1 else many}" for n, one, many in counts if n]
    if len(opens) == 1 and not found.lengths and not found.intervals:
        notes.append("one candle shows no length; it is taken for a minute")
    return notes
