"""Money: what an entry takes, what an exit gives back. The only place with this arithmetic.

See: docs/fills.md
"""

import math
from typing import Annotated, NamedTuple

import numpy as np

from backtest.jit import inline
from backtest.types import Execution, FloatArray, SizingMode

LONG, SHORT = 1, 2


class Terms(NamedTuple):
    """The terms of an account, as kernels read them; rates are fractions.

    `budget_cap` is the most quote that an entry takes: infinite unless the sizing is
    `fixed_quote`. `lock_rate` is the share of a net win that is put aside: 0 unless the sizing is
    the profit lock. `compounds` says that neither applies: every entry takes the whole balance.
    `factors`, shape (2, 3), are offsets and slopes for flat, long and short: equity after a trade
    over equity before is `offset + slope * close[exit] / close[entry]`.

    See: docs/fills.md
    """

    init_cash: Annotated[float, "float64"]
    budget_cap: Annotated[float, "float64"]
    fee_rate: Annotated[float, "float64"]
    slip_rate: Annotated[float, "float64"]
    lock_rate: Annotated[float, "float64"]
    compounds: Annotated[bool, "boolean"]
    factors: Annotated[FloatArray, "float64[:, ::1]"]


def account_terms(execution: Execution, sizing: SizingMode) -> Terms:
    """The terms of an account. Percent become fractions here and nowhere else.

    See: docs/fills.md
    """
    is_fixed = sizing is SizingMode.FIXED_QUOTE
    locks = sizing is SizingMode.PROFIT_LOCK
    fee_rate, slip_rate = execution.fee_pct / 100.0, execution.slippage_pct / 100.0
    lock_rate = execution.safe_profit_percent / 100.0 if locks else 0.0
    return Terms(
        init_cash=float(execution.init_cash_quote),
        budget_cap=float(execution.fixed_quote) if is_fixed else math.inf,
        fee_rate=fee_rate,
        slip_rate=slip_rate,
        lock_rate=lock_rate,
        compounds=not is_fixed and lock_rate == 0.0,
        factors=_trade_factors(fee_rate, slip_rate),
    )


def _trade_factors(fee: float, slip: float) -> FloatArray:
    offsets = (1.0, -fee, 2.0 - fee)
    slopes = (
        0.0,
        (1.0 - slip) * (1.0 - fee) / (1.0 + slip),
        -(1.0 + slip) * (1.0 + fee) / (1.0 - slip),
    )
    return np.array([offsets, slopes], np.float64)


@inline
def entry_fill(close: float, side: int, terms: Terms) -> float:
    """Price of the entry: a long buys above the close, a short sells below it.

    See: docs/fills.md
    """
    slip = terms.slip_rate
    return close * (1.0 + slip) if side == LONG else close * (1.0 - slip)


@inline
def exit_fill(close: float, side: int, terms: Terms) -> float:
    """Price of the exit: a long sells below the close, a short buys above it.

    See: docs/fills.md
    """
    slip = terms.slip_rate
    return close * (1.0 - slip) if side == LONG else close * (1.0 + slip)


@inline
def gross_pnl(quote: float, exit_quote: float, side: int) -> float:
    """Profit before fees, in quote currency, of a position that took `quote`.

    `exit_quote` is its size times the price of the exit.

    See: docs/fills.md
    """
    return exit_quote - quote if side == LONG else quote - exit_quote


@inline
def positive_part(value: float) -> float:
    """`max(value, 0)` without a branch, which no processor could predict.

    It is exact for every `value` of which twice as much is finite.

    See: docs/fills.md
    """
    return 0.5 * (value + abs(value))


@inline
def lesser(value: float, other: float) -> float:
    """`min(value, other)` of Python: a NaN in `value` stays, one in `other` gives way.

    Written out because a graphics processor has a minimum of its own, which drops every NaN.

    See: docs/scale.md#an-accelerator
    """
    return other if other < value else value  # noqa: FURB136


@inline
def greater(value: float, other: float) -> float:
    """`max(value, other)` of Python, written out for the reason that `lesser` gives.

    See: docs/scale.md#an-accelerator
    """
    return other if other > value else value  # noqa: FURB136
