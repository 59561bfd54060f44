"""From the fields of a chunk to candles, and what is wrong with each row.

See: docs/candle-files.md
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc

from backtest.adapters.candles.arrow_rows import PRICE_COLUMNS
from backtest.adapters.candles.table import EXTRA_COLUMNS
from backtest.adapters.ingest.columns import Layout
from backtest.adapters.ingest.found import FileFacts
from backtest.adapters.ingest.lengths import lasts
from backtest.adapters.ingest.options import ImportOptions
from backtest.adapters.ingest.tables import RawChunk
from backtest.adapters.ingest.times import UNREADABLE_TIME, FileTimes, in_zone, to_moments
from backtest.adapters.ingest.values import (
    MINUTE_US,
    format_length,
    is_false,
    is_nothing,
    to_floats,
    trimmed,
)
from backtest.adapters.ingest.volumes import fault_of_volumes
from backtest.types import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

_LAST_US = 4_102_444_800_000_000
_MOST_TRADES = 2**32 - 1
MOST_REASONS = 100
_MOST_LABELS = 10
LABELS = {"label", "venue"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Epoch microseconds of the import, and of the last change of the file."""

    now_us: int
    written_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candles:
    """Rows of a chunk that were not left out.

    Shape (n_rows,) each: `lines` from 1, `open_us` of the candle, `is_good`; `columns` are float64
    by the names of the store. `reasons` explain the first rows that are not good. `read_us` are
    the times as the file has them, those of rows that were left out included.
    """

    lines: IntArray
    read_us: IntArray
    open_us: IntArray
    columns: dict[str, FloatArray]
    is_good: BoolArray
    reasons: list[tuple[int, str]]


def candles_of(
    raw: RawChunk, layout: Layout, asked: ImportOptions, moment: Moment, found: FileFacts
) -> Candles:
    """Interpret and judge the rows of a chunk; what was met is added to `found`."""
    found.n_headings += raw.n_headings
    raw = _wanted(raw, layout, asked, found)
    read_us, is_doubtful = _moments(raw, layout, asked, found)
    open_us = _opens(read_us, layout, asked, found)
    is_kept = _is_finished(raw, layout, asked, open_us, moment, found)
    prices = {name: _numbers(raw, layout, name) for name in PRICE_COLUMNS}
    is_kept &= ~_without_trade(raw, layout, prices, found)
    extras = {name: _numbers(raw, layout, name) for name in EXTRA_COLUMNS if name in layout.places}
    found.n_traded += int(np.count_nonzero(prices["volume_base"] > 0))
    if "volume_quote" in extras and found.volume_fault is None:
        volumes = (prices["volume_base"], extras["volume_quote"], prices["low"], prices["high"])
        found.volume_fault = fault_of_volumes(*volumes)
    found.count_alike(prices)
    found.count_jumps(raw.lines, prices)
    found.count_crossed(open_us, prices, asked.length_us)
    faults = _Faults(raw, layout)
    _judge_times(faults, open_us, is_doubtful, moment, asked.length_us)
    _judge_length(faults, raw, layout, asked, read_us, found)
    _judge_prices(faults, prices)
    _judge_extras(faults, raw, layout, extras)
    faulty = faults.is_faulty & is_kept
    is_off = _is_off(open_us, asked.length_us) & is_kept & ~is_doubtful
    found.n_off_minute += int(np.count_nonzero(is_off))
    return Candles(
        lines=raw.lines[is_kept],
        read_us=read_us,
        open_us=open_us[is_kept],
        columns={name: column[is_kept] for name, column in (prices | extras).items()},
        is_good=~faulty[is_kept],
        reasons=faults.reasons(is_kept),
    )


def _wanted(raw: RawChunk, layout: Layout, asked: ImportOptions, found: FileFacts) -> RawChunk:
    """Only the rows of the symbol that was asked for; intervals are noted."""
    if "interval" in layout.places and len(found.intervals) < 10:
        found.intervals |= _distinct(raw.columns[layout.places["interval"]])
    raw = _of_symbol(raw, layout, asked, found)
    for name in LABELS & layout.places.keys():
        seen = found.labels.setdefault(name, set())
        if len(seen) < _MOST_LABELS:
            seen |= _distinct(raw.columns[layout.places[name]])
    return raw


def _of_symbol(raw: RawChunk, layout: Layout, asked: ImportOptions, found: FileFacts) -> RawChunk:
    if "symbol" not in layout.places:
        return raw
    column = pc.fill_null(trimmed(raw.columns[layout.places["symbol"]]), "")
    symbols = _distinct(column)
    found.symbols |= symbols
    if not found.symbols:
        found.n_unnamed += len(column)
        return raw
    others = {symbol for symbol in symbols if not asked.is_wanted(symbol)}
    is_other = pc.is_in(column, pa.array(sorted({*others, ""})))
    keep = ~np.array(is_other.to_numpy(zero_copy_only=False), dtype=np.bool_)
    if keep.all():
        return raw
    found.n_other_symbols += int(np.count_nonzero(~keep))
    columns = {place: values.filter(pa.array(keep)) for place, values in raw.columns.items()}
    return RawChunk(lines=raw.lines[keep], columns=columns, malformed=raw.malformed)


def _distinct(column: Any) -> set[str]:
    return {str(text) for text in pc.unique(trimmed(column)).to_pylist() if text}


def _moments(
    raw: RawChunk, layout: Layout, asked: ImportOptions, found: FileFacts
) -> tuple[IntArray, BoolArray]:
    """Times in UTC as the file has them, and which of them exist twice or not at all."""
    moments = _time(raw, layout)
    if not moments.is_local and not (layout.is_server_time and moments.is_count):
        return moments.us, np.zeros(len(moments.us), dtype=np.bool_)
    found.n_local += len(moments.us)
    return in_zone(moments.us, layout.zone or asked.timezone or "UTC")


def _time(raw: RawChunk, layout: Layout) -> FileTimes:
    if "date" in layout.places:
        day, clock = (trimmed(raw.columns[layout.places[name]]) for name in ("date", "clock"))
        clock = _padded(clock, layout.clock_digits)
        return to_moments(pc.binary_join_element_wise(day, clock, " "), layout.order)
    name = "close_time" if layout.is_close_time else "time"
    return to_moments(raw.columns[layout.places[name]], layout.order)


def _padded(clock: Any, n_digits: int) -> Any:
    """Clocks that are numbers, such as 905, with the zeros in front that they lack."""
    is_number = pc.match_substring_regex(clock, r"^\d+$")
    return pc.if_else(is_number, pc.utf8_lpad(clock, n_digits, "0"), clock)


def _opens(read_us: IntArray, layout: Layout, asked: ImportOptions, found: FileFacts) -> IntArray:
    length_us = asked.length_us
    if layout.is_close_time or asked.times == "close":
        is_time = read_us != UNREADABLE_TIME
        ends = -(-np.where(is_time, read_us, 0) // length_us) * length_us
        return np.where(is_time, ends - length_us, UNREADABLE_TIME)
    is_off = _is_off(read_us, length_us)
    if not asked.floor_times or not is_off.any():
        return read_us
    found.n_floored += int(np.count_nonzero(is_off))
    return np.where(is_off, read_us // length_us * length_us, read_us)


def _is_off(times_us: IntArray, length_us: int) -> BoolArray:
    return (times_us % length_us != 0) & (times_us != UNREADABLE_TIME)


def _is_finished(
    raw: RawChunk,
    layout: Layout,
    asked: ImportOptions,
    open_us: IntArray,
    moment: Moment,
    found: FileFacts,
) -> BoolArray:
    """Not bars that were still open when the file was written, or are now."""
    is_open = np.zeros(len(open_us), dtype=np.bool_)
    for seen_us in (moment.now_us, moment.written_us):
        is_open |= (open_us <= seen_us) & (seen_us < open_us + asked.length_us)
    if "closed" in layout.places:
        is_open |= is_false(raw.columns[layout.places["closed"]])
    found.n_unfinished += int(np.count_nonzero(is_open))
    return ~is_open


def _without_trade(
    raw: RawChunk, layout: Layout, prices: dict[str, FloatArray], found: FileFacts
) -> BoolArray:
    """Rows without any price, as some write minutes in which nobody traded."""
    is_empty = np.logical_and.reduce([np.isnan(prices[name]) for name in PRICE_COLUMNS[:4]])
    for name in PRICE_COLUMNS[:4]:
        if not is_empty.any():
            return is_empty
        is_empty &= is_nothing(raw.columns[layout.places[name]])
    found.n_without_trade += int(np.count_nonzero(is_empty))
    return is_empty


def _numbers(raw: RawChunk, layout: Layout, name: str) -> FloatArray:
    if name not in layout.places:
        return np.zeros(len(raw.lines))
    column = raw.columns[layout.places[name]]
    return to_floats(column, has_decimal_commas=layout.has_decimal_commas)


class _Faults:
    """The first fault of each row."""

    def __init__(self, raw: RawChunk, layout: Layout) -> None:
        self.is_faulty = np.zeros(len(raw.lines), dtype=np.bool_)
        self._raw = raw
        self._layout = layout
        self._reasons: dict[int, str] = {}

    def mark(self, is_faulty: BoolArray, name: str, fault: str) -> None:
        """Note a fault of some rows and of the field `name`, unless they have one already."""
        for i in np.flatnonzero(is_faulty & ~self.is_faulty)[:MOST_REASONS]:
            self._reasons[int(i)] = f"{name} {fault}, was {self._value(name, int(i))}"
        self.is_faulty |= is_faulty

    def reasons(self, is_kept: BoolArray) -> list[tuple[int, str]]:
        """Lines and reasons, malformed lines among them; those of rows that are left out aside."""
        rows = [
            (int(self._raw.lines[i]), reason) for i, reason in self._reasons.items() if is_kept[i]
        ]
        return sorted([*rows, *self._raw.malformed])

    def _value(self, name: str, i: int) -> str:
        place = {"ts_open": _time_place(self._layout)}.get(name, self._layout.places.get(name))
        value = None if place is None else self._raw.columns[place][i].as_py()
        return "" if value is None else str(value)[:40]


def _time_place(layout: Layout) -> int:
    names = ("clock", "time", "close_time")
    return next(layout.places[name] for name in names if name in layout.places)


def _judge_times(
    faults: _Faults, open_us: IntArray, is_doubtful: BoolArray, moment: Moment, length_us: int
) -> None:
    faults.mark(open_us == UNREADABLE_TIME, "ts_open", "must be a time")
    faults.mark(is_doubtful, "ts_open", "is ambiguous or does not exist because of a clock change")
    is_outside = (open_us < 0) | (open_us >= _LAST_US)
    faults.mark(is_outside, "ts_open", "must lie between 1970 and 2100")
    faults.mark(open_us > moment.now_us, "ts_open", "must not be in the future")
    faults.mark(_is_off(open_us, length_us), "ts_open", _must_be_whole(length_us))


def _must_be_whole(length_us: int) -> str:
    if length_us == MINUTE_US:
        return "must be a whole minute"
    return f"must be a multiple of {format_length(length_us)} in UTC"


def _judge_length(
    faults: _Faults,
    raw: RawChunk,
    layout: Layout,
    asked: ImportOptions,
    read_us: IntArray,
    found: FileFacts,
) -> None:
    """A candle that lasts longer than others is none of them, whatever its neighbours are."""
    if layout.is_close_time or "close_time" not in layout.places:
        return
    moments = to_moments(raw.columns[layout.places["close_time"]], layout.order)
    closes = moments.us
    if moments.is_local:
        closes, _ = in_zone(closes, layout.zone or asked.timezone or "UTC")
    is_known = (closes != UNREADABLE_TIME) & (read_us != UNREADABLE_TIME)
    lengths = np.where(is_known, lasts(read_us, closes), 0)
    if np.all(lengths == asked.length_us):
        found.lengths[asked.length_us] += len(lengths)
        return
    values, counts = np.unique(lengths[is_known], return_counts=True)
    for length, count in zip(values.tolist(), counts.tolist(), strict=True):
        found.lengths[length] += count
    is_other = (values >= 2 * MINUTE_US) & (values != asked.length_us)
    for length in values[is_other].tolist()[:MOST_REASONS]:
        faults.mark(
            lengths == length, "close_time", f"makes the candle {format_length(length)} long"
        )


def _judge_prices(faults: _Faults, prices: dict[str, FloatArray]) -> None:
    for name in PRICE_COLUMNS:
        faults.mark(~np.isfinite(prices[name]), name, "must be a finite number")
    for name in PRICE_COLUMNS[:4]:
        faults.mark(prices[name] <= 0, name, "must be > 0")
    faults.mark(prices["volume_base"] < 0, "volume_base", "must be >= 0")
    faults.mark(prices["high"] < prices["low"], "high", "must not be below low")
    for name in ("open", "close"):
        is_outside = (prices[name] < prices["low"]) | (prices[name] > prices["high"])
        faults.mark(is_outside, name, "must lie within low..high")


def _judge_extras(
    faults: _Faults, raw: RawChunk, layout: Layout, extras: dict[str, FloatArray]
) -> None:
    """An empty field is a null; anything else must be a number of its kind."""
    for name, numbers in extras.items():
        is_bad = ~np.isfinite(numbers)
        if is_bad.any():
            is_bad &= ~is_nothing(raw.columns[layout.places[name]])
        faults.mark(is_bad, name, "must be a finite number")
        faults.mark(numbers < 0, name, "must be >= 0")
    if "trades_count" in extras:
        counts = extras["trades_count"]
        with np.errstate(invalid="ignore"):
            is_bad = (counts != np.floor(counts)) & np.isfinite(counts)
        faults.mark(is_bad, "trades_count", "must be a whole number")
        faults.mark(counts > _MOST_TRADES, "trades_count", f"must be <= {_MOST_TRADES}")
