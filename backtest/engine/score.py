"""Stage A at speed: the end equity of many base variants from their signal edges.

A fast score may differ from the exact one in the last digits; `shortlist` keeps a margin around
every cut and asks the exact trade log where it matters. Variants whose money comes near zero, where
errors grow, are marked NaN and scored exactly.

See: docs/scoring.md
"""

import numpy as np

from backtest.engine.account import (
    BUDGET_CAP,
    FEE_RATE,
    INIT_CASH,
    LOCK_RATE,
    SLIP_RATE,
    positive_part,
)
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
def trade_step(
    available: float, safe: float, gain: float, cap: float, lock: float
) -> tuple[float, float]:
    """Account after a trade that changes what it takes by the fraction `gain`."""
    quote = max(0.0, min(available, cap))
    put_aside = positive_part(gain) * lock
    return available + quote * (gain - put_aside), safe + quote * put_aside


@inline
def _balanced(
    outer: WordArray,
    row: WordArray,
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    terms: FloatArray,
    is_fixed: bool,
    is_careful: bool,
) -> float:
    """End equity over initial cash of `outer AND row`; NaN where the formula does not hold.

    The quick way multiplies the whole balance, or adds to it what a fixed quote earns; it holds
    while the balance stays positive, or above the fixed quote. The careful way takes every trade's
    budget as it comes.
    """
    available = terms[INIT_CASH]
    cap, lock = terms[BUDGET_CAP], terms[LOCK_RATE]
    safe = 0.0
    least = available
    least_gain = 0.0
    side = 0
    entry_inverse = 0.0
    carry_long = carry_short = ZERO
    n_words = outer.shape[1]
    for w in range(n_words + 1):
        long_word = short_word = ZERO
        if w < n_words:
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
            i = min(w * WORD_BITS + bit, close.shape[0] - 1)
            gain = factors[0, side] + factors[1, side] * (close[i] * entry_inverse) - 1.0
            if is_careful:
                available, safe = trade_step(available, safe, gain, cap, lock)
            elif is_fixed:
                available += cap * gain
            else:
                put_aside = positive_part(gain) * lock
                safe += available * put_aside
                available *= 1.0 + (gain - put_aside)
            least = min(least, available)
            least_gain = min(least_gain, gain)
            shift = np.uint64(bit)
            side = np.int64(((long_word >> shift) & ONE) | (((short_word >> shift) & ONE) << ONE))
            entry_inverse = inverse[i]
    floor = cap if is_fixed and not is_careful else 0.0
    if is_fixed and is_careful:
        floor = NEAR_ZERO * min(cap, terms[INIT_CASH])
    is_sound = least > floor and (is_fixed or 1.0 + least_gain > NEAR_ZERO)
    return (available + safe) / terms[INIT_CASH] if is_sound else np.nan


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
    is_fixed = not np.isinf(terms[BUDGET_CAP])
    for q in range(outer_ids.shape[0]):
        combine(rows, outer_ids[q], side_masks, outer)
        for f in range(fast_rows.shape[0]):
            score = _balanced(outer, fast_rows[f], close, inverse, factors, terms, is_fixed, False)
            if is_fixed and np.isnan(score):
                score = _balanced(
                    outer, fast_rows[f], close, inverse, factors, terms, is_fixed, True
                )
            out[q, f] = score
