"""Stage A at speed: the end equity of many base variants from their signal edges.

A fast score may differ from the exact one in the last digits; `shortlist` keeps a margin around
every cut and asks the exact trade log where it matters. Variants whose money comes near zero, where
errors grow, are marked NaN and scored exactly.

See: docs/scoring.md
"""

import numpy as np

from backtest.engine.account import BUDGET_CAP, FEE_RATE, INIT_CASH, LOCK_RATE, SLIP_RATE
from backtest.engine.bitops import ONE, TOP, WORD_BITS, ZERO, trailing_zeros
from backtest.engine.combine import combine
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray, WordArray

# below this a factor or a balance is too close to zero for the fast arithmetic
NEAR_ZERO = 1e-3


def trade_coefficients(terms: FloatArray) -> FloatArray:
    """Equity after a trade over equity before: `offset + slope * close[exit] / close[entry]`.

    Returns:
        Shape (2, 3): offsets and slopes for flat, long and short.
    """
    fee, slip = terms[FEE_RATE], terms[SLIP_RATE]
    offsets = (1.0, -fee, 2.0 - fee)
    slopes = (
        0.0,
        (1.0 - slip) * (1.0 - fee) / (1.0 + slip),
        -(1.0 + slip) * (1.0 + fee) / (1.0 - slip),
    )
    return np.array([offsets, slopes], np.float64)


@inline
def _compounded(
    outer: WordArray, row: WordArray, close: FloatArray, inverse: FloatArray, factors: FloatArray
) -> float:
    """Product of the trade factors of `outer AND row`; NaN where one comes near zero.

    Two accumulators take turns so that the multiplications do not wait for each other.
    """
    even = odd = 1.0
    least = 1.0
    side = 0
    entry_inverse = 0.0
    carry_long = carry_short = ZERO
    for w in range(outer.shape[1]):
        long_word = outer[0, w] & row[0, w]
        short_word = outer[1, w] & row[1, w]
        edges = (long_word ^ ((long_word << ONE) | carry_long)) | (
            short_word ^ ((short_word << ONE) | carry_short)
        )
        carry_long = long_word >> TOP
        carry_short = short_word >> TOP
        while edges != ZERO:
            bit = trailing_zeros(edges)
            edges &= edges - ONE
            i = w * WORD_BITS + bit
            factor = factors[0, side] + factors[1, side] * (close[i] * entry_inverse)
            least = min(least, factor)
            even, odd = odd, even * factor
            shift = np.uint64(bit)
            side = np.int64(((long_word >> shift) & ONE) | (((short_word >> shift) & ONE) << ONE))
            entry_inverse = inverse[i]
    factor = factors[0, side] + factors[1, side] * (close[-1] * entry_inverse)
    least = min(least, factor)
    return even * odd * factor if least > NEAR_ZERO else np.nan


@kernel(
    "void(uint64[:, :, ::1], int64[:, ::1], uint64[::1], uint64[:, :, ::1], float64[::1],"
    " float64[::1], float64[:, ::1], uint64[:, ::1], float64[:, ::1])"
)
def score_compounding(
    rows: WordArray,
    outer_ids: IntArray,
    side_masks: WordArray,
    fast_rows: WordArray,
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    outer: WordArray,
    out: FloatArray,
) -> None:
    """End equity over initial cash where every entry takes the whole balance.

    Args:
        rows: Bit rows of the slow indicators, shape (n_rows, 2, n_words).
        outer_ids: Shape (n_outer, n_slow): rows to combine for each outer variant.
        side_masks: Shape (2,), see `combine`.
        fast_rows: Bit rows of the fast indicator, shape (n_fast, 2, n_words).
        close: Shape (n_bars + 1,), the target slice with its last close repeated; `inverse` is
            `1 / close`.
        inverse: See `close`.
        factors: `trade_coefficients`.
        outer: Scratch, shape (2, n_words).
        out: Out, shape (n_outer, n_fast); NaN asks for exact scoring.
    """
    for q in range(outer_ids.shape[0]):
        combine(rows, outer_ids[q], side_masks, outer)
        for f in range(fast_rows.shape[0]):
            out[q, f] = _compounded(outer, fast_rows[f], close, inverse, factors)


@inline
def balance_step(
    available: float, safe: float, factor: float, terms: FloatArray
) -> tuple[float, float]:
    """Account after a trade whose budget would be multiplied by `factor`."""
    quote = max(0.0, min(available, terms[BUDGET_CAP]))
    change = quote * (factor - 1.0)
    locked = max(0.0, change) * terms[LOCK_RATE]
    return available + change - locked, safe + locked


@inline
def _balanced(
    outer: WordArray,
    row: WordArray,
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    terms: FloatArray,
) -> float:
    """End equity over initial cash of `outer AND row`; NaN where the balance nears zero."""
    available = terms[INIT_CASH]
    safe = 0.0
    least = available
    side = 0
    entry_inverse = 0.0
    carry_long = carry_short = ZERO
    for w in range(outer.shape[1]):
        long_word = outer[0, w] & row[0, w]
        short_word = outer[1, w] & row[1, w]
        edges = (long_word ^ ((long_word << ONE) | carry_long)) | (
            short_word ^ ((short_word << ONE) | carry_short)
        )
        carry_long = long_word >> TOP
        carry_short = short_word >> TOP
        while edges != ZERO:
            bit = trailing_zeros(edges)
            edges &= edges - ONE
            i = w * WORD_BITS + bit
            factor = factors[0, side] + factors[1, side] * (close[i] * entry_inverse)
            available, safe = balance_step(available, safe, factor, terms)
            least = min(least, available)
            shift = np.uint64(bit)
            side = np.int64(((long_word >> shift) & ONE) | (((short_word >> shift) & ONE) << ONE))
            entry_inverse = inverse[i]
    factor = factors[0, side] + factors[1, side] * (close[-1] * entry_inverse)
    available, safe = balance_step(available, safe, factor, terms)
    least = min(least, available)
    if least > NEAR_ZERO * terms[INIT_CASH]:
        return (available + safe) / terms[INIT_CASH]
    return np.nan


@kernel(
    "void(uint64[:, :, ::1], int64[:, ::1], uint64[::1], uint64[:, :, ::1], float64[::1],"
    " float64[::1], float64[:, ::1], float64[::1], uint64[:, ::1], float64[:, ::1])"
)
def score_balances(
    rows: WordArray,
    outer_ids: IntArray,
    side_masks: WordArray,
    fast_rows: WordArray,
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    terms: FloatArray,
    outer: WordArray,
    out: FloatArray,
) -> None:
    """End equity over initial cash where the running balance matters (fixed quote, profit lock).

    Arguments as in `score_compounding`, and `terms` of the account.
    """
    for q in range(outer_ids.shape[0]):
        combine(rows, outer_ids[q], side_masks, outer)
        for f in range(fast_rows.shape[0]):
            out[q, f] = _balanced(outer, fast_rows[f], close, inverse, factors, terms)
