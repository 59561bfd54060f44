"""Equity at the ends of blocks becomes growth in whole millionths, the same on every processor.

A library's logarithm differs in its last bit between processors and versions, and would round some
growth differently. This one is made of additions, multiplications and divisions alone, which IEEE
754 rounds in one way, and nothing here is contracted to fused operations.

See: docs/ledger.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
import math

import numpy as np

from backtest.engine.blocks.ledger import MOST, N_BLOCKS, RUINED, UNITS, FlagArray, GrowthArray
from backtest.engine.money.account import greater, lesser
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray

LN2 = 0.6931471805599453
# Growth since the start is cut off long before.
SMALLEST, LARGEST = 1e-240, 1e240
BIAS = 1023
_MOST = float(MOST)
# Bits of 1.0 and of the square root of a half: as whole numbers, floats are in the same order.
_ONE = np.uint64(0x3FF0000000000000)
_ROOT = np.uint64(0x3FE6A09E667F3BCD)
_FRACTION_BITS = np.uint64(52)


@inline
def write_growth(equity: FloatArray, adds_up: bool, totals: IntArray, out: GrowthArray) -> bool:
    """Growth of one account in each block, from equity at the blocks' ends.

    What is rounded is the growth since the start, so that the rounding does not add up.

    Args:
        equity: Shape (64,), over the initial cash; overwritten.
        adds_up: Growth is a share of the initial cash instead of a logarithm.
        totals: Scratch, shape (64,) int64.
        out: Out, shape (64,) int32, millionths; `RUINED` from the block on at whose end equity is
            first not positive.

    Returns:
        Whether the account was ruined.

    See: docs/ledger.md (tests/backtest/engine/test_growth.py has it in plain Python)
    """
    alive = _blocks_alive(equity)
    total_growth(equity, adds_up, totals)
    out[0] = totals[0]
    for k in range(1, N_BLOCKS):
        out[k] = totals[k] - totals[k - 1]
    for k in range(alive, N_BLOCKS):
        out[k] = RUINED
    return alive < N_BLOCKS


@inline
def write_block(
    equity: FloatArray, adds_up: bool, k: int, totals: IntArray, out: GrowthArray, ruined: FlagArray
) -> None:
    """Growth of many accounts in one block; blocks are to be written in their order.

    Args:
        equity: Shape (n,), at the end of the block, over the initial cash; overwritten.
        adds_up: As in `write_growth`.
        k: The block.
        totals: Shape (2, n) int64: growth up to the block before, replaced, and scratch.
        out: Out, shape (n, 64) int32, millionths; column `k` is written.
        ruined: Shape (n,), true where an account was ruined before; replaced.

    See: docs/ledger.md (backtest/engine/scoring/plane_growth.py)
    """
    for c in range(equity.shape[0]):
        ruined[c] |= not equity[c] > 0.0
    total_growth(equity, adds_up, totals[1])
    for c in range(equity.shape[0]):
        out[c, k] = RUINED if ruined[c] else totals[1, c] - totals[0, c]
        totals[0, c] = totals[1, c]


@kernel("boolean(float64[::1], boolean, int32[::1])")
def grow_row(equity: FloatArray, adds_up: bool, out: GrowthArray) -> bool:
    """`write_growth` of a single account.

    Args:
        equity: Shape (64,), over the initial cash; overwritten.
        adds_up: Growth is a share of the initial cash instead of a logarithm.
        out: Out, shape (64,), millionths.

    Returns:
        Whether the account was ruined.

    See: docs/ledger.md
    """
    return write_growth(equity, adds_up, np.empty(N_BLOCKS, np.int64), out)


@inline
def _blocks_alive(equity: FloatArray) -> int:
    """How many blocks end before equity is first not positive."""
    n_positive = 0
    # A count has no branches. A NaN, which an overflow leaves, is not worth anything either.
    for k in range(N_BLOCKS):
        n_positive += equity[k] > 0.0
    if n_positive == N_BLOCKS:
        return N_BLOCKS
    alive = 0
    while equity[alive] > 0.0:
        alive += 1
    return alive


@inline
def total_growth(equity: FloatArray, adds_up: bool, out: IntArray) -> None:
    """Growth since the start in whole millionths, halves rounded up.

    Args:
        equity: Shape (n,), over the initial cash; overwritten.
        adds_up: As in `write_growth`.
        out: Out, shape (n,) int64.

    See: docs/ledger.md
    """
    measure_growth(equity, adds_up, out)
    for k in range(equity.shape[0]):
        out[k] = math.floor(equity[k] + 0.5)


@inline
def measure_growth(equity: FloatArray, adds_up: bool, scratch: IntArray) -> None:
    """Growth since the start in millionths, not yet rounded, in place of the equity.

    The logarithm is the series `ln(m) = 2 (s + s^3/3 + s^5/5 + ...)`, `s = (m - 1) / (m + 1)`.
    Equity is split by its bits into a power of two and an `m` between the roots of a half and of
    two, where eight terms are within 2e-14.

    Args:
        equity: Shape (n,), over the initial cash; replaced by the growth, within `MOST`.
        adds_up: As in `write_growth`.
        scratch: Shape (n,) int64.

    See: docs/ledger.md
    """
    n = equity.shape[0]
    if adds_up:
        for k in range(n):
            equity[k] = _millionths(equity[k] - 1.0)
        return
    for k in range(n):
        equity[k] = lesser(greater(equity[k], SMALLEST), LARGEST)
    # Exponents wait in `scratch`, so that neither loop sees one array both as floats and as bits:
    # the compiler makes no vectors of such a loop.
    bits = equity.view(np.uint64)
    for k in range(n):
        exponent = (bits[k] + (_ONE - _ROOT)) >> _FRACTION_BITS
        bits[k] = bits[k] - (exponent << _FRACTION_BITS) + _ONE
        scratch[k] = np.int64(exponent) - BIAS
    for k in range(n):
        s = (equity[k] - 1.0) / (equity[k] + 1.0)
        z = s * s
        rest = 1.0 / 9.0 + z * (1.0 / 11.0 + z * (1.0 / 13.0 + z * (1.0 / 15.0)))
        series = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * rest)))
        equity[k] = _millionths(np.float64(scratch[k]) * LN2 + 2.0 * s * series)


@inline
def _millionths(growth: float) -> float:
    """Growth in units, cut off at the most that a ledger holds."""
    return lesser(greater(growth * UNITS, -_MOST), _MOST)
