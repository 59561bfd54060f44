"""What a whole file shows: why it cannot be taken, and what was assumed where it is."""

from collections.abc import Sequence

import numpy as np

from backtest.adapters.ingest.columns import Layout
from backtest.adapters.ingest.found import FileFacts
from backtest.adapters.ingest.lengths import (
    ascending,
    ends_of_days,
    interval_fault,
    length_in_name,
    other_length,
    wrong_length,
)
from backtest.adapters.ingest.options import ImportOptions
from backtest.adapters.ingest.symbols import other_symbol_of_file
from backtest.adapters.ingest.times import UNREADABLE_TIME
from backtest.adapters.ingest.values import MINUTE_US, SECOND_US, format_length
from backtest.types import IntArray

_MOST_ALIKE = 0.5
_FEWEST_CHANGES = 3
_FEWEST_CROSSED = 10
_MOST_MET = 0.1


def problems_of(
    names: Sequence[str],
    layouts: Sequence[Layout],
    found: FileFacts,
    asked: ImportOptions,
    read_us: IntArray,
) -> tuple[str, ...]:
    """Every reason why nothing of a file can be taken, in sentences that say what to do.

    Args:
        names: What the file is called, and what a zip calls the files in it.
        layouts: How each of its tables was read.
        found: What the rows showed.
        asked: What the user says.
        read_us: Shape (n,), int64 microseconds, times as the file has them.
    """
    problems = list(dict.fromkeys(p for layout in layouts for p in layout.problems))
    times = ascending(read_us[read_us != UNREADABLE_TIME])
    tests = (
        _length(names[0], found, asked, times),
        _symbols(found, asked),
        _labels(found, layouts),
        _volumes(found, layouts),
        _filled_in(found),
        _crossed(found, layouts),
        _archive(names, found, asked),
        _zone(layouts, found, asked, times),
        _close_times(layouts, found, asked, times),
    )
    return (*problems, *filter(None, tests))


def _length(name: str, found: FileFacts, asked: ImportOptions, times: IntArray) -> str | None:
    wanted = asked.length_us
    fault = interval_fault(sorted(found.intervals), wanted)
    if fault:
        return fault
    length = found.lengths.most_common(1)[0][0] if found.lengths else None
    if length is not None and length != wanted:
        reason = f"close_time - open_time is {format_length(length)}"
        return other_length(reason, wanted, length)
    is_declared = length is not None or bool(found.intervals)
    wrong = wrong_length(times, wanted, is_declared=is_declared, is_floored=asked.floor_times)
    in_name = length_in_name(name)
    if wrong or is_declared or in_name in {None, wanted} or len(times) > 1:
        return wrong
    reason = f"there is one candle, and the name of the file says {format_length(in_name or 0)}"
    return other_length(reason, wanted, in_name)


def _symbols(found: FileFacts, asked: ImportOptions) -> str | None:
    if len(found.symbols) > 1 and asked.symbol is None and asked.file_symbol is None:
        return f"the file holds several symbols: {_some(found.symbols)}; choose one with --symbol"
    if found.symbols and not any(map(asked.is_wanted, found.symbols)):
        return asked.other_symbol(*sorted(found.symbols))
    if found.symbols and found.n_unnamed:
        return (
            f"{found.n_unnamed:,} rows above those of {_some(found.symbols)} have no symbol; fill"
            " their column in, or remove it"
        )
    return None


def _volumes(found: FileFacts, layouts: Sequence[Layout]) -> str | None:
    if found.volume_fault is None:
        return None
    names = (_heading(layouts, name) for name in ("volume_base", "volume_quote"))
    return (
        f"{found.volume_fault} (read from {' and '.join(names)}); rename or rescale the columns in"
        " the file, or remove the one that is not a volume"
    )


def _heading(layouts: Sequence[Layout], name: str) -> str:
    """What the first table that has a field calls it; the files in a zip may have other columns."""
    return next(layout.headings[name] for layout in layouts if name in layout.headings)


def _filled_in(found: FileFacts) -> str | None:
    """Longer candles that were repeated for each minute."""
    n_changes = found.n_moving - found.n_alike
    if found.n_alike < _MOST_ALIKE * found.n_moving or n_changes < _FEWEST_CHANGES:
        return None
    return (
        "most candles repeat the one before including its volume, so they look like longer candles"
        " expanded to shorter ones; import the original candles with --interval"
    )


def _crossed(found: FileFacts, layouts: Sequence[Layout]) -> str | None:
    """An open that is the close, which lies within low..high as well."""
    n_up, n_down = found.n_crossed_up, found.n_crossed_down
    if min(n_up, n_down) < _FEWEST_CROSSED or found.n_met > _MOST_MET * (n_up + n_down):
        return None
    names = " and ".join(_heading(layouts, name) for name in ("open", "close"))
    return (
        "candles close where the one before opened, and do not open where it closed: open and close"
        f" (read from {names}) changed places, or the times run backwards; name the columns in the"
        " file for what they hold"
    )


def _labels(found: FileFacts, layouts: Sequence[Layout]) -> str | None:
    """Rows of several series, told by another column than that of a symbol."""
    for name, values in found.labels.items():
        if len(values) > 1:
            one = " or pick one with --file-symbol" if name == "label" else ""
            return (
                f"column {_heading(layouts, name)} has several values ({_some(values)}), so the"
                f" file mixes several series; keep only one of them in the file{one}"
            )
    return None


def _archive(names: Sequence[str], found: FileFacts, asked: ImportOptions) -> str | None:
    """Another symbol in the name of the file, or of one in a zip; rows know better."""
    wanted = asked.file_symbol or asked.symbol
    if wanted is None or found.symbols:
        return None
    named = next(filter(None, (other_symbol_of_file(name, wanted) for name in names)), None)
    return named and f"judging by its name, {asked.other_symbol(named)}"


def _some(names: set[str]) -> str:
    shown = sorted(names)[:5]
    return ", ".join(shown) + (" …" if len(names) > 5 else "")


def _zone(
    layouts: Sequence[Layout], found: FileFacts, asked: ImportOptions, times: IntArray
) -> str | None:
    """Times without a zone; what is no time at all is refused row by row."""
    if (
        not found.n_local
        or not len(times)
        or asked.timezone
        or all(layout.zone for layout in layouts)
    ):
        return None
    return (
        "the times have no time zone; pass --timezone UTC or the zone they were recorded in, such"
        " as --timezone Europe/Berlin"
    )


def _close_times(
    layouts: Sequence[Layout], found: FileFacts, asked: ImportOptions, times: IntArray
) -> str | None:
    """Times that only those of a close can be."""
    if asked.times or not len(times) or any(layout.is_close_time for layout in layouts):
        return None
    offset = int(times[0] % asked.length_us)
    is_late = offset >= asked.length_us - SECOND_US and bool(
        np.all(times % asked.length_us == offset)
    )
    if is_late and not asked.floor_times:
        opened = "the minute" if asked.length_us == MINUTE_US else "an open"
        return (
            f"every time is {offset / 1e6:.10g} s after {opened}, as closes are; pass --times close"
        )
    if ends_of_days(times, asked.length_us) and not found.lengths:
        first = "00:01" if asked.length_us == MINUTE_US else format_length(asked.length_us)
        return (
            f"whole days run from {first} to 24:00, as closes do; pass --times close, or --times"
            " open if they are opens"
        )
    return None


def assumptions(
    found: FileFacts, layouts: Sequence[Layout], asked: ImportOptions, opens: IntArray
) -> list[str]:
    """What was assumed or left out, for the report."""
    notes: list[str] = []
    if found.n_local:
        zones = sorted({layout.zone or asked.timezone or "" for layout in layouts})
        source = "as published" if all(layout.zone for layout in layouts) else "as given"
        notes += [f"times without a zone are in {zone}, {source}" for zone in zones if zone]
    if any(layout.is_close_time for layout in layouts) or asked.times == "close":
        taken = "one minute" if asked.length_us == MINUTE_US else format_length(asked.length_us)
        notes.append(f"times are close times; {taken} was subtracted")
    counts = (
        (found.n_other_symbols, "row of another symbol left out", "rows of other symbols left out"),
        (found.n_unfinished, "unfinished bar left out", "unfinished bars left out"),
        (found.n_without_trade, "minute without a price left out", "empty minutes left out"),
        (found.n_headings, "repeated header left out", "repeated headers left out"),
        (found.n_floored, "time moved to its minute", "times moved to their minutes"),
    )
    notes += [f"{n:,} {one if n == 1 else many}" for n, one, many in counts if n]
    notes += _oddities(found, asked, opens)
    if len(opens) == 1 and not found.lengths and not found.intervals:
        taken = "a minute" if asked.length_us == MINUTE_US else format_length(asked.length_us)
        notes.append(f"a single candle does not show its length; {taken} was assumed")
    if asked.length_us != MINUTE_US:
        notes.append(f"{format_length(asked.length_us)} candles, stored separately from 1m candles")
    return notes


def _oddities(found: FileFacts, asked: ImportOptions, opens: IntArray) -> list[str]:
    """What may be right and should be looked at."""
    notes: list[str] = []
    if len(opens) and not found.n_traded and not asked.zero_volume:
        notes.append("every volume is 0, as for mark and index prices, at which nobody trades")
    if found.first_jump:
        line, before, after = found.first_jump
        n_more = found.n_jumps - 1
        more = f" and {n_more:,} more {'time' if n_more == 1 else 'times'}" if n_more > 0 else ""
        notes.append(
            f"the price jumps from {before:g} to {after:g} in line {line:,}{more}; check that the"
            " file holds one instrument in one unit"
        )
    return notes
