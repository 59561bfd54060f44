"""The best n of many scores: by the fast score, then exactly wherever the fast one cannot decide.

See: docs/scoring.md
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backtest.types import FloatArray, IntArray

# Each trade is off by a few units in the last place, grown by at most 1 / NEAR_ZERO.
ULPS_PER_TRADE = 256.0
EPSILON = float(np.finfo(np.float64).eps)

# An account that has less than this share of its cash left has lost exactly 100 %, as a number.
NOTHING_LEFT = 2.0**-55

ExactColumns = Callable[[IntArray], tuple[FloatArray, ...]]
KeyOf = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Margin:
    """How far two fast scores may be apart and still be in the wrong order.

    See: docs/scoring.md
    """

    relative: float
    absolute: float

    @classmethod
    def of(cls, n_bars: int, *, adds_up: bool) -> "Margin":
        """The margin of scores over `n_bars` bars.

        Products of trade factors are off by a share of themselves, and two of them are one number
        in percent when they differ by less than rounding at 1. Sums of profits (`adds_up`) are
        off by a share of the cash that they started from, however little is left.
        """
        relative = ULPS_PER_TRADE * EPSILON * max(n_bars, 64)
        return cls(relative, relative if adds_up else 4 * EPSILON)

    def around(self, scores: FloatArray) -> FloatArray:
        """The margin at each score."""
        return self.relative * np.abs(scores) + self.absolute


def best_by_fast_score(
    scores: FloatArray, n_best: int, margin: Margin, exact: ExactColumns, key_of: KeyOf
) -> IntArray:
    """Indexes of the best `n_best` scores, best first, in the order of the exact number.

    Args:
        scores: Shape (n,), fast end equity over initial cash, no NaN.
        n_best: How many are wanted.
        margin: How far the scores may be off.
        exact: Exact columns of chosen indexes, ascending is better, the first one the return.
        key_of: Variant key of an index; asked only where exact numbers are equal.

    Returns:
        Shape (min(n, n_best),) int64.

    See: docs/scoring.md
    """
    candidates = _with_margin(scores, n_best, margin)
    order = candidates[np.argsort(-scores[candidates], kind="stable")]
    ordered = scores[order]
    tolerance = margin.around(ordered[:-1])
    starts = np.concatenate(([0], np.flatnonzero(ordered[:-1] - ordered[1:] > tolerance) + 1))
    stops = np.append(starts[1:], len(order))
    in_doubt = stops - starts > 1
    if not in_doubt.any():
        return order[:n_best]
    groups = [(int(a), int(b)) for a, b in zip(starts[in_doubt], stops[in_doubt], strict=True)]
    doubtful = np.concatenate([order[start:stop] for start, stop in groups if start < n_best])
    columns = exact(doubtful)
    first = 0
    for start, stop in groups:
        if start >= n_best:
            break
        own = slice(first, first + stop - start)
        members = tuple(column[own] for column in columns)
        order[start:stop] = best_by_columns(order[start:stop], members, n_best - start, key_of)
        first = own.stop
    return order[:n_best]


def best_by_bound(bound: FloatArray, n_best: int, exact: ExactColumns, key_of: KeyOf) -> IntArray:
    """Indexes of the best `n_best`, best first, exact only for those that may be among them.

    The worst of any `n_best` members is at least as bad as the last of the best, so whoever's bound
    is beyond it is out.

    Args:
        bound: Shape (n,), no NaN; the first exact column of a member is never below its own.
        n_best: How many are wanted.
        exact: Exact columns of chosen indexes, ascending is better.
        key_of: Variant key of an index; asked only where exact columns are equal.

    Returns:
        Shape (min(n, n_best),) int64.

    See: docs/scoring.md
    """
    n = len(bound)
    members = np.argsort(bound, kind="stable")
    columns = exact(members[:n_best])
    if n_best < n:
        last = columns[0].max()
        n_possible = int((bound <= last).sum())
        others = exact(members[n_best:n_possible])
        members = members[: max(n_best, n_possible)]
        columns = tuple(np.concatenate(pair) for pair in zip(columns, others, strict=True))
    return best_by_columns(members, columns, n_best, key_of)[:n_best]


def best_by_columns(
    members: IntArray, columns: tuple[FloatArray, ...], n_best: int, key_of: KeyOf
) -> IntArray:
    """Members sorted by ascending columns, the first column first; ties by variant key.

    Args:
        members: Shape (n,).
        columns: Each shape (n,), no NaN.
        n_best: Ties that start beyond this place are left in any order.
        key_of: Variant key of a member.

    Returns:
        All members, shape (n,); the first `n_best` places are final.

    See: docs/scoring.md
    """
    order = np.lexsort(columns[::-1])
    sorted_columns = [column[order] for column in columns]
    is_new = np.zeros(len(order), np.bool_)
    is_new[:1] = True
    for column in sorted_columns:
        is_new[1:] |= column[1:] != column[:-1]
    starts = np.flatnonzero(is_new)
    stops = np.append(starts[1:], len(order))
    result = members[order]
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        if start >= n_best:
            break
        if stop - start > 1:
            tied = result[start:stop].tolist()
            result[start:stop] = sorted(tied, key=key_of)
    return result


def _with_margin(scores: FloatArray, n_best: int, margin: Margin) -> IntArray:
    """Indexes that may be among the best `n_best`, ascending."""
    n = len(scores)
    if n_best >= n:
        return np.arange(n, dtype=np.int64)
    cut = np.partition(scores, n - n_best)[n - n_best]
    return np.flatnonzero(scores >= cut - margin.around(cut))
