"""The best n of many scores: by the fast score, then exactly wherever the fast one cannot decide.

See: docs/scoring.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import nsmallest

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

    def beyond(self, column: float) -> float:
        """The margin behind a score, of which smaller is better: rises with the score.

        It is a product and a sum, so it rises in floating point too; a score minus its margin
        might not, and then what is kept would depend on what was cut first.
        """
        share = 1.0 + self.relative if column > 0.0 else 1.0 - self.relative
        return column * share + self.absolute


# Columns of exact numbers.
NO_MARGIN = Margin(0.0, 0.0)


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
    candidates = cut(-scores[None], n_best, margin)
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
    members, columns = measured_by_bound(bound, n_best, exact)
    return best_by_columns(members, columns, n_best, key_of)[:n_best]


def measured_by_bound(
    bound: FloatArray, n_best: int, exact: ExactColumns
) -> tuple[IntArray, tuple[FloatArray, ...]]:
    """Whoever may be among the best `n_best`, with their exact columns; as in `best_by_bound`.

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
    return members, columns


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
            result[start:stop] = _first_by_key(result[start:stop], n_best - start, key_of)
    return result


def _first_by_key(tied: IntArray, n_first: int, key_of: KeyOf) -> IntArray:
    """The first of ties in order, then the others; keys live for as many as are wanted."""
    first = nsmallest(n_first, range(len(tied)), lambda place: key_of(int(tied[place])))
    return np.concatenate((tied[first], np.delete(tied, first)))


def cut(columns: FloatArray, n_best: int, margin: Margin) -> IntArray:
    """Positions of members that may be among the best `n_best`, ascending.

    A cut of what two cuts left is the cut of everything: those that a cut leaves out are behind
    `n_best` others by more than the margin, whoever joins.

    Args:
        columns: Shape (n_columns, n), smaller is better, the first column first, no NaN.
        n_best: How many are wanted.
        margin: How far the first column may be off; `NO_MARGIN` where there are more.

    See: docs/scoring.md
    """
    primary = columns[0]
    if n_best >= len(primary):
        return np.arange(len(primary), dtype=np.int64)
    last = margin.beyond(float(np.partition(primary, n_best - 1)[n_best - 1]))
    within = np.flatnonzero(primary <= last)
    if len(columns) == 1:
        return within
    own = columns[:, within]
    worst = own[:, np.lexsort(own[::-1])[n_best - 1]]
    return within[(own[0] < worst[0]) | (own[1] <= worst[1])]
