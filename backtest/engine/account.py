"""Money: what an entry takes, what an exit gives back. The only place with this arithmetic.

Scalars travel together in a float64 array because Numba signatures can name its type.

See: docs/fills.md
"""

import math

import numpy as np

from backtest.jit import inline
from backtest.types import Execution, FloatArray, SizingMode

INIT_CASH, BUDGET_CAP, FEE_RATE, SLIP_RATE, LOCK_RATE = range(5)
N_TERMS = 5

LONG, SHORT = 1, 2


def account_terms(execution: Execution, sizing: SizingMode) -> FloatArray:
    """The terms of an account as kernels read them, shape (5,), rates as fractions.

    Percent become fractions here and nowhere else. The budget cap is infinite unless the sizing
    is `fixed_quote`; the lock rate is 0 unless it is the profit lock.
    """
    terms = np.empty(N_TERMS, np.float64)
    terms[INIT_CASH] = execution.init_cash_quote
    is_fixed = sizing is SizingMode.FIXED_QUOTE
    terms[BUDGET_CAP] = execution.fixed_quote if is_fixed else math.inf
    terms[FEE_RATE] = execution.fee_pct / 100.0
    terms[SLIP_RATE] = execution.slippage_pct / 100.0
    locks = sizing is SizingMode.PROFIT_LOCK
    terms[LOCK_RATE] = execution.safe_profit_percent / 100.0 if locks else 0.0
    return terms


@inline
def entry_fill(close: float, side: int, terms: FloatArray) -> float:
    """Price of the entry: a long buys above the close, a short sells below it."""
    slip = terms[SLIP_RATE]
    return close * (1.0 + slip) if side == LONG else close * (1.0 - slip)


@inline
def exit_fill(close: float, side: int, terms: FloatArray) -> float:
    """Price of the exit: a long sells below the close, a short buys above it."""
    slip = terms[SLIP_RATE]
    return close * (1.0 - slip) if side == LONG else close * (1.0 + slip)


@inline
def gross_pnl(quote: float, exit_quote: float, side: int) -> float:
    """Profit before fees of a position that took `quote`."""
    return exit_quote - quote if side == LONG else quote - exit_quote


@inline
def positive_part(value: float) -> float:
    """`max(value, 0)`, exactly, without a branch that nobody can predict."""
    return 0.5 * (value + abs(value))
