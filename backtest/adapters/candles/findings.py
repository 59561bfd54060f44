"""What a check found: how often, and where it is worst.

See: docs/stores.md#what-looks-wrong
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray

from backtest.types import IntArray

MOST_PLACES = 20


class Kind(StrEnum):
    """What may look wrong."""

    GAPS = "gaps"
    STEPS = "steps"
    IMPOSSIBLE = "impossible"
    SPIKES = "spikes"
    OPENS = "opens"
    NO_VOLUME = "no_volume"
    SAME_CLOSE = "same_close"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectPlace:
    """A candle or a stretch of them, by the opens of the first and last in epoch milliseconds.

    `size` is the number of candles of a stretch, the length in milliseconds of a changed step, and
    a fraction of the price elsewhere; 1.0 where there is nothing to measure.
    """

    first_ms: int
    last_ms: int
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One kind of thing that looks wrong: `n` of them, at most `MOST_PLACES` listed, worst first.

    `n_candles` counts the candles that they concern; of gaps, the ones that are missing.
    """

    kind: Kind
    n: int
    n_candles: int
    places: tuple[SuspectPlace, ...]


class SuspectPlaces:
    """Counts every place and remembers the worst, so that millions of them cost nothing."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._n = self._n_candles = 0
        self._worst: list[SuspectPlace] = []

    def add(self, places: Iterable[SuspectPlace], *, n: int, n_candles: int) -> None:
        """Take `n` places of `n_candles` together, of which those given are the worst."""
        self._n += n
        self._n_candles += n_candles
        ranked = (*self._worst, *places)
        self._worst = nsmallest(MOST_PLACES, ranked, key=lambda at: (-at.size, at.first_ms))

    def add_candles(self, ts: IntArray, sizes: NDArray[np.float64]) -> None:
        """Take single candles, both shape (n,)."""
        worst = np.argsort(-sizes, kind="stable")[:MOST_PLACES]
        places = (
            SuspectPlace(first_ms=int(ts[i]), last_ms=int(ts[i]), size=float(sizes[i]))
            for i in worst
        )
        self.add(places, n=len(ts), n_candles=len(ts))

    def found(self) -> Finding | None:
        """What was counted, None if nothing."""
        if self._n == 0:
            return None
        places = tuple(self._worst)
        return Finding(kind=self._kind, n=self._n, n_candles=self._n_candles, places=places)


class Stretches:
    """Long runs of candles for which something holds, across as many chunks as there are."""

    def __init__(self, kind: Kind, *, least: int) -> None:
        self._places = SuspectPlaces(kind)
        self._least = least
        self._open: SuspectPlace | None = None

    def add(self, ts: IntArray, is_in: NDArray[np.bool_]) -> None:
        """Go on with a chunk of candles, both shape (n,), ascending."""
        edges = np.flatnonzero(np.diff(np.concatenate(([0], is_in.view(np.int8), [0]))))
        firsts, stops = edges[::2], edges[1::2]
        if not len(firsts) or firsts[0] > 0:
            self._end()
        is_notable = (stops - firsts >= self._least) | (firsts == 0) | (stops == len(ts))
        for first, stop in zip(firsts[is_notable], stops[is_notable], strict=True):
            begun = self._open
            self._open = SuspectPlace(
                first_ms=begun.first_ms if begun else int(ts[first]),
                last_ms=int(ts[stop - 1]),
                size=float(stop - first) + (begun.size if begun else 0.0),
            )
            if stop < len(ts):
                self._end()

    def _end(self) -> None:
        if self._open is not None and self._open.size >= self._least:
            self._places.add([self._open], n=1, n_candles=int(self._open.size))
        self._open = None

    def found(self) -> Finding | None:
        """What was counted, the last run included; None if nothing."""
        self._end()
        return self._places.found()
