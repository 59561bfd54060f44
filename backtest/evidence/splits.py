"""Every way to halve the blocks, and the kernels that look at all trials under each of them.

A trial's growth over half of the groups is the sum of what it grew over some of the first eight
and over some of the last eight. Both have 256 values, so a table of each makes every half a single
addition.

See: docs/evidence.md#pbo
"""

from itertools import combinations
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, GrowthArray
from backtest.jit import inline, kernel
from backtest.types import IntArray

N_GROUPS = 16
GROUP_LENGTH = N_BLOCKS // N_GROUPS
N_SIDE = N_GROUPS // 2
N_SUMS = 1 << N_SIDE
TILE = 32
# What fills up the last tile: it is never the best, or never below.
NEVER_BEST = -(1 << 50)
NEVER_BELOW = 1 << 50


class Champions(NamedTuple):
    """The best trial of each half, shape (2, n_splits) each: its growth, its lot and its row.

    The halves of split `s` are the groups in `masks[s]`, and the others.

    See: docs/evidence.md#pbo
    """

    growth: Annotated[IntArray, "int64[:, ::1]"]
    lots: Annotated[IntArray, "int64[:, ::1]"]
    rows: Annotated[IntArray, "int64[:, ::1]"]


class Counts(NamedTuple):
    """How many trials grew less than the champion did, and how many no more; (2, n_splits) each.

    See: docs/evidence.md#pbo
    """

    below: Annotated[IntArray, "int64[:, ::1]"]
    up_to: Annotated[IntArray, "int64[:, ::1]"]


def nobody(n_splits: int) -> Champions:
    """Champions before anyone contended.

    See: docs/evidence.md#pbo
    """
    shape = (2, n_splits)
    return Champions(
        np.full(shape, NEVER_BEST), np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
    )


def no_counts(n_splits: int) -> Counts:
    """Counts before anyone was counted.

    See: docs/evidence.md#pbo
    """
    shape = (2, n_splits)
    return Counts(np.zeros(shape, np.int64), np.zeros(shape, np.int64))


def column_splits() -> IntArray:
    """The 6 435 halves that have the first group, as bit masks; the others complement them.

    See: docs/evidence.md#pbo
    """
    halves = combinations(range(1, N_GROUPS), N_SIDE - 1)
    return np.array([1 + sum(1 << q for q in half) for half in halves], np.int64)


@inline
def _fill(growth: GrowthArray, first: int, filler: int, sums: IntArray, totals: IntArray) -> None:
    """Sums of a tile over every choice of the first eight groups and of the last eight.

    Args:
        growth: Shape (n, 64).
        first: First row of the tile.
        filler: Growth of each group of the rows that a full tile would have beyond the last one.
        sums: Out, shape (2, 256, TILE).
        totals: Out, shape (TILE,), over all groups.
    """
    for v in range(TILE):
        m = first + v
        for q in range(N_GROUPS):
            one = group_sum(growth[m], q) if m < growth.shape[0] else np.int64(filler)
            sums[q // N_SIDE, 1 << (q % N_SIDE), v] = one
    for side in range(2):
        _all_sums(sums[side])
    for v in range(TILE):
        totals[v] = sums[0, N_SUMS - 1, v] + sums[1, N_SUMS - 1, v]


@inline
def group_sum(row: GrowthArray, q: int) -> np.int64:
    """Growth of a row, shape (64,), over the blocks of a group."""
    total = np.int64(0)
    for k in range(q * GROUP_LENGTH, (q + 1) * GROUP_LENGTH):
        total += np.int64(row[k])
    return total


@inline
def _all_sums(sums: IntArray) -> None:
    """Sums over every choice of eight groups, shape (256, TILE), from those of one group each."""
    for v in range(TILE):
        sums[0, v] = 0
    for q in range(N_SIDE):
        for chosen in range(1, 1 << q):
            for v in range(TILE):
                sums[chosen + (1 << q), v] = sums[chosen, v] + sums[1 << q, v]


@inline
def is_crowned(growth: int, lot: int, best: int, best_lot: int) -> bool:
    """Whether a row takes the place of an earlier one: by more growth, else by a greater lot."""
    return growth > best or (growth == best and lot > best_lot)


@inline
def _crown(
    half: IntArray, lots: IntArray, first: int, champions: Champions, at: int, s: int
) -> None:
    """Let the rows of a tile contend for one half."""
    for v in range(min(TILE, lots.shape[0] - first)):
        best, lot = champions.growth[at, s], champions.lots[at, s]
        if is_crowned(half[v], lots[first + v], best, lot):
            champions.growth[at, s] = half[v]
            champions.lots[at, s] = lots[first + v]
            champions.rows[at, s] = first + v


@kernel("void(int32[:, ::1], int64[::1], int64[::1], Champions)")
def find_champions(
    growth: GrowthArray, lots: IntArray, masks: IntArray, champions: Champions
) -> None:
    """The best of some trials in both halves of every split.

    Args:
        growth: Shape (n, 64).
        lots: Shape (n,), decide between trials that grew the same.
        masks: Shape (n_splits,).
        champions: In and out; rows count from the first of `growth`.

    See: docs/evidence.md#pbo
    """
    sums = np.empty((2, N_SUMS, TILE), np.int64)
    totals = np.empty(TILE, np.int64)
    halves = np.empty((2, TILE), np.int64)
    for first in range(0, growth.shape[0], TILE):
        _fill(growth, first, NEVER_BEST, sums, totals)
        for s in range(masks.shape[0]):
            low, high = sums[0, masks[s] % N_SUMS], sums[1, masks[s] // N_SUMS]
            best = other_best = np.int64(NEVER_BEST * N_GROUPS)
            for v in range(TILE):
                half = low[v] + high[v]
                best = max(best, half)
                other_best = max(other_best, totals[v] - half)
            if best >= champions.growth[0, s] or other_best >= champions.growth[1, s]:
                for v in range(TILE):
                    halves[0, v] = low[v] + high[v]
                    halves[1, v] = totals[v] - halves[0, v]
                _crown(halves[0], lots, first, champions, 0, s)
                _crown(halves[1], lots, first, champions, 1, s)


@kernel("void(int32[:, ::1], int64[::1], int64[:, ::1], Counts)")
def count_below(growth: GrowthArray, masks: IntArray, after: IntArray, counts: Counts) -> None:
    """Add how many of some trials grew less than the champions in the halves that did not choose.

    Args:
        growth: Shape (n, 64).
        masks: Shape (n_splits,).
        after: Shape (2, n_splits), growth of the champion of each half in the other.
        counts: In and out.

    See: docs/evidence.md#pbo
    """
    sums = np.empty((2, N_SUMS, TILE), np.int64)
    totals = np.empty(TILE, np.int64)
    for first in range(0, growth.shape[0], TILE):
        _fill(growth, first, NEVER_BELOW, sums, totals)
        for s in range(masks.shape[0]):
            low, high = sums[0, masks[s] % N_SUMS], sums[1, masks[s] // N_SUMS]
            own, other = after[0, s], after[1, s]
            below = up_to = other_below = other_up_to = np.int64(0)
            for v in range(TILE):
                half = low[v] + high[v]
                rest = totals[v] - half
                below += np.int64(rest < own)
                up_to += np.int64(rest <= own)
                other_below += np.int64(half < other)
                other_up_to += np.int64(half <= other)
            counts.below[0, s] += below
            counts.up_to[0, s] += up_to
            counts.below[1, s] += other_below
            counts.up_to[1, s] += other_up_to
