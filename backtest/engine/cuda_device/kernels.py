"""Kernels of a CUDA device: one thread for one variant, which takes the steps of `score`.

They are plain functions here; `compiled` makes device code of them. What they call is what the
processors run, so there is one definition of a trade, and one order of its operations.

See: docs/scale.md#an-accelerator
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportArgumentType=false
# numba-cuda is untyped. An element of an array is typed as if it could be an array itself.

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np
from numba import cuda as _cuda

from backtest.engine.bits.bitops import ZERO
from backtest.engine.blocks.growth import write_growth
from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.cuda_device.growth import (
    Marking,
    grown_fixed,
    grown_locked,
    grown_product,
)
from backtest.engine.scoring.score import Account, Balance, compounded, fixed, locked
from backtest.types import FloatArray, IntArray, WordArray

cuda: Any = _cuda


def turn_rows(rows: WordArray, out: WordArray) -> None:
    """Bit rows with the variants last, so that neighbouring threads read neighbouring words.

    One thread per word.

    Args:
        rows: Shape (n_rows, 2, n_words).
        out: Out, shape (2, n_words, n_rows).

    See: docs/scale.md#an-accelerator
    """
    i = cuda.grid(1)
    if i < out.size:
        n_words, n_rows = out.shape[1], out.shape[2]
        place, row = i // n_rows, i % n_rows
        side, word = place // n_words, place % n_words
        out[side, word, row] = rows[row, side, word]


def combine_rows(slow: WordArray, ids: IntArray, side_masks: WordArray, out: WordArray) -> None:
    """What `combine.combine_slow` does, for many outer variants; one thread per word.

    Args:
        slow: Shape (n, 2, n_words).
        ids: Shape (n_outer, n_slow): which of them each outer variant combines.
        side_masks: Shape (2,).
        out: Out, shape (n_outer, 2, n_words).

    See: docs/signals.md (backtest/engine/bits/combine.py)
    """
    i = cuda.grid(1)
    if i < out.size:
        n_words = out.shape[2]
        row, word = i // n_words, i % n_words
        outer, side = row // 2, row % 2
        bits = side_masks[side]
        for k in range(ids.shape[1]):
            bits &= slow[ids[outer, k], side, word]
        out[outer, side, word] = bits


def score_compounding(outer: WordArray, fast: WordArray, account: Account, out: FloatArray) -> None:
    """Scores where every entry takes the whole balance; one thread per variant.

    Args:
        outer: Shape (n_outer, 2, n_words).
        fast: Shape (2, n_words, n_rows).
        account: Prices and terms.
        out: Out, shape (n_outer, n_rows), end equity over initial cash; NaN asks for exact scoring.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/score.py)
    """
    i = cuda.grid(1)
    if i < out.size:
        q, f = i // out.shape[1], i % out.shape[1]
        out[q, f] = compounded(
            outer[q], fast[:, :, f], account.close, account.inverse, account.factors
        )


def score_fixed(
    outer: WordArray, fast: WordArray, account: Account, cash: float, out: FloatArray
) -> None:
    """End equity over initial cash where every entry takes a fixed quote, the account's `cap`.

    `cash` is the initial cash; the others are as in `score_compounding`.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/score.py)
    """
    i = cuda.grid(1)
    if i < out.size:
        q, f = i // out.shape[1], i % out.shape[1]
        start = Balance(cash, 0.0, cash, 0.0, ZERO, 0.0)
        out[q, f] = fixed(outer[q], fast[:, :, f], start, account)


def score_locked(
    outer: WordArray, fast: WordArray, account: Account, cash: float, out: FloatArray
) -> None:
    """End equity over initial cash where the account's share `lock` of a net win is put aside.

    `cash` is the initial cash; the others are as in `score_compounding`.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/score.py)
    """
    i = cuda.grid(1)
    if i < out.size:
        q, f = i // out.shape[1], i % out.shape[1]
        start = Balance(cash, 0.0, cash, 0.0, ZERO, 0.0)
        out[q, f] = locked(outer[q], fast[:, :, f], start, account)


Kernel = Callable[..., None]


class GrownRows(NamedTuple):
    """What a growing kernel fills: scores and the ledger of outer variants with every row.

    `scores` and `ruined` have shape (n_outer, n_rows), `growth`, in millionths, (n_outer, n_rows,
    64).

    See: docs/ledger.md
    """

    scores: Annotated[FloatArray, "float64[:, ::1]"]
    growth: Annotated[GrowthArray, "int32[:, :, ::1]"]
    ruined: Annotated[FlagArray, "boolean[:, ::1]"]


def _grow_with(name: str, grown: Callable[..., float], adds_up: bool) -> Kernel:
    """A kernel that fills the ledger as well; `grown` walks and marks equity (`growth`)."""

    def grow(
        outer: WordArray,
        fast: WordArray,
        account: Account,
        marks: Marks,
        slots: IntArray,
        cash: float,
        out: GrownRows,
    ) -> None:
        i = cuda.grid(1)
        if i < out.scores.size:
            q, f = i // out.scores.shape[1], i % out.scores.shape[1]
            equity = cuda.local.array(N_BLOCKS, np.float64)
            totals = cuda.local.array(N_BLOCKS, np.int64)
            seen = Marking(account, marks, slots, cash, equity)
            out.scores[q, f] = grown(outer[q], fast[:, :, f], seen)
            out.ruined[q, f] = write_growth(equity, adds_up, totals, out.growth[q, f])

    grow.__name__ = name
    return grow


grow_compounding = _grow_with("grow_compounding", grown_product, False)
grow_fixed = _grow_with("grow_fixed", grown_fixed, True)
grow_locked = _grow_with("grow_locked", grown_locked, False)

_ROWS = "uint64[:, :, ::1]"
_SCORES = "float64[:, ::1]"
_GROW = f"void({_ROWS}, {_ROWS}, Account, Marks, int64[::1], float64, GrownRows)"

# Every kernel with the only signature that it has.
SIGNATURES: dict[Kernel, str] = {
    turn_rows: f"void({_ROWS}, {_ROWS})",
    combine_rows: f"void({_ROWS}, int64[:, ::1], uint64[::1], {_ROWS})",
    score_compounding: f"void({_ROWS}, {_ROWS}, Account, {_SCORES})",
    score_fixed: f"void({_ROWS}, {_ROWS}, Account, float64, {_SCORES})",
    score_locked: f"void({_ROWS}, {_ROWS}, Account, float64, {_SCORES})",
    grow_compounding: _GROW,
    grow_fixed: _GROW,
    grow_locked: _GROW,
}
