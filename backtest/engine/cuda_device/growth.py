"""What a walk on a device keeps for the ledger: equity at the ends of blocks, marked on the way.

A processor keeps what there is before every word and looks at it when the walk is over, since it
would guess each block's end wrong (`score_growth`). Threads of a device are at the same word all
the time, so they mark at once, by the same formulas, and keep 64 numbers instead of thousands.

See: docs/ledger.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import NamedTuple

import numpy as np

from backtest.engine.bits.bitops import ZERO
from backtest.engine.bits.edges import Word, cut_walk_with
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.blocks.marks import Marks
from backtest.engine.money.account import lesser
from backtest.engine.scoring.score import NEAR_ZERO, Account, Balance
from backtest.engine.scoring.score_growth import ends_with, worth, worth_of_budget
from backtest.jit import inline
from backtest.types import FloatArray, IntArray, WordArray


class Marking(NamedTuple):
    """What a walk looks at, and the equity that it marks.

    `slots`, shape (n_cut,), are the block that ends before each cut word, -1 for most. `equity`,
    shape (64,), is over `start`, the initial cash.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/score_growth.py)
    """

    account: Account
    marks: Marks
    slots: IntArray
    start: float
    equity: FloatArray


class Product(NamedTuple):
    """The factors of the trades so far, the least of them, and what is open.

    The product is `even * odd`: two accumulators that take turns. `side` is 0 for flat;
    `entry_inverse` is one over the close of the entry.

    See: docs/scoring.md (backtest/engine/scoring/score.py)
    """

    even: float
    odd: float
    least: float
    side: Word
    entry_inverse: float


def slots_of(marks: Marks) -> IntArray:
    """The block that ends before each cut word, shape (n_cut,) int64; -1 where none does.

    See: docs/scale.md#an-accelerator (backtest/engine/blocks/marks.py)
    """
    slots = np.full(len(marks.firsts) - 1, -1, np.int64)
    slots[marks.stops[:-1]] = np.arange(N_BLOCKS - 1)
    return slots


@inline
def _by_factor(state: Product, bar: int, side: Word, seen: Marking) -> Product:
    """One turn of the loop of `score.compounded`."""
    factors, held = seen.account.factors, state.side
    price = seen.account.close[bar] * state.entry_inverse
    factor = factors[0, held] + factors[1, held] * price
    least = lesser(state.least, factor)
    return Product(state.odd, state.even * factor, least, side, seen.account.inverse[bar])


@inline
def _mark_product(state: Product, word: int, seen: Marking) -> None:
    k = seen.slots[word]
    if k >= 0:
        close = seen.account.close[seen.marks.ends[k]]
        factor = worth(close, state.entry_inverse, state.side, seen.marks.factors)
        seen.equity[k] = state.even * state.odd * factor


@inline
def _mark_balance(state: Balance, word: int, seen: Marking) -> None:
    k = seen.slots[word]
    if k >= 0:
        close = seen.account.close[seen.marks.ends[k]]
        gain = worth(close, state.entry_inverse, state.side, seen.marks.factors) - 1.0
        cap = seen.account.cap
        seen.equity[k] = worth_of_budget(state.available, state.safe, gain, cap) / seen.start


_walk_by_factor = cut_walk_with(_by_factor, _mark_product)
_fixed, _locked = ends_with(_mark_balance)


@inline
def grown_product(outer: WordArray, row: WordArray, seen: Marking) -> float:
    """End equity over initial cash where every entry takes the whole balance.

    `outer` and `row` are cut, shape (2, n_cut); `seen.equity` is filled. NaN asks for exact scoring
    of the variant.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/score_growth.py)
    """
    start = Product(1.0, 1.0, 1.0, ZERO, 0.0)
    end = _walk_by_factor(outer, row, seen.marks.firsts, start, seen)
    factors = seen.account.factors
    price = seen.account.close[-1] * end.entry_inverse
    factor = factors[0, end.side] + factors[1, end.side] * price
    score = end.even * end.odd * factor
    if not lesser(end.least, factor) > NEAR_ZERO:
        score = np.nan
    seen.equity[N_BLOCKS - 1] = score
    return score


@inline
def grown_fixed(outer: WordArray, row: WordArray, seen: Marking) -> float:
    """End equity over initial cash with a fixed quote; otherwise as `grown_product`.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/score_growth.py)
    """
    cash = seen.start
    end, floor = _fixed(outer, row, Balance(cash, 0.0, cash, 0.0, ZERO, 0.0), seen)
    return _ended(end, floor, seen)


@inline
def grown_locked(outer: WordArray, row: WordArray, seen: Marking) -> float:
    """End equity over initial cash with a profit lock; otherwise as `grown_product`.

    See: docs/scale.md#an-accelerator (backtest/engine/scoring/score_growth.py)
    """
    cash = seen.start
    end, floor = _locked(outer, row, Balance(cash, 0.0, cash, 0.0, ZERO, 0.0), seen)
    return _ended(end, floor, seen)


@inline
def _ended(end: Balance, floor: float, seen: Marking) -> float:
    score = (end.available + end.safe) / seen.start
    seen.equity[N_BLOCKS - 1] = score
    return score if end.least > floor else np.nan
