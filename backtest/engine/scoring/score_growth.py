"""Stage A with its ledger: scores of base variants, and their growth in each block on the way.

The scores are those of `score` but for the last digits, which `shortlist` does not rely on.

See: docs/ledger.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from backtest.engine.bits.bitops import ONE, TOP, ZERO, trailing_zeros
from backtest.engine.bits.combine import BitRows, combine_slow
from backtest.engine.bits.edges import Word, cut_walk_with, edges_of, side_at
from backtest.engine.blocks.growth import write_growth
from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks, cut, side_before
from backtest.engine.money.account import Terms, greater, lesser
from backtest.engine.money.prices import Prices
from backtest.engine.scoring.score import (
    NEAR_ZERO,
    Account,
    Balance,
    by_budget,
    by_fixed_quote,
    by_profit_lock,
)
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray, WordArray

# columns of what is kept before each word; a product of factors is kept as what is available, next
# to the only other one that it needs, and a row is a power of two
AVAILABLE, ENTRY_INVERSE, SAFE = range(3)
N_KEPT = 4


class SeenAtMarks(Protocol):
    """What walks that stop at marks look at, whatever they keep.

    See: docs/ledger.md
    """

    @property
    def account(self) -> Account:
        """What steps look at."""
        ...

    @property
    def marks(self) -> Marks:
        """Where words are cut."""
        ...


Seen = TypeVar("Seen", bound=SeenAtMarks)
End = Callable[[WordArray, WordArray, Balance, Seen], tuple[Balance, float]]


class _Seen(NamedTuple):
    """What a walk looks at, and the rows of what it keeps, one for each cut word."""

    account: Account
    marks: Marks
    kept: FloatArray


@inline
def _compounded(outer: WordArray, row: WordArray, seen: _Seen) -> float:
    """Product of the trade factors of `outer AND row`; NaN where one comes near zero.

    Two accumulators take turns so that the multiplications do not wait for each other. The loop is
    that of `cut_walk_with`, written out for the reason that `score` gives.
    """
    close, inverse, factors = seen.account.close, seen.account.inverse, seen.account.factors
    firsts, kept = seen.marks.firsts, seen.kept
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
        kept[w, AVAILABLE], kept[w, ENTRY_INVERSE] = even * odd, entry_inverse
        first = firsts[w]
        while edges != ZERO:
            bit = trailing_zeros(edges)
            edges &= edges - ONE
            i = first + np.uint64(bit)
            factor = factors[0, side] + factors[1, side] * (close[i] * entry_inverse)
            least = lesser(least, factor)
            even, odd = odd, even * factor
            side = side_at(long_word, short_word, bit)
            entry_inverse = inverse[i]
    factor = factors[0, side] + factors[1, side] * (close[-1] * entry_inverse)
    least = lesser(least, factor)
    end = even * odd * factor
    return end if least > NEAR_ZERO else np.nan


@inline
def worth(close: float, entry_inverse: float, side: Word, factors: FloatArray) -> float:
    """Equity at a close over equity before the entry; `factors` are those of `Marks`.

    See: docs/ledger.md
    """
    return factors[0, side] + factors[1, side] * (close * entry_inverse)


@inline
def worth_of_budget(available: float, safe: float, gain: float, cap: float) -> float:
    """Equity while a trade is open that took what was available, at most the cap.

    `gain` is a fraction of what it took.

    See: docs/ledger.md
    """
    quote = greater(0.0, lesser(available, cap))
    return available + safe + quote * gain


@inline
def _mark_products(
    outer: WordArray, row: WordArray, seen: _Seen, end: float, equity: FloatArray
) -> None:
    """Equity at the ends of blocks, over the initial cash."""
    marks, close, kept = seen.marks, seen.account.close, seen.kept
    for k in range(N_BLOCKS - 1):
        w = marks.stops[k]
        side = side_before(outer, row, w)
        factor = worth(close[marks.ends[k]], kept[w, ENTRY_INVERSE], side, marks.factors)
        equity[k] = kept[w, AVAILABLE] * factor
    # whatever is open is closed on the last bar
    equity[N_BLOCKS - 1] = end


@kernel(
    "void(BitRows, int64[:, ::1], Prices, Terms, Marks, float64[:, ::1], int32[:, :, ::1],"
    "boolean[:, ::1])"
)
def grow_compounding(
    rows: BitRows,
    outer_ids: IntArray,
    prices: Prices,
    terms: Terms,
    marks: Marks,
    out: FloatArray,
    growth: GrowthArray,
    ruined: FlagArray,
) -> None:
    """Scores and growth where every entry takes the whole balance.

    Args:
        rows: The run's bit rows; the fast ones cut by `cut_rows`.
        outer_ids: Shape (n_outer, n_slow): slow rows to combine for each outer variant.
        prices: Prices of the target slice.
        terms: The account's terms.
        marks: Where blocks end.
        out: In, shape (n_outer, n_fast), NaN for the pairs that are wanted. Out, their end equity
            over initial cash; NaN asks for exact scoring and growth.
        growth: Out, shape (n_outer, n_fast, 64), millionths.
        ruined: Out, shape (n_outer, n_fast).

    See: docs/ledger.md
    """
    fast = rows.fast
    whole, outer = _rooms(rows)
    equity, totals = np.empty(N_BLOCKS, np.float64), np.empty(N_BLOCKS, np.int64)
    seen = _seen(prices, terms, marks)
    for q in range(outer_ids.shape[0]):
        if not np.isnan(out[q]).any():
            continue
        combine_slow(rows, outer_ids[q], whole)
        cut(whole[0], marks.firsts, outer[0])
        cut(whole[1], marks.firsts, outer[1])
        for f in range(fast.shape[0]):
            if not np.isnan(out[q, f]):
                continue
            out[q, f] = _compounded(outer, fast[f], seen)
            _mark_products(outer, fast[f], seen, out[q, f], equity)
            ruined[q, f] = write_growth(equity, False, totals, growth[q, f])


@inline
def _rooms(rows: BitRows) -> tuple[WordArray, WordArray]:
    """Room for the outer rows, whole and cut."""
    whole = np.empty((2, rows.slow.shape[2]), np.uint64)
    return whole, np.empty((2, rows.fast.shape[2]), np.uint64)


@inline
def _seen(prices: Prices, terms: Terms, marks: Marks) -> _Seen:
    cap, lock = terms.budget_cap, terms.lock_rate
    account = Account(prices.padded, prices.inverse, terms.factors, cap, lock)
    return _Seen(account, marks, np.empty((marks.firsts.shape[0], N_KEPT), np.float64))


@inline
def _keep(state: Balance, word: int, seen: _Seen) -> None:
    seen.kept[word, AVAILABLE], seen.kept[word, SAFE] = state.available, state.safe
    seen.kept[word, ENTRY_INVERSE] = state.entry_inverse


@inline
def _step_by_budget(state: Balance, bar: int, side: Word, seen: SeenAtMarks) -> Balance:
    return by_budget(state, bar, side, seen.account)


@inline
def _step_by_fixed_quote(state: Balance, bar: int, side: Word, seen: SeenAtMarks) -> Balance:
    return by_fixed_quote(state, bar, side, seen.account)


@inline
def _step_by_profit_lock(state: Balance, bar: int, side: Word, seen: SeenAtMarks) -> Balance:
    return by_profit_lock(state, bar, side, seen.account)


def ends_with(keep: Callable[[Balance, int, Seen], None]) -> tuple[End[Seen], End[Seen]]:
    """Walks to the last balance that tell `keep` what is there before each word.

    Args:
        keep: `keep(state, word, seen)`, an inlined function.

    Returns:
        For a fixed quote and for a profit lock: the end, and the least balance that it holds for,
        as in `score`. `seen` has an `account` and `marks`.

    See: docs/ledger.md
    """
    walk_by_budget = cut_walk_with(_step_by_budget, keep)
    walk_by_fixed_quote = cut_walk_with(_step_by_fixed_quote, keep)
    walk_by_profit_lock = cut_walk_with(_step_by_profit_lock, keep)

    @inline
    def fixed(
        outer: WordArray, row: WordArray, start: Balance, seen: Seen
    ) -> tuple[Balance, float]:
        n_bars = seen.account.close.shape[0] - 1
        end = walk_by_fixed_quote(outer, row, seen.marks.firsts, start, seen)
        end = _step_by_fixed_quote(end, n_bars, ZERO, seen)
        if end.least > seen.account.cap:
            return end, seen.account.cap
        end = walk_by_budget(outer, row, seen.marks.firsts, start, seen)
        end = _step_by_budget(end, n_bars, ZERO, seen)
        return end, NEAR_ZERO * lesser(seen.account.cap, start.available)

    @inline
    def locked(
        outer: WordArray, row: WordArray, start: Balance, seen: Seen
    ) -> tuple[Balance, float]:
        n_bars = seen.account.close.shape[0] - 1
        end = walk_by_profit_lock(outer, row, seen.marks.firsts, start, seen)
        end = _step_by_profit_lock(end, n_bars, ZERO, seen)
        return end, 0.0 if 1.0 + end.least_gain > NEAR_ZERO else np.inf

    return fixed, locked


_fixed, _locked = ends_with(_keep)


@inline
def _mark_balances(
    outer: WordArray, row: WordArray, seen: _Seen, start: float, end: Balance, equity: FloatArray
) -> None:
    """Equity at the ends of blocks; an entry took what there was, at most the cap."""
    marks, close, kept = seen.marks, seen.account.close, seen.kept
    for k in range(N_BLOCKS - 1):
        w = marks.stops[k]
        side = side_before(outer, row, w)
        gain = worth(close[marks.ends[k]], kept[w, ENTRY_INVERSE], side, marks.factors) - 1.0
        available, safe = kept[w, AVAILABLE], kept[w, SAFE]
        equity[k] = worth_of_budget(available, safe, gain, seen.account.cap) / start
    equity[N_BLOCKS - 1] = (end.available + end.safe) / start


@kernel(
    "void(BitRows, int64[:, ::1], Prices, Terms, Marks, float64[:, ::1], int32[:, :, ::1],"
    "boolean[:, ::1])"
)
def grow_balances(
    rows: BitRows,
    outer_ids: IntArray,
    prices: Prices,
    terms: Terms,
    marks: Marks,
    out: FloatArray,
    growth: GrowthArray,
    ruined: FlagArray,
) -> None:
    """Scores and growth where the running balance matters (fixed quote, profit lock).

    Arguments as in `grow_compounding`.

    See: docs/ledger.md
    """
    fast, cash = rows.fast, terms.init_cash
    whole, outer = _rooms(rows)
    equity, totals = np.empty(N_BLOCKS, np.float64), np.empty(N_BLOCKS, np.int64)
    seen = _seen(prices, terms, marks)
    start = Balance(cash, 0.0, cash, 0.0, ZERO, 0.0)
    is_fixed = not np.isinf(terms.budget_cap)
    for q in range(outer_ids.shape[0]):
        if not np.isnan(out[q]).any():
            continue
        combine_slow(rows, outer_ids[q], whole)
        cut(whole[0], marks.firsts, outer[0])
        cut(whole[1], marks.firsts, outer[1])
        for f in range(fast.shape[0]):
            if not np.isnan(out[q, f]):
                continue
            if is_fixed:
                end, floor = _fixed(outer, fast[f], start, seen)
            else:
                end, floor = _locked(outer, fast[f], start, seen)
            out[q, f] = (end.available + end.safe) / cash if end.least > floor else np.nan
            _mark_balances(outer, fast[f], seen, cash, end, equity)
            ruined[q, f] = write_growth(equity, is_fixed, totals, growth[q, f])


def grow_by_walk(
    rows: BitRows,
    outer_ids: IntArray,
    prices: Prices,
    terms: Terms,
    marks: Marks,
    out: FloatArray,
    growth: GrowthArray,
    ruined: FlagArray,
) -> None:
    """Scores and growth of pairs along their edges; arguments as in `grow_compounding`.

    See: docs/ledger.md
    """
    grow = grow_compounding if terms.compounds else grow_balances
    grow(rows, outer_ids, prices, terms, marks, out, growth, ruined)
