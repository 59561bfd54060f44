"""What a run found to rest on: which candles of its range there were, and which bars are made up.

See: docs/answer.md
"""

import numpy as np

from backtest.ports import Buckets
from backtest.result import CandlesFound, Gap
from backtest.types import Bars, IntArray, TimeRange


def candles_found(
    buckets: Buckets, bars: Bars, time_range: TimeRange, *, complete: tuple[int, int]
) -> CandlesFound:
    """Count what a run was given.

    Args:
        buckets: What the feed loaded, warm-up included.
        bars: The bars made of them.
        time_range: The range that was asked for.
        complete: Bars that a complete history gives: all of them, and those of the target slice.

    See: docs/answer.md
    """
    step = buckets.candle_ms
    first, stop = _raised(time_range.start_ms, step), _raised(time_range.end_ms, step)
    runs = _clipped(buckets.runs, first, stop - step)
    n_all, n_target = complete
    n_expected = (stop - first) // step
    chosen = bars.ts_open[bars.target_start : bars.target_stop]
    real = np.isin(chosen, buckets.ts_open, assume_unique=True)
    return CandlesFound(
        candle_ms=step,
        first_ms=int(runs[0, 0]) if len(runs) else None,
        last_ms=int(runs[-1, 1]) if len(runs) else None,
        n_expected=n_expected,
        n_present=int(((runs[:, 1] - runs[:, 0]) // step + 1).sum()),
        n_before=int(runs[0, 0] - first) // step if len(runs) else n_expected,
        n_after=int(stop - step - runs[-1, 1]) // step if len(runs) else n_expected,
        longest_gap=_longest_gap(runs, first, stop, step),
        n_bars_filled=int((~real).sum()),
        n_bars_after=int(np.argmax(real[::-1])) if real.any() else len(real),
        n_tail=_tail(runs, int(chosen[-1]) + bars.timeframe.ms - step, step),
        n_bars_absent=n_target - len(chosen),
        n_warmup_bars=bars.target_start,
        n_warmup_absent=n_all - n_target - bars.target_start,
    )


def _raised(moment_ms: int, step: int) -> int:
    """The first open time that is not before a moment."""
    return -(-moment_ms // step) * step


def _clipped(runs: IntArray, first: int, last: int) -> IntArray:
    """The runs, or their parts, that open in `[first, last]`."""
    inside = runs[(runs[:, 1] >= first) & (runs[:, 0] <= last)]
    return np.clip(inside, first, last)


def _tail(runs: IntArray, last: int, step: int) -> int:
    """How many candles lack behind the runs, up to the last one of the last bar."""
    return max(0, last - int(runs[-1, 1])) // step if len(runs) else 0


def _longest_gap(runs: IntArray, first: int, stop: int, step: int) -> Gap | None:
    """Of `[first, stop)` in open times, the longest stretch between runs."""
    starts = np.concatenate(([first], runs[:, 1] + step))
    ends = np.concatenate((runs[:, 0], [stop]))
    longest = int(np.argmax(ends - starts))
    start, end = int(starts[longest]), int(ends[longest])
    if end <= start:
        return None
    return Gap(start_ms=start, end_ms=end, n_candles=(end - start) // step)
