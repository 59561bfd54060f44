"""The exact truth about one variant: its trade log, by the arithmetic of the rules, in their order.

Reports are made from this log, and every number that ranks a returned variant comes from it.

See: docs/fills.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.bits.segments import Segments
from backtest.engine.money.account import Terms, entry_fill, exit_fill, gross_pnl, positive_part
from backtest.engine.money.passage import Passages
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray

# columns of the whole-number part of a log
SIDE, ENTRY, EXIT, REASON = range(4)
# columns of the money part
(
    ENTRY_FILL,
    EXIT_FILL,
    QTY,
    ENTRY_QUOTE,
    EXIT_QUOTE,
    ENTRY_FEE,
    EXIT_FEE,
    GROSS,
    NET,
    LOCKED,
    AVAILABLE_AFTER,
    SAFE_AFTER,
) = range(12)
N_INT_COLUMNS, N_MONEY_COLUMNS = 4, 12

SIGNAL_EXIT, STOP_LOSS, TAKE_PROFIT, FORCED_CLOSE = range(4)


class TradeLog(NamedTuple):
    """Trades in the order of their entries: whole numbers and money, columns as named above.

    `legs` is shape (n_trades, 4) int64, `money` (n_trades, 12); as the output of `replay` they
    may have more rows.

    See: docs/fills.md
    """

    legs: Annotated[IntArray, "int64[:, ::1]"]
    money: Annotated[FloatArray, "float64[:, ::1]"]


class Settlement(NamedTuple):
    """The money of one trade: fill prices, size, exit amount, both fees, gross and net profit.

    `qty` is in base currency, all amounts are in quote currency.

    See: docs/fills.md
    """

    entry_fill: float
    exit_fill: float
    qty: float
    exit_quote: float
    entry_fee: float
    exit_fee: float
    gross: float
    net: float


@inline
def exit_of(
    segments: Segments, k: int, passages: Passages, levels: tuple[int, int], n_bars: int
) -> tuple[int, int]:
    """Bar and reason of the exit of segment `k`.

    `levels` are the columns of the stop-loss and of the take-profit in `passages`; the bar is below
    `n_bars`.

    See: docs/fills.md (tests/oracle/engine.py, `risk_exit`)
    """
    i, side, signal_exit = segments.entries[k], segments.sides[k], segments.exits[k]
    stop = passages.stops[side - 1, i, levels[0]]
    profit = passages.profits[side - 1, i, levels[1]]
    # At the same close SL comes before TP before the signal. One close crosses both levels only
    # where both are 0 %: `test_stop_comes_before_profit_when_both_are_at_zero`.
    if stop <= profit and stop <= signal_exit and stop < n_bars:
        return stop, STOP_LOSS
    if profit <= signal_exit and profit < n_bars:
        return profit, TAKE_PROFIT
    if signal_exit < n_bars:
        return signal_exit, SIGNAL_EXIT
    return n_bars - 1, FORCED_CLOSE


@inline
def settle(quote: float, close_in: float, close_out: float, side: int, terms: Terms) -> Settlement:
    """The money of a trade that takes `quote` at the close `close_in` and ends at `close_out`.

    See: docs/fills.md (tests/oracle/engine.py)
    """
    fill_in = entry_fill(close_in, side, terms)
    fill_out = exit_fill(close_out, side, terms)
    qty = quote / fill_in
    entry_fee = quote * terms.fee_rate
    exit_quote = qty * fill_out
    exit_fee = exit_quote * terms.fee_rate
    gross = gross_pnl(quote, exit_quote, side)
    net = gross - entry_fee - exit_fee
    return Settlement(fill_in, fill_out, qty, exit_quote, entry_fee, exit_fee, gross, net)


@inline
def book(
    available: float, safe: float, quote: float, settled: Settlement, locked: float
) -> tuple[float, float]:
    """Available and safe money after a trade, in the order in which the rules move it.

    `locked` is what it puts aside (`locked_profit`).

    See: docs/fills.md (tests/oracle/engine.py)
    """
    # The quote is taken out and put back, and does not cancel: every step rounds. Without the
    # detour `test_random_cases_agree_to_the_last_bit` fails in test_oracle.py.
    available -= quote + settled.entry_fee
    available += quote + settled.gross - settled.exit_fee
    return available - locked, safe + locked


@inline
def locked_profit(net: float, terms: Terms) -> float:
    """What a trade puts aside of its net profit in quote currency; 0 for a loss or without a lock.

    See: docs/fills.md
    """
    return positive_part(net) * terms.lock_rate


@kernel("int64(float64[::1], Terms, Segments, int64, Passages, UniTuple(int64, 2), TradeLog)")
def replay(
    close: FloatArray,
    terms: Terms,
    segments: Segments,
    n_segments: int,
    passages: Passages,
    levels: tuple[int, int],
    log: TradeLog,
) -> int:
    """Trade the segments of one variant in order.

    Args:
        close: Shape (n_bars,), the target slice.
        terms: The account's terms.
        segments: The variant's segments.
        n_segments: How many there are.
        passages: First passages of stop-loss and take-profit.
        levels: Columns of stops and profits in `passages`.
        log: Out, with room for a trade per segment.

    Returns:
        The number of trades; a segment without budget makes none.

    See: docs/fills.md (tests/oracle/engine.py is the same, bar by bar)
    """
    n_bars = close.shape[0]
    available = terms.init_cash
    safe = 0.0
    n = 0
    for k in range(n_segments):
        quote = min(available, terms.budget_cap)
        # not `quote <= 0`: a NaN, which an overflow leaves, must not trade either
        if not quote > 0.0:
            continue
        i, side = segments.entries[k], segments.sides[k]
        j, reason = exit_of(segments, k, passages, levels, n_bars)
        settled = settle(quote, close[i], close[j], side, terms)
        locked = locked_profit(settled.net, terms)
        available, safe = book(available, safe, quote, settled, locked)
        leg, money = log.legs[n], log.money[n]
        leg[SIDE], leg[ENTRY], leg[EXIT], leg[REASON] = side, i, j, reason
        money[ENTRY_FILL], money[EXIT_FILL] = settled.entry_fill, settled.exit_fill
        money[QTY], money[ENTRY_QUOTE], money[EXIT_QUOTE] = settled.qty, quote, settled.exit_quote
        money[ENTRY_FEE], money[EXIT_FEE] = settled.entry_fee, settled.exit_fee
        money[GROSS], money[NET], money[LOCKED] = settled.gross, settled.net, locked
        money[AVAILABLE_AFTER], money[SAFE_AFTER] = available, safe
        n += 1
    return n


def total_return_pct(log: TradeLog, terms: Terms) -> float:
    """Return of the account after the last trade, in percent; the log holds exactly the trades.

    See: docs/fills.md
    """
    if len(log.money) == 0:
        return 0.0
    end = float(log.money[-1, AVAILABLE_AFTER]) + float(log.money[-1, SAFE_AFTER])
    return (end / terms.init_cash - 1.0) * 100.0


def empty_log(n_segments: int) -> TradeLog:
    """Room for the trades of so many segments.

    See: docs/fills.md
    """
    return TradeLog(
        np.empty((n_segments, N_INT_COLUMNS), np.int64),
        np.empty((n_segments, N_MONEY_COLUMNS), np.float64),
    )
