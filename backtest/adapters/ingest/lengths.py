"""How long the candles of a file are: minutes are stored, anything else is refused.

Of 348 public files, the greatest common divisor of the differences of their times told every
coarse one from every one of minutes; a close time or an interval column confirms it.
See: docs/candle-files.md
"""

import re
from collections.abc import Sequence

import numpy as np

from backtest.adapters.ingest.values import MINUTE_US, length_of, told_length
from backtest.types import IntArray

_LONGEST_EVEN_RUN = 24
_DAY_US = 1_440 * MINUTE_US
_IN_NAME = re.compile(
    r"(?:^|[-_. ])(\d+(?:s|sec|m|min|h|d|w|mo)|minute|hour|daily|1day)(?=[-_. ]|$)"
)


def wrong_length(times_us: IntArray, *, is_said_to_be_minutes: bool) -> str | None:
    """Why times are not those of minutes; None if they are.

    Args:
        times_us: Shape (n,), int64 microseconds, as the file has them, ascending and distinct.
        is_said_to_be_minutes: A close time or an interval column says so, hence that few candles
            lie some minutes apart proves nothing.
    """
    gaps = np.diff(times_us)
    if len(gaps) == 0:
        return None
    step = int(np.gcd.reduce(gaps))
    common = _commonest(gaps)
    if step % MINUTE_US and common % MINUTE_US == 0:
        floored = np.diff(ascending(times_us // MINUTE_US * MINUTE_US))
        step = int(np.gcd.reduce(floored)) if len(floored) else MINUTE_US
    if step % MINUTE_US:
        return only_minutes(f"the times step by {told_length(common)}")
    if is_said_to_be_minutes:
        return None
    if step != MINUTE_US:
        return only_minutes(f"the times step by {told_length(step)}")
    return _mixed(gaps, common)


def only_minutes(found: str) -> str:
    """The sentence of every refusal for the length."""
    return f"{found}, and only one-minute candles can be stored; import a file of minutes"


def _mixed(gaps: IntArray, common: int) -> str | None:
    """A stretch of coarse candles in a file of minutes."""
    if common != MINUTE_US and np.mean(gaps == common) > 0.5:
        return only_minutes(f"most times step by {told_length(common)}, some by 1m")
    is_even = (gaps[1:] == gaps[:-1]) & (gaps[1:] != MINUTE_US)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_even.view(np.int8), [0]))))
    runs = edges[1::2] - edges[::2]
    if len(runs) and runs.max() >= _LONGEST_EVEN_RUN:
        first = int(edges[::2][int(runs.argmax())])
        return only_minutes(
            f"{int(runs.max()) + 1} times in a row step by {told_length(int(gaps[first]))}"
        )
    return None


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


def interval_fault(texts: Sequence[str]) -> str | None:
    """What an interval column says, where it is not always one minute."""
    others = [text for text in texts if length_of(text) != MINUTE_US]
    return only_minutes(f"the interval column says {others[0]}") if others else None


def said_by_name(name: str) -> str | None:
    """The one interval in a file's name, if it is not a minute."""
    found = set(_IN_NAME.findall(name.lower()))
    if len(found) != 1:
        return None
    length = length_of(found.pop())
    return None if length in {None, MINUTE_US} else told_length(int(length or 0))


def ends_of_days(times_us: IntArray) -> bool:
    """Whether whole days run from 00:01 to 24:00, as they do when times are those of the close."""
    return (
        len(times_us) >= 1_440
        and int(times_us[0]) % _DAY_US == MINUTE_US
        and int(times_us[-1]) % _DAY_US == 0
        and int(times_us[-1] - times_us[0]) == (len(times_us) - 1) * MINUTE_US
    )
