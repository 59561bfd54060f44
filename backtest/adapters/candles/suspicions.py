"""What looks wrong in the stored candles of one instrument.

Gaps and steps follow from the runs (`coverage`); the rest is read in chunks, so that years of
minutes need no more memory than a season. Sizes are measured against the usual move, the median of
the moves between closes in the chunk: a percent is nothing to a day and much to a minute.
See: docs/stores.md#what-looks-wrong
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import Coverage
from backtest.adapters.candles.findings import (
    MOST_PLACES,
    Finding,
    Kind,
    Stretches,
    SuspectPlace,
    SuspectPlaces,
)
from backtest.adapters.candles.table import PRICE_COLUMNS, StoredMinutes, latest_minutes
from backtest.types import HOUR_MS, FloatArray, Instrument, IntArray

_CHUNK = 100_000
_LEAST_EVEN_STEPS = 24
_NEVER_MS = -(1 << 62)
_OPEN, _CLOSE = PRICE_COLUMNS.index("open"), PRICE_COLUMNS.index("close")
# The last block holds the last candle and what stands beside it: no moves to learn from.
_LEAST_FOR_USUAL = 3

# A jump has to exceed the fraction, and the usual move times the factor.
_SPIKE = (0.02, 30.0)
_JUMP = (0.01, 20.0)
_RETURNED = 0.25


def suspicions(
    pool: ClickHousePool,
    instrument: Instrument,
    stored: Coverage,
    progress: Callable[[int, int], None],
) -> list[Finding]:
    """Everything that looks wrong, one finding of each kind that occurs.

    Args:
        pool: Where the candles are.
        instrument: Whose candles.
        stored: Their runs.
        progress: Called as `(candles read, candles in all)`.

    Raises:
        CandlesUnavailable: The store cannot be reached or its answer is not complete.
    """
    judges = _Judges(stored.step_ms)
    edge = _Candles.nothing()
    before = edge
    n_read = 0
    for chunk in _chunks(pool, instrument, stored):
        judges.judge(block := before.followed_by(chunk))
        before = block.last(2)
        n_read += len(chunk.ts)
        progress(n_read, stored.n_candles)
    judges.judge(before.followed_by(edge))
    return [*_breaks(stored), *judges.found()]


@dataclass(frozen=True, slots=True)
class _Candles:
    """Opens in epoch milliseconds, shape (n,) int64, and open, high, low, close and volume.

    The numbers are float64 of shape (5, n).
    """

    ts: IntArray
    numbers: FloatArray

    @classmethod
    def nothing(cls) -> "_Candles":
        """A candle that is unlike any other, before the first and behind the last."""
        return cls(np.array([_NEVER_MS]), np.full((5, 1), np.nan))

    @classmethod
    def of(cls, stored: StoredMinutes) -> "_Candles":
        return cls(stored.ts_open, np.stack([stored.prices[name] for name in PRICE_COLUMNS]))

    def followed_by(self, more: "_Candles") -> "_Candles":
        ts = np.concatenate((self.ts, more.ts))
        return _Candles(ts, np.concatenate((self.numbers, more.numbers), axis=1))

    def last(self, n: int) -> "_Candles":
        return _Candles(self.ts[-n:], self.numbers[:, -n:])


def _chunks(pool: ClickHousePool, instrument: Instrument, stored: Coverage) -> Iterator[_Candles]:
    """All candles in order, each chunk with enough of them to know the usual move."""
    n_chunks = max(stored.n_candles // _CHUNK, 1)
    edges = [stored.moment(stored.n_candles * i // n_chunks) for i in range(n_chunks + 1)]
    for start_ms, stop_ms in pairwise(edges):
        yield _Candles.of(
            latest_minutes(
                pool,
                instrument,
                start_ms=start_ms,
                stop_ms=stop_ms,
                length_ms=stored.step_ms,
            )
        )


class _Judges:
    """Each judges all candles but the first and the last of a block, which are there to compare."""

    def __init__(self, step_ms: int) -> None:
        long = max(HOUR_MS // step_ms, 5)
        self._step_ms = step_ms
        self._is_after_spike = False
        self._usual_move = 0.0
        self._impossible = SuspectPlaces(Kind.IMPOSSIBLE)
        self._spikes = SuspectPlaces(Kind.SPIKES)
        self._opens = SuspectPlaces(Kind.OPENS)
        self._no_volume = Stretches(Kind.NO_VOLUME, least=long)
        self._same_close = Stretches(Kind.SAME_CLOSE, least=long)

    def judge(self, block: _Candles) -> None:
        ts = block.ts[1:-1]
        if not len(ts):
            return
        *_, close, volume = block.numbers[:, 1:-1]
        impossible = ts[_is_impossible(block.numbers[:, 1:-1])]
        self._impossible.add_candles(impossible, np.ones(len(impossible)))
        self._no_volume.add(ts, volume == 0)
        is_same = close == block.numbers[_CLOSE, :-2]
        self._same_close.add(ts, is_same & (volume > 0))
        with np.errstate(all="ignore"):
            self._judge_jumps(block)

    def _judge_jumps(self, block: _Candles) -> None:
        ts, opens, closes = block.ts, block.numbers[_OPEN], block.numbers[_CLOSE]
        if len(ts) > _LEAST_FOR_USUAL:
            self._usual_move = _usual_move(closes)
        spikes = _spikes(block.numbers)
        is_spike = spikes > self._limit(_SPIKE)
        self._spikes.add_candles(ts[1:-1][is_spike], np.expm1(spikes[is_spike]))
        jumps = np.abs(np.log(opens[1:-1] / closes[:-2]))
        is_next = ts[1:-1] - ts[:-2] == self._step_ms
        near_spike = is_spike | np.concatenate(([self._is_after_spike], is_spike[:-1]))
        is_off = (jumps > self._limit(_JUMP)) & is_next & ~near_spike
        self._opens.add_candles(ts[1:-1][is_off], np.expm1(jumps[is_off]))
        self._is_after_spike = bool(is_spike[-1])

    def _limit(self, jump: tuple[float, float]) -> float:
        fraction, factor = jump
        return max(fraction, factor * self._usual_move)

    def found(self) -> Iterator[Finding]:
        judges = (
            self._impossible,
            self._spikes,
            self._opens,
            self._no_volume,
            self._same_close,
        )
        yield from filter(None, (judge.found() for judge in judges))


def _is_impossible(numbers: FloatArray) -> NDArray[np.bool_]:
    """What the importer refuses; a table that others fill may hold it."""
    opens, high, low, close, volume = numbers
    is_inside = (opens >= low) & (opens <= high) & (close >= low) & (close <= high)
    is_price = (low > 0) & (high < np.inf)
    return ~(is_inside & is_price & (volume >= 0) & (volume < np.inf))


def _spikes(numbers: FloatArray) -> FloatArray:
    """How far each candle goes beyond both closes beside it, where these are near each other."""
    _, high, low, _, _ = np.log(numbers[:, 1:-1])
    before, after = np.log(numbers[_CLOSE, :-2]), np.log(numbers[_CLOSE, 2:])
    far = np.maximum(high - np.maximum(before, after), np.minimum(before, after) - low)
    return np.where(np.abs(after - before) <= _RETURNED * far, far, 0.0)


def _usual_move(close: FloatArray) -> float:
    moves = np.abs(np.diff(np.log(close)))
    moves = moves[np.isfinite(moves) & (moves > 0)]
    return float(np.median(moves)) if len(moves) else 0.0


def _breaks(stored: Coverage) -> Iterator[Finding]:
    """Stretches of another step, and the gaps that do not belong to one."""
    steps, gaps = SuspectPlaces(Kind.STEPS), SuspectPlaces(Kind.GAPS)
    is_step = np.zeros(stored.n_gaps, dtype=np.bool_)
    for first, stop in _even_stretches(stored):
        is_step[first:stop] = True
        first_ms, last_ms = int(stored.firsts[first]), int(stored.firsts[stop])
        size = float(stored.firsts[first + 1] - stored.firsts[first])
        place = SuspectPlace(first_ms=first_ms, last_ms=last_ms, size=size)
        steps.add([place], n=1, n_candles=stop - first + 1)
    missing = np.where(is_step, 0, stored.missing)
    worst = np.argsort(-missing, kind="stable")[:MOST_PLACES]
    found = (stored.gap(int(i)) for i in worst if missing[i])
    gaps.add(
        [SuspectPlace(first_ms=g.first_ms, last_ms=g.last_ms, size=g.n_missing) for g in found],
        n=int(np.count_nonzero(missing)),
        n_candles=int(missing.sum()),
    )
    yield from filter(None, (gaps.found(), steps.found()))


def _even_stretches(stored: Coverage) -> Iterator[tuple[int, int]]:
    """Runs of lone candles at equal distances: `[first, stop)` of the gaps between them.

    Among minutes a few such candles are chance; where there are no others, three are enough.
    """
    is_lone = stored.firsts == stored.lasts
    distances = np.diff(stored.firsts) * (is_lone[:-1] & is_lone[1:])
    if not len(distances):
        return
    edges = np.flatnonzero(np.diff(distances)) + 1
    firsts = np.concatenate((np.zeros(1, dtype=np.int64), edges))
    stops = np.append(edges, len(distances))
    least = min(_LEAST_EVEN_STEPS, max(len(distances), 2))
    is_long = (stops - firsts >= least) & (distances[firsts] > 0)
    for first, stop in zip(firsts[is_long], stops[is_long], strict=True):
        yield int(first), int(stop)
