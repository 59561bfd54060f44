import numpy as np
import pytest

from backtest.engine.money.trades import N_INT_COLUMNS, N_MONEY_COLUMNS
from backtest.report.trade_list import SLICE, TradeList


def listed(n_trades: int) -> TradeList:
    legs = np.zeros((n_trades, N_INT_COLUMNS), np.int32)
    legs[:] = np.arange(n_trades)[:, None] * [0, 1, 1, 0] + [1, 0, 1, 2]
    money = np.arange(n_trades * N_MONEY_COLUMNS, dtype=np.float64)
    money = money.reshape(n_trades, N_MONEY_COLUMNS)
    return TradeList(legs, money, np.arange(n_trades + 1, dtype=np.int64) * 60_000, 200)


@pytest.mark.parametrize("n", [0, 1, SLICE, 2 * SLICE + 3])
def test_iterating_indexing_and_slicing_give_the_same_trades(n: int) -> None:
    trades = listed(n)

    told = list(trades)

    assert len(told) == len(trades) == n
    assert told == [trades[place] for place in range(n)] == list(trades[:])
    assert list(trades[1:5]) == told[1:5]
    assert [trade.trade_id for trade in told] == list(range(1, n + 1))


def test_a_trade_has_the_members_of_its_row() -> None:
    trade = listed(3)[-1]

    assert (trade.direction, trade.exit_reason) == ("long", "tp")
    assert (trade.entry_bar_index, trade.exit_bar_index) == (202, 203)
    assert (trade.entry_ts, trade.exit_ts) == (120_000, 180_000)
    assert (trade.entry_fill_price, trade.locked_profit_quote) == (24.0, 33.0)
    with pytest.raises(IndexError):
        listed(3)[3]
