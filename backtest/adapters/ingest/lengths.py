"""How long the candles of a file are; another length than the one asked for is refused.

Of 348 public files, the greatest common divisor of the differences of their times told every
coarse one from every one of minutes; a close time or an interval column confirms it.
See: docs/candle-files.md
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backtest.adapters.candles.series import is_storable
from backtest.adapters.ingest.values import MINUTE_US, format_length, length_of
from backtest.types import IntArray

# So many equal gaps in a row are no accident: the wider the gap, the fewer it takes.
_EVEN_RUNS = ((60, 4), (15, 6), (5, 10), (2, 16))
_DAY_US = 1_440 * MINUTE_US
_LONGEST_CHECKED_US = 60 * MINUTE_US
_LEAST_FILLED = 0.9
_MOST_UNEVEN = 0.1
_IN_NAME = re.compile(
    r"(?:^|[-_. ])(\d+(?:s|sec|m|min|h|d|w|mo)|minute|hour|daily|1day)(?=[-_. ]|$)"
)


def wrong_length(
    times_us: IntArray, length_us: int, *, is_declared: bool, is_floored: bool = False
) -> str | None:
    """Why times are not those of candles of a length; None if they are.

    Args:
        times_us: Shape (n,), int64 microseconds, as the file has them, ascending and distinct.
        length_us: How long the candles should be.
        is_declared: A close time or an interval column says that they are, hence that few candles
            lie some lengths apart proves nothing.
        is_floored: The times are moved to the starts of their candles.
    """
    gaps = np.diff(times_us)
    if len(gaps) == 0:
        return None
    step = int(np.gcd.reduce(gaps))
    common = _commonest(gaps)
    if step % length_us and (
        common % length_us == 0 or (is_floored and _are_uneven(times_us, length_us))
    ):
        floored = np.diff(ascending(times_us // length_us * length_us))
        step = int(np.gcd.reduce(floored)) if len(floored) else length_us
    if step % length_us and _are_uneven(times_us, length_us):
        return "the times lie unevenly within their candles; pass --floor-times for their starts"
    if step % length_us:
        return other_length(f"the times step by {format_length(common)}", length_us, common)
    if is_declared:
        return None
    if step != length_us:
        return other_length(f"the times step by {format_length(step)}", length_us, step)
    return _mixed(gaps, common, length_us)


def other_length(found: str, length_us: int, found_us: int | None) -> str:
    """The sentence of every refusal for the length.

    Args:
        found: What says so, and which length it says.
        length_us: What was asked for.
        found_us: The length that was found, where there is one for the whole file.
    """
    wanted = f"{found}, but {format_length(length_us)} candles are expected"
    if found_us is not None and found_us % 1_000 == 0 and is_storable(found_us // 1_000):
        length = format_length(found_us)
        return f"{wanted}; pass --interval {length} if the file holds {length} candles"
    return f"{wanted}; only whole minutes that divide a day evenly can be stored"


def _are_uneven(times_us: IntArray, length_us: int) -> bool:
    """Whether each time lies anywhere within a candle of its own, as that of a last trade does."""
    starts = times_us // length_us
    is_one_each = bool(np.all(np.diff(starts) > 0))
    return is_one_each and abs(float(np.median(np.diff(times_us))) / length_us - 1) < _MOST_UNEVEN


def _mixed(gaps: IntArray, common: int, length_us: int) -> str | None:
    """A stretch of longer candles in a file of shorter ones."""
    length = format_length(length_us)
    if common != length_us and np.mean(gaps == common) > 0.5:
        found = f"most times step by {format_length(common)}, some by {length}"
        return other_length(found, length_us, None)
    for factor, n_most in _EVEN_RUNS:
        first, n_gaps = _longest_run(gaps, gaps >= factor * length_us)
        if n_gaps >= n_most:
            found = f"{n_gaps + 1} times in a row step by {format_length(int(gaps[first]))}"
            return other_length(found, length_us, None)
    return None


def _longest_run(gaps: IntArray, is_wide: NDArray[np.bool_]) -> tuple[int, int]:
    """Where the longest run of equal wide gaps begins, and how many there are."""
    is_even = (gaps[1:] == gaps[:-1]) & is_wide[1:]
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_even.view(np.int8), [0]))))
    if len(edges) == 0:
        return 0, 0
    runs = edges[1::2] - edges[::2]
    longest = int(runs.argmax())
    return int(edges[::2][longest]), int(runs[longest]) + 1


def _commonest(gaps: IntArray) -> int:
    if 2 * np.count_nonzero(gaps == gaps[0]) > len(gaps):
        return int(gaps[0])
    values, counts = np.unique(gaps, return_counts=True)
    return int(values[counts.argmax()])


def ascending(times: IntArray) -> IntArray:
    """The distinct ones in order; `numpy.unique` hashes them, which takes ten times as long."""
    steps = np.diff(times)
    if np.all(steps > 0):
        return times
    times = np.sort(times)
    return times[np.concatenate((np.ones(1, dtype=np.bool_), np.diff(times) > 0))]


def lasts(opens_us: IntArray, closes_us: IntArray) -> IntArray:
    """Lengths of candles, shape (n,) int64: the last instant belongs to a candle or not."""
    lengths = -((opens_us - closes_us) // 1_000_000) * 1_000_000
    return np.where(lengths % MINUTE_US == 59_000_000, lengths + 1_000_000, lengths)


def interval_fault(texts: Sequence[str], length_us: int) -> str | None:
    """What an interval column says, where it is not always the length that was asked for."""
    others = [text for text in texts if length_of(text) != length_us]
    if not others:
        return None
    found_us = length_of(others[0]) if len(texts) == 1 else None
    return other_length(f"the interval column says {others[0]}", length_us, found_us)


def length_in_name(name: str) -> int | None:
    """The one interval in a file's name, in microseconds."""
    found = set(_IN_NAME.findall(name.lower()))
    return length_of(found.pop()) if len(found) == 1 else None


def ends_of_days(times_us: IntArray, length_us: int) -> bool:
    """Whether times run from one length after midnight to midnight, as those of closes do.

    Only of candles up to an hour: days of four hours begin and end so by chance.
    """
    span = int(times_us[-1] - times_us[0]) if len(times_us) else 0
    return (
        length_us <= _LONGEST_CHECKED_US
        and span >= _DAY_US - length_us
        and int(times_us[0]) % _DAY_US == length_us
        and int(times_us[-1]) % _DAY_US == 0
        and (len(times_us) - 1) * length_us >= _LEAST_FILLED * span
    )
