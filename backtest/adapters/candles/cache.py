"""Bars in memory, shared by runs over the same instrument, timeframe and range.

Before bars are used again the store is asked for a fingerprint of the rows they were made of.
Equal fingerprints mean equal rows, so what is handed out is what the store would have answered.
See: docs/reliability.md
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from backtest.control import Control
from backtest.ports import Buckets, CandleFeed, StoredRange
from backtest.types import FloatArray, Instrument, IntArray, Timeframe

POLL_S = 0.02

Fingerprint = tuple[int, int]


class FingerprintedFeed(CandleFeed, Protocol):
    """A feed that can say cheaply which rows an answer would be made of."""

    def fingerprint(
        self, instrument: Instrument, *, start_ms: int, stop_ms: int, control: Control
    ) -> Fingerprint:
        """A number of rows and a hash over them, independent of their order.

        Raises:
            CandlesUnavailable: The store cannot be reached or its answer is not complete.
            DeadlineExceeded: The control's deadline passed.
            RunCancelled: The control was cancelled.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    instrument: Instrument
    timeframe: Timeframe
    start_ms: int
    stop_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    fingerprint: Fingerprint
    buckets: Buckets
    n_bytes: int


class CachedCandles:
    """A `CandleFeed` that remembers; safe to call from several threads at once.

    Args:
        feed: Where bars come from.
        max_bytes: What remembered bars may take; those used longest ago go first.
    """

    def __init__(self, feed: FingerprintedFeed, *, max_bytes: int) -> None:
        self._feed = feed
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._loading: dict[tuple[_Key, Fingerprint], threading.Event] = {}
        self.n_bytes = 0
        self.n_hits = self.n_misses = 0

    def load(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start_ms: int,
        stop_ms: int,
        control: Control,
    ) -> Buckets:
        """As the feed's own `load`; the arrays are shared and cannot be written to.

        Runs that want the same bars at the same time wait for one of them to load; when that one
        fails, another tries.
        """
        key = _Key(instrument=instrument, timeframe=timeframe, start_ms=start_ms, stop_ms=stop_ms)
        fingerprint = self._feed.fingerprint(
            instrument, start_ms=start_ms, stop_ms=stop_ms, control=control
        )
        while True:
            with self._lock:
                buckets = self._remembered(key, fingerprint)
                if buckets is not None:
                    return buckets
                loaded = self._loading.get((key, fingerprint))
                if loaded is None:
                    self._loading[key, fingerprint] = threading.Event()
                    break
            while not loaded.wait(POLL_S):
                control.check()
        return self._load(key, fingerprint, control)

    def stored_range(self, instrument: Instrument, *, control: Control) -> StoredRange | None:
        """Whatever the feed says."""
        return self._feed.stored_range(instrument, control=control)

    def instruments(self, *, control: Control) -> Sequence[Instrument]:
        """Whatever the feed says."""
        return self._feed.instruments(control=control)

    def ping(self) -> None:
        """Whatever the feed says."""
        self._feed.ping()

    def _load(self, key: _Key, fingerprint: Fingerprint, control: Control) -> Buckets:
        try:
            buckets = self._feed.load(
                key.instrument,
                key.timeframe,
                start_ms=key.start_ms,
                stop_ms=key.stop_ms,
                control=control,
            )
            n_bytes = _freeze(buckets)
            with self._lock:
                self.n_misses += 1
                self._remember(
                    key, _Entry(fingerprint=fingerprint, buckets=buckets, n_bytes=n_bytes)
                )
        finally:
            with self._lock:
                self._loading.pop((key, fingerprint)).set()
        return buckets

    def _remembered(self, key: _Key, fingerprint: Fingerprint) -> Buckets | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.fingerprint != fingerprint:
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        self.n_hits += 1
        return entry.buckets

    def _remember(self, key: _Key, entry: _Entry) -> None:
        if entry.n_bytes > self._max_bytes:
            return
        if key in self._entries:
            self._forget(key)
        self._entries[key] = entry
        self.n_bytes += entry.n_bytes
        while self.n_bytes > self._max_bytes:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: _Key) -> None:
        self.n_bytes -= self._entries.pop(key).n_bytes


def _freeze(buckets: Buckets) -> int:
    """Make the arrays read-only; their size in bytes."""
    members = [getattr(buckets, field.name) for field in fields(buckets)]
    arrays: list[FloatArray | IntArray] = [
        member for member in members if isinstance(member, np.ndarray)
    ]
    for array in arrays:
        array.flags.writeable = False
    return sum(array.nbytes for array in arrays)
