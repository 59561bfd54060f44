"""Minutes from the files of an archive that has only trades.

A minute opens with its first trade and closes with its last one; one without trades is not there.
The files are read in blocks, so a month of millions of trades needs no more memory than a day.
See: docs/downloads.md#archives
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from backtest.adapters.ingest.importer import UNREADABLE, BrokenFile
from backtest.types import MINUTE_MS, FloatArray, IntArray

_TIME, _PRICE, _SIZES = "timestamp", "price", ("size", "volume")
_BLOCK_BYTES = 8 << 20
_LONGEST_HEADER = 4_096


def write_minutes_of_trades(trades: Path, target: Path) -> None:
    """Make a Parquet file of one-minute candles; it appears whole.

    Args:
        trades: A CSV in gzip with a header that has `timestamp` (seconds, milliseconds or
            microseconds), `price` and `size` or `volume`, in ascending or descending order.
        target: Where to; has `open_time` and `close_time` in epoch milliseconds, prices, `volume`
            in coins, `quote_volume` and `count`.

    Raises:
        BrokenFile: These are no trades, or cannot be read to their end.
    """
    minutes = _Minutes()
    try:
        names = _columns(trades)
        options = csv.ConvertOptions(
            include_columns=names, column_types=dict.fromkeys(names, pa.float64())
        )
        blocks = csv.ReadOptions(block_size=_BLOCK_BYTES)
        with (
            pa.CompressedInputStream(str(trades), "gzip") as unpacked,
            csv.open_csv(unpacked, read_options=blocks, convert_options=options) as reader,
        ):
            for batch in reader:
                minutes.add(*(np.array(column) for column in batch.columns))
    except UNREADABLE as error:
        raise BrokenFile(f"{trades}: {error}") from error
    unfinished = target.with_name(f"{target.name}.part")
    try:
        parquet.write_table(minutes.table(), unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _columns(trades: Path) -> Sequence[str]:
    """The names of time, price and size."""
    with gzip.open(trades) as unpacked:
        header = unpacked.readline(_LONGEST_HEADER).decode("ascii", "replace").strip().split(",")
    size = next((name for name in _SIZES if name in header), None)
    if size is None or not {_TIME, _PRICE} <= set(header):
        raise ValueError(f"these are no trades; the columns are {', '.join(header)[:200]}")
    return (_TIME, _PRICE, size)


@dataclass(slots=True)
class _Minute:
    """What the trades of one minute have come to; `first` and `last` are times with places."""

    first: tuple[int, int]
    last: tuple[int, int]
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote: float
    count: int

    def add(self, more: "_Minute") -> None:
        if more.first < self.first:
            self.first, self.open = more.first, more.open
        if more.last > self.last:
            self.last, self.close = more.last, more.close
        self.high, self.low = max(self.high, more.high), min(self.low, more.low)
        self.volume += more.volume
        self.quote += more.quote
        self.count += more.count


class _Minutes:
    """Minutes by their number since 1970; trades may come in any order of blocks."""

    def __init__(self) -> None:
        self._found: dict[int, _Minute] = {}
        self._n_trades = 0
        self._direction = 0

    def add(self, times: FloatArray, prices: FloatArray, sizes: FloatArray) -> None:
        """Take a block, three arrays of shape (n,)."""
        is_trade = (prices > 0) & (prices < np.inf) & (sizes >= 0) & (sizes < np.inf) & (times > 0)
        if not is_trade.all():
            number = self._n_trades + int(np.argmin(is_trade)) + 1
            raise ValueError(f"trade {number:,} has no time, price or size")
        us = _microseconds(times)
        if not self._direction and len(us):
            # Trades of one moment stand in the order of the file, which may be turned around.
            self._direction = 1 if us[0] <= us[-1] else -1
        places = self._direction * (self._n_trades + np.arange(len(us)))
        self._n_trades += len(us)
        order = np.lexsort((places, us))
        self._add_sorted(us[order], places[order], prices[order], sizes[order])

    def _add_sorted(
        self, us: IntArray, places: IntArray, prices: FloatArray, sizes: FloatArray
    ) -> None:
        numbers = us // (MINUTE_MS * 1_000)
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(us)], strict=True):
            inside = slice(start, stop)
            minute = _Minute(
                first=(int(us[start]), int(places[start])),
                last=(int(us[stop - 1]), int(places[stop - 1])),
                open=float(prices[start]),
                high=float(prices[inside].max()),
                low=float(prices[inside].min()),
                close=float(prices[stop - 1]),
                volume=float(sizes[inside].sum()),
                quote=float(prices[inside] @ sizes[inside]),
                count=int(stop - start),
            )
            known = self._found.setdefault(int(numbers[start]), minute)
            if known is not minute:
                known.add(minute)

    def table(self) -> Any:
        """An Arrow table of candles in order."""
        ordered = sorted(self._found.items())
        fields = ("open", "high", "low", "close", "volume", "quote", "count")
        columns = {name: [getattr(minute, name) for _, minute in ordered] for name in fields}
        numbers = np.array([number for number, _ in ordered], np.int64)
        columns["quote_volume"] = columns.pop("quote")
        # The close says that these are minutes, however few of them had a trade.
        times = {"open_time": numbers * MINUTE_MS, "close_time": (numbers + 1) * MINUTE_MS}
        return pa.table({**times, **columns})


def _microseconds(times: FloatArray) -> IntArray:
    """Epoch microseconds of seconds, milliseconds or microseconds, told apart by their size."""
    factor = 1e6 if times[0] < 1e11 else 1e3 if times[0] < 1e14 else 1.0
    return np.rint(times * factor).astype(np.int64)
