"""Stage A at speed: the end equity of many base variants from their signal edges.

A fast score may differ from the exact one in the last digits; `shortlist` keeps a margin around
every cut and asks the exact trade log where it matters. Variants whose money comes near zero, where
errors grow, are marked NaN and scored exactly.

See: docs/scoring.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.bits.bitops import ONE, TOP, WORD_BITS, ZERO, trailing_zeros
from backtest.engine.bits.combine import BitRows, combine_slow
from backtest.engine.bits.edges import Word, edges_of, side_at, walk_with
from backtest.engine.money.account import Terms, greater, lesser, positive_part
from backtest.engine.money.prices import Prices
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray, WordArray

# Below this a factor or a balance is too close to zero for the fast arithmetic. The error of a
# trade is a share of what there was before it, so it grows by up to the inverse as a share of what
# is left. With 0, test_an_account_that_was_nearly_lost_is_scored_exactly fails.
NEAR_ZERO = 1e-3


@inline
def compounded(
    outer: WordArray, row: WordArray, close: FloatArray, inverse: FloatArray, factors: FloatArray
) -> float:
    """Product of the trade factors of `outer AND row`; NaN where one comes near zero.

    Two accumulators take turns so that the multiplications do not wait for each other. The loop is
    that of `walk_with`, written out: it is most of what an all-in run does, and as a step of the
    walk it takes 5 % longer. `close` is `Prices.padded`, `factors` are those of `Terms`.

    See: docs/scoring.md
    """
    even = odd = 1.0
    least = 1.0
    side = ZERO
    entry_inverse = 0.0
    carry_long = carry_short = ZERO
    for w in range(outer.shape[1]):
        long_word = outer[0, w] & row[0, w]
        short_word = outer[1, w] & row[1, w]
        edges = edges_of(long_word, short_word, carry_long, carry_short)
        carry_long = long_word >> TOP
        carry_short = short_word >> TOP
        while edges != ZERO:
            bit = trailing_zeros(edges)
            edges &= edges - ONE
            i = w * WORD_BITS + bit
            # A flat signal has factor 1: a multiplication too many costs less than a branch that
            # no processor can predict.
            factor = factors[0, side] + factors[1, side] * (close[i] * entry_inverse)
            least = lesser(least, factor)
            even, odd = odd, even * factor
            side = side_at(long_word, short_word, bit)
            entry_inverse = inverse[i]
    factor = factors[0, side] + factors[1, side] * (close[-1] * entry_inverse)
    least = lesser(least, factor)
    return even * odd * factor if least > NEAR_ZERO else np.nan


@kernel("void(BitRows, int64[:, ::1], Prices, Terms, float64[:, ::1])")
def score_compounding(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, out: FloatArray
) -> None:
    """End equity over initial cash where every entry takes the whole balance.

    Args:
        rows: The run's bit rows.
        outer_ids: Shape (n_outer, n_slow): slow rows to combine for each outer variant.
        prices: Prices of the target slice.
        terms: The account's terms.
        out: Out, shape (n_outer, n_fast); NaN asks for exact scoring.

    See: docs/scoring.md (backtest/engine/pipeline/shortlist.py)
    """
    fast, close, inverse, factors = rows.fast, prices.padded, prices.inverse, terms.factors
    outer = np.empty((2, fast.shape[2]), np.uint64)
    for q in range(outer_ids.shape[0]):
        combine_slow(rows, outer_ids[q], outer)
        for f in range(fast.shape[0]):
            out[q, f] = compounded(outer, fast[f], close, inverse, factors)


class Balance(NamedTuple):
    """The account so far, and the trade that is open.

    `least` is the least that was available, `least_gain` the least gain of a trade, as a fraction,
    and at most 0. `side` is 0 for flat; `entry_inverse` is one over the close of the entry.

    See: docs/scoring.md
    """

    available: float
    safe: float
    least: float
    least_gain: float
    side: Word
    entry_inverse: float


class Account(NamedTuple):
    """What steps of a `Balance` look at: `Prices.padded` as `close`, and members of `Terms`.

    `cap` is the most quote that an entry takes, `lock` the share of a net win that is put aside.

    See: docs/scoring.md
    """

    close: Annotated[FloatArray, "float64[::1]"]
    inverse: Annotated[FloatArray, "float64[::1]"]
    factors: Annotated[FloatArray, "float64[:, ::1]"]
    cap: Annotated[float, "float64"]
    lock: Annotated[float, "float64"]


@inline
def trade_step(
    available: float, safe: float, gain: float, cap: float, lock: float
) -> tuple[float, float]:
    """Available and safe money after a trade that changes what it takes by the fraction `gain`.

    See: docs/scoring.md (backtest/engine/money/trades.py has the exact steps)
    """
    quote = greater(0.0, lesser(available, cap))
    put_aside = positive_part(gain) * lock
    return available + quote * (gain - put_aside), safe + quote * put_aside


@inline
def _gain(state: Balance, bar: int, seen: Account) -> float:
    """Gain of the open trade at `bar`, as a fraction of what it took; 0 for a flat signal."""
    factors, side = seen.factors, state.side
    return factors[0, side] + factors[1, side] * (seen.close[bar] * state.entry_inverse) - 1.0


@inline
def _after(
    state: Balance, available: float, safe: float, gain: float, side: Word, entry_inverse: float
) -> Balance:
    least, least_gain = lesser(state.least, available), lesser(state.least_gain, gain)
    return Balance(available, safe, least, least_gain, side, entry_inverse)


@inline
def by_budget(state: Balance, bar: int, side: Word, seen: Account) -> Balance:
    """A trade that takes what is available, at most the cap, and nothing where nothing is left.

    See: docs/scoring.md
    """
    gain = _gain(state, bar, seen)
    available, safe = trade_step(state.available, state.safe, gain, seen.cap, seen.lock)
    return _after(state, available, safe, gain, side, seen.inverse[bar])


@inline
def by_fixed_quote(state: Balance, bar: int, side: Word, seen: Account) -> Balance:
    """A trade that takes the fixed quote; right only while as much is available.

    See: docs/scoring.md
    """
    gain = _gain(state, bar, seen)
    available = state.available + seen.cap * gain
    return _after(state, available, state.safe, gain, side, seen.inverse[bar])


@inline
def by_profit_lock(state: Balance, bar: int, side: Word, seen: Account) -> Balance:
    """A trade that takes the whole balance and puts a share of a win aside.

    See: docs/scoring.md
    """
    gain = _gain(state, bar, seen)
    put_aside = positive_part(gain) * seen.lock
    safe = state.safe + state.available * put_aside
    available = state.available * (1.0 + (gain - put_aside))
    return _after(state, available, safe, gain, side, seen.inverse[bar])


_walk_by_fixed_quote = walk_with(by_fixed_quote)
_walk_by_budget = walk_with(by_budget)
_walk_by_profit_lock = walk_with(by_profit_lock)


@inline
def fixed(outer: WordArray, row: WordArray, start: Balance, seen: Account) -> float:
    """End equity over initial cash with a fixed quote; NaN where money comes near zero.

    Profits add up while there is enough for every entry; else the signal is walked again, each
    entry with the budget that is there.

    See: docs/scoring.md
    """
    n_bars = seen.close.shape[0] - 1
    end = by_fixed_quote(_walk_by_fixed_quote(outer, row, start, seen), n_bars, ZERO, seen)
    floor = seen.cap
    if not end.least > floor:
        end = by_budget(_walk_by_budget(outer, row, start, seen), n_bars, ZERO, seen)
        floor = NEAR_ZERO * lesser(seen.cap, start.available)
    return (end.available + end.safe) / start.available if end.least > floor else np.nan


@inline
def locked(outer: WordArray, row: WordArray, start: Balance, seen: Account) -> float:
    """End equity over initial cash with a profit lock; NaN where money comes near zero.

    See: docs/scoring.md
    """
    n_bars = seen.close.shape[0] - 1
    end = by_profit_lock(_walk_by_profit_lock(outer, row, start, seen), n_bars, ZERO, seen)
    is_sound = end.least > 0.0 and 1.0 + end.least_gain > NEAR_ZERO
    return (end.available + end.safe) / start.available if is_sound else np.nan


@kernel("void(BitRows, int64[:, ::1], Prices, Terms, float64[:, ::1])")
def score_balances(
    rows: BitRows, outer_ids: IntArray, prices: Prices, terms: Terms, out: FloatArray
) -> None:
    """End equity over initial cash where the running balance matters (fixed quote, profit lock).

    Arguments as in `score_compounding`.

    See: docs/scoring.md
    """
    fast = rows.fast
    outer = np.empty((2, fast.shape[2]), np.uint64)
    cap, lock, cash = terms.budget_cap, terms.lock_rate, terms.init_cash
    seen = Account(prices.padded, prices.inverse, terms.factors, cap, lock)
    start = Balance(cash, 0.0, cash, 0.0, ZERO, 0.0)
    is_fixed = not np.isinf(cap)
    for q in range(outer_ids.shape[0]):
        combine_slow(rows, outer_ids[q], outer)
        for f in range(fast.shape[0]):
            if is_fixed:
                out[q, f] = fixed(outer, fast[f], start, seen)
            else:
                out[q, f] = locked(outer, fast[f], start, seen)
