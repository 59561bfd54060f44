"""Halves of the blocks on a CUDA device: a thread looks at some trials under one split.

Everything is whole numbers: champions are compared by growth, lot and row, counts add up. So what
the threads find is put together in the order of the rows, and is what the processors find.

See: docs/evidence.md#pbo
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportArgumentType=false
# numba-cuda is untyped. An element of an array is typed as if it could be an array itself.

from collections.abc import Callable
from typing import Any

import numpy as np

from backtest.engine.blocks.ledger import GrowthArray
from backtest.engine.cuda_device.failures import errors_as_lost
from backtest.engine.cuda_device.kernels import Kernel, cuda
from backtest.evidence.splits import (
    N_GROUPS,
    NEVER_BEST,
    Champions,
    Counts,
    group_sum,
    is_crowned,
)
from backtest.jit import inline
from backtest.types import IntArray

# Trials that a thread looks at: a launch has threads enough, and few numbers to put together.
ROWS_PER_PART = 1_024
# What a part tells of a half: growth, lot and row of its champion.
N_CHAMPION_FIELDS = 3


@inline
def _half_of(sums: IntArray, mask: int) -> np.int64:
    """Growth over the groups of a mask; `sums`, shape (16,), of each group."""
    half = np.int64(0)
    for q in range(N_GROUPS):
        half += sums[q] * ((mask >> q) & 1)
    return half


def sum_groups(growth: GrowthArray, sums: IntArray, totals: IntArray) -> None:
    """Growth of trials, shape (n, 64), in each group, shape (n, 16), and in all, shape (n,)."""
    m = cuda.grid(1)
    if m < totals.size:
        total = np.int64(0)
        for q in range(N_GROUPS):
            sums[m, q] = group_sum(growth[m], q)
            total += sums[m, q]
        totals[m] = total


def crown_parts(
    sums: IntArray, totals: IntArray, lots: IntArray, masks: IntArray, first: int, parts: IntArray
) -> None:
    """The best of each part of the trials in both halves of every split.

    Args:
        sums: Shape (n, 16), of `sum_groups`.
        totals: Shape (n,), of `sum_groups`.
        lots: Shape (n,).
        masks: Shape (n_splits,).
        first: Row of the first trial.
        parts: Out, shape (n_parts, 3, 2, n_splits): growth, lots and rows of champions.
    """
    i = cuda.grid(1)
    n_parts, n_splits = parts.shape[0], masks.size
    if i < n_parts * n_splits:
        p, s = i // n_splits, i % n_splits
        height = (totals.size + n_parts - 1) // n_parts
        own = other = np.int64(NEVER_BEST)
        own_lot = other_lot = np.int64(-1)
        own_row = other_row = 0
        for m in range(p * height, min(totals.size, (p + 1) * height)):
            half, lot = _half_of(sums[m], masks[s]), lots[m]
            if is_crowned(half, lot, own, own_lot):
                own, own_lot, own_row = half, lot, first + m
            rest = totals[m] - half
            if is_crowned(rest, lot, other, other_lot):
                other, other_lot, other_row = rest, lot, first + m
        parts[p, 0, 0, s], parts[p, 1, 0, s], parts[p, 2, 0, s] = own, own_lot, own_row
        parts[p, 0, 1, s], parts[p, 1, 1, s], parts[p, 2, 1, s] = other, other_lot, other_row


def crown_best(parts: IntArray, best: IntArray) -> None:
    """Let the champions of parts, in their order, contend with `best`, shape (3, 2, n_splits)."""
    i = cuda.grid(1)
    n_splits = best.shape[2]
    if i < 2 * n_splits:
        at, s = i // n_splits, i % n_splits
        for p in range(parts.shape[0]):
            if is_crowned(parts[p, 0, at, s], parts[p, 1, at, s], best[0, at, s], best[1, at, s]):
                for k in range(N_CHAMPION_FIELDS):
                    best[k, at, s] = parts[p, k, at, s]


def count_parts(
    sums: IntArray, totals: IntArray, masks: IntArray, after: IntArray, parts: IntArray
) -> None:
    """How many trials of each part grew less than the champions where these were not chosen.

    Args:
        sums: Shape (n, 16), of `sum_groups`.
        totals: Shape (n,), of `sum_groups`.
        masks: Shape (n_splits,).
        after: Shape (2, n_splits), growth of the champion of each half in the other.
        parts: Out, shape (n_parts, 2, 2, n_splits): how many grew less, and no more.
    """
    i = cuda.grid(1)
    n_parts, n_splits = parts.shape[0], masks.size
    if i < n_parts * n_splits:
        p, s = i // n_splits, i % n_splits
        height = (totals.size + n_parts - 1) // n_parts
        own, other = after[0, s], after[1, s]
        below = up_to = other_below = other_up_to = np.int64(0)
        for m in range(p * height, min(totals.size, (p + 1) * height)):
            half = _half_of(sums[m], masks[s])
            rest = totals[m] - half
            below += np.int64(rest < own)
            up_to += np.int64(rest <= own)
            other_below += np.int64(half < other)
            other_up_to += np.int64(half <= other)
        parts[p, 0, 0, s], parts[p, 1, 0, s] = below, up_to
        parts[p, 0, 1, s], parts[p, 1, 1, s] = other_below, other_up_to


def add_counts(parts: IntArray, counts: IntArray) -> None:
    """Add the counts of parts to `counts`, shape (2, 2, n_splits)."""
    i = cuda.grid(1)
    n_splits = counts.shape[2]
    if i < counts.size:
        k, at, s = i // (2 * n_splits), i // n_splits % 2, i % n_splits
        total = counts[k, at, s]
        for p in range(parts.shape[0]):
            total += parts[p, k, at, s]
        counts[k, at, s] = total


_SUMS = "int64[:, ::1], int64[::1]"
_PARTS = "int64[:, :, :, ::1]"

SIGNATURES: dict[Kernel, str] = {
    sum_groups: f"void(int32[:, ::1], {_SUMS})",
    crown_parts: f"void({_SUMS}, int64[::1], int64[::1], int64, {_PARTS})",
    crown_best: f"void({_PARTS}, int64[:, :, ::1])",
    count_parts: f"void({_SUMS}, int64[::1], int64[:, ::1], {_PARTS})",
    add_counts: f"void({_PARTS}, int64[:, :, ::1])",
}


class CudaHalves:
    """Looks at trials under every split; all methods are called in the device's thread.

    Args:
        launch: `launch(kernel, n_threads, *arguments)`.
        masks: Shape (n_splits,), see `column_splits`.

    See: docs/scale.md#an-accelerator
    """

    @errors_as_lost()
    def __init__(self, launch: Callable[..., None], masks: IntArray) -> None:
        self._launch, self._n_splits = launch, len(masks)
        self._masks = cuda.to_device(masks)
        best = np.empty((N_CHAMPION_FIELDS, 2, len(masks)), np.int64)
        best[0], best[1], best[2] = NEVER_BEST, -1, 0
        self._best = cuda.to_device(best)
        self._counts = cuda.to_device(np.zeros((2, 2, len(masks)), np.int64))

    @errors_as_lost()
    def crown(self, growth: GrowthArray, lots: IntArray, first: int) -> None:
        """Let trials contend, shape (n, 64) and (n,), the first of which is row `first`."""
        sums, parts = self._summed(growth, N_CHAMPION_FIELDS)
        own = (cuda.to_device(lots), self._masks, first, parts)
        self._launch(crown_parts, parts.shape[0] * self._n_splits, *sums, *own)
        self._launch(crown_best, 2 * self._n_splits, parts, self._best)

    @errors_as_lost()
    def champions(self) -> Champions:
        """The best of all that contended."""
        return Champions(*self._best.copy_to_host())

    @errors_as_lost()
    def count(self, growth: GrowthArray, after: IntArray) -> None:
        """Count trials, shape (n, 64), that did not grow more than `after`, shape (2, n_splits)."""
        sums, parts = self._summed(growth, 2)
        own = (self._masks, cuda.to_device(after), parts)
        self._launch(count_parts, parts.shape[0] * self._n_splits, *sums, *own)
        self._launch(add_counts, self._counts.size, parts, self._counts)

    @errors_as_lost()
    def counts(self) -> Counts:
        """The counts of all that were counted."""
        return Counts(*self._counts.copy_to_host())

    def _summed(self, growth: GrowthArray, n_fields: int) -> tuple[tuple[Any, Any], Any]:
        """Sums of groups and of all, and room for what parts tell."""
        sums = cuda.device_array((len(growth), N_GROUPS), np.int64)
        totals = cuda.device_array(len(growth), np.int64)
        self._launch(sum_groups, len(growth), cuda.to_device(growth), sums, totals)
        n_parts = -(-len(growth) // ROWS_PER_PART)
        parts = cuda.device_array((n_parts, n_fields, 2, self._n_splits), np.int64)
        return (sums, totals), parts
