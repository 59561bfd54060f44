"""Bit rows to segments: where a signal opens a position and where it would close it.

See: docs/scoring.md
"""

from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.bits.bitops import ZERO
from backtest.engine.bits.edges import Word, walk_with
from backtest.jit import inline, kernel
from backtest.types import IntArray, WordArray


class Segments(NamedTuple):
    """The runs of a combined signal in the order of their entries, each shape (>= n_bars + 1,).

    `entries` are first bars, `exits` the first bars after, `n_bars` for a run that reaches the
    end, `sides` `LONG` or `SHORT`. How many places are in use is said beside.

    See: docs/scoring.md
    """

    entries: Annotated[IntArray, "int64[::1]"]
    exits: Annotated[IntArray, "int64[::1]"]
    sides: Annotated[IntArray, "int64[::1]"]


def empty_segments(n_bars: int) -> Segments:
    """Room for the segments of any signal over `n_bars` bars.

    One place more than there can be runs: it takes what is written before it is known to count.

    See: docs/scoring.md
    """
    entries, exits, sides = np.empty((3, n_bars + 1), np.int64)
    return Segments(entries, exits, sides)


@inline
def _at_edge(state: tuple[int, Word], bar: int, side: Word, segments: Segments) -> tuple[int, Word]:
    """End the open run at `bar` and begin the next one; `state` is the count and the side."""
    n, before = state
    # stores without branches: the last place takes exits that nobody waits for
    segments.exits[n - 1 if before != ZERO else segments.exits.shape[0] - 1] = bar
    segments.entries[n] = bar
    segments.sides[n] = side
    return n + (side != ZERO), side


_walk_segments = walk_with(_at_edge)


@inline
def find_runs(outer: WordArray, row: WordArray, n_bars: int, segments: Segments) -> int:
    """The step behind `find_segments`, with the same arguments and result.

    It stands by itself because a kernel of a CUDA device calls it too, and cannot call a kernel of
    the processors.

    See: docs/scoring.md (backtest/engine/cuda_device/plane_kernels.py)
    """
    n, side = _walk_segments(outer, row, (0, ZERO), segments)
    if side != ZERO:
        segments.exits[n - 1] = n_bars
    return n


@kernel("int64(uint64[:, ::1], uint64[:, ::1], int64, Segments)")
def find_segments(outer: WordArray, row: WordArray, n_bars: int, segments: Segments) -> int:
    """List the runs of `outer AND row`.

    Args:
        outer: Shape (2, n_words), long before short: bit `i % 64` of word `i // 64` is bar `i`.
            A forbidden side must be all zero.
        row: The same. No bar of the two together is both long and short, or beyond `n_bars`.
        n_bars: Bars of the target slice.
        segments: Out, with exactly `n_bars + 1` places.

    Returns:
        The number of runs.

    See: docs/scoring.md
    """
    return find_runs(outer, row, n_bars, segments)
