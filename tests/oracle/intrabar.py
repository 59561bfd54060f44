"""What closes hide, slowly: the trades of a report once more, with an eye on highs and lows."""

from collections.abc import Sequence

from backtest.result import Trade
from backtest.types import Bars
from tests.oracle.engine import LONG, SHORT, Account, Setup

Hidden = tuple[int, int, float]


def intrabar(trades: Sequence[Trade], bars: Bars, setup: Setup) -> Hidden:
    """Trades that touched the stop first, those that touched the target first, total return."""
    account = Account(setup=setup, available=setup.execution.init_cash_quote)
    counts = {"sl": 0, "tp": 0, "": 0}
    for trade in trades:
        side = LONG if trade.direction == "long" else SHORT
        kind, price = touch(trade, side, bars, setup)
        counts[kind] += 1
        account.enter(side, trade.entry_bar_index, float(bars.close[trade.entry_bar_index]))
        if account.position is not None:
            account.leave(trade.exit_bar_index, price, kind)
    end = (account.available + account.safe) / setup.execution.init_cash_quote
    return counts["sl"], counts["tp"], (end - 1) * 100


def touch(trade: Trade, side: int, bars: Bars, setup: Setup) -> tuple[str, float]:
    """The level that was touched first, `""` for none, and the price of the exit."""
    levels = {
        kind: trade.entry_fill_price * (1 + sign * side * pct / 100)
        if sign * side > 0
        else trade.entry_fill_price * (1 - pct / 100)
        for kind, sign, pct in (("sl", -1, setup.sl_pct), ("tp", 1, setup.tp_pct))
        if pct is not None
    }
    for bar in range(trade.entry_bar_index + 1, trade.exit_bar_index + 1):
        for kind, level in levels.items():
            if bar == trade.exit_bar_index and trade.exit_reason == kind:
                return "", float(bars.close[bar])
            is_above = (kind == "tp") == (side == LONG)
            if bars.high[bar] >= level if is_above else bars.low[bar] <= level:
                return kind, level
    return "", float(bars.close[trade.exit_bar_index])
