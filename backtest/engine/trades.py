"""The exact truth about one variant: its trade log, by the arithmetic of the rules, in their order.

Reports are made from this log, and every number that ranks a returned variant comes from it.

See: docs/fills.md
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
import numpy as np

from backtest.engine.account import (
    BUDGET_CAP,
    FEE_RATE,
    INIT_CASH,
    LOCK_RATE,
    entry_fill,
    exit_fill,
    gross_pnl,
    positive_part,
)
from backtest.engine.passage import PassageArray
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


@inline
def exit_of(signal_exit: int, stop: int, profit: int, n_bars: int) -> tuple[int, int]:
    """Bar and reason of an exit; at the same close SL comes before TP before the signal.

    A bar number of `n_bars` means never; a position that never exits is closed on the last bar.
    """
    if stop <= profit and stop <= signal_exit and stop < n_bars:
        return stop, STOP_LOSS
    if profit <= signal_exit and profit < n_bars:
        return profit, TAKE_PROFIT
    if signal_exit < n_bars:
        return signal_exit, SIGNAL_EXIT
    return n_bars - 1, FORCED_CLOSE


@inline
def settle(
    quote: float, close_in: float, close_out: float, side: int, terms: FloatArray
) -> tuple[float, float, float, float, float, float, float, float]:
    """The money of one trade: fills, size, exit quote, both fees, gross and net profit."""
    fill_in = entry_fill(close_in, side, terms)
    fill_out = exit_fill(close_out, side, terms)
    qty = quote / fill_in
    entry_fee = quote * terms[FEE_RATE]
    exit_quote = qty * fill_out
    exit_fee = exit_quote * terms[FEE_RATE]
    gross = gross_pnl(quote, exit_quote, side)
    net = gross - entry_fee - exit_fee
    return fill_in, fill_out, qty, exit_quote, entry_fee, exit_fee, gross, net


@inline
def book(
    available: float,
    safe: float,
    quote: float,
    entry_fee: float,
    gross: float,
    exit_fee: float,
    locked: float,
) -> tuple[float, float]:
    """Available and safe money after a trade, in the order in which the rules move it."""
    available -= quote + entry_fee
    available += quote + gross - exit_fee
    return available - locked, safe + locked


@inline
def locked_profit(net: float, terms: FloatArray) -> float:
    """What a winning trade puts aside."""
    return positive_part(net) * terms[LOCK_RATE]


@kernel(
    "int64(float64[::1], float64[::1], int64[::1], int64[::1], int64[::1], int64,"
    " int32[:, :, ::1], int32[:, :, ::1], int64, int64,"
    " int64[:, ::1], float64[:, ::1])"
)
def replay(
    close: FloatArray,
    terms: FloatArray,
    entries: IntArray,
    exits: IntArray,
    sides: IntArray,
    n_segments: int,
    stops: PassageArray,
    profits: PassageArray,
    stop_level: int,
    profit_level: int,
    log: IntArray,
    money: FloatArray,
) -> int:
    """Trade the segments of one variant in order.

    Args:
        close: Shape (n_bars,), the target slice.
        terms: The account's terms, shape (5,).
        entries: First bar of each segment; `exits`: its signal exit (`n_bars` for none);
            `sides`: `LONG` or `SHORT`. Shape (>= n_segments,).
        exits: See `entries`.
        sides: See `entries`.
        n_segments: How many segments there are.
        stops: First-passage bars, shape (2, n_bars, n_levels), long before short; `profits` the
            same for take-profit. A disabled kind has one level that is never reached.
        profits: See `stops`.
        stop_level: Column of `stops`; `profit_level` that of `profits`.
        profit_level: See `stop_level`.
        log: Out, shape (>= n_segments, 4): side, entry bar, exit bar, reason.
        money: Out, shape (>= n_segments, 12): the columns named above.

    Returns:
        The number of trades; a segment without budget makes none.
    """
    n_bars = close.shape[0]
    available = terms[INIT_CASH]
    safe = 0.0
    n = 0
    for k in range(n_segments):
        quote = min(available, terms[BUDGET_CAP])
        if not quote > 0.0:
            continue
        i = entries[k]
        side = sides[k]
        stop = stops[side - 1, i, stop_level]
        profit = profits[side - 1, i, profit_level]
        j, reason = exit_of(exits[k], stop, profit, n_bars)
        fill_in, fill_out, qty, exit_quote, entry_fee, exit_fee, gross, net = settle(
            quote,
            close[i],
            close[j],
            side,
            terms,
        )
        locked = locked_profit(net, terms)
        available, safe = book(available, safe, quote, entry_fee, gross, exit_fee, locked)
        log[n, SIDE], log[n, ENTRY], log[n, EXIT], log[n, REASON] = side, i, j, reason
        row = money[n]
        row[ENTRY_FILL], row[EXIT_FILL], row[QTY] = fill_in, fill_out, qty
        row[ENTRY_QUOTE], row[EXIT_QUOTE] = quote, exit_quote
        row[ENTRY_FEE], row[EXIT_FEE], row[GROSS], row[NET] = entry_fee, exit_fee, gross, net
        row[LOCKED], row[AVAILABLE_AFTER], row[SAFE_AFTER] = locked, available, safe
        n += 1
    return n


@inline
def total_return_pct(n_trades: int, money: FloatArray, terms: FloatArray) -> float:
    """Return of the account after the last trade, in percent."""
    if n_trades == 0:
        return 0.0
    end = money[n_trades - 1, AVAILABLE_AFTER] + money[n_trades - 1, SAFE_AFTER]
    return (end / terms[INIT_CASH] - 1.0) * 100.0


def empty_log(n_bars: int) -> tuple[IntArray, FloatArray]:
    """Scratch for `replay` that is large enough for any variant over `n_bars` bars."""
    return (
        np.empty((n_bars + 1, N_INT_COLUMNS), np.int64),
        np.empty((n_bars + 1, N_MONEY_COLUMNS), np.float64),
    )
