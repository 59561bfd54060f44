"""Trades of a variant as columns, which cost a tenth of what they would cost as objects.

See: docs/memory.md
"""

from collections.abc import Iterator, Sequence
from typing import Literal, cast, overload

import numpy as np
from numpy.typing import NDArray

from backtest.engine.money.trades import (
    ENTRY,
    ENTRY_FEE,
    ENTRY_FILL,
    ENTRY_QUOTE,
    EXIT,
    EXIT_FEE,
    EXIT_FILL,
    EXIT_QUOTE,
    GROSS,
    LOCKED,
    NET,
    QTY,
    REASON,
    SIDE,
)
from backtest.result import Trade
from backtest.types import FloatArray, IntArray

DIRECTIONS = ("", "long", "short")
REASONS = ("signal_exit", "sl", "tp", "forced_close")
SLICE = 256


class TradeList(Sequence[Trade]):
    """Trades that are made when somebody reads them, so that many cost little memory.

    Args:
        legs: Shape (n_trades, 4) int32, the whole-number part of a trade log.
        money: Shape (n_trades, 12) float64, its money part.
        ts_close: Shape (n_bars,) int64, close times of the target slice in epoch milliseconds.
        first_bar: Index of the first bar of the target slice among the loaded ones.
    """

    def __init__(
        self, legs: NDArray[np.int32], money: FloatArray, ts_close: IntArray, first_bar: int
    ) -> None:
        self._legs, self._money, self._ts_close = legs, money, ts_close
        self._first_bar = first_bar

    def __len__(self) -> int:
        """How many there are."""
        return len(self._legs)

    @overload
    def __getitem__(self, index: int) -> Trade: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trade, ...]: ...
    def __getitem__(self, index: int | slice) -> Trade | tuple[Trade, ...]:
        """One trade, or several, made anew."""
        places = range(len(self))[index]
        if isinstance(places, int):
            return next(self._made(range(places, places + 1)))
        return tuple(self._made(places))

    def __iter__(self) -> Iterator[Trade]:
        """The trades in order of entry."""
        for start in range(0, len(self), SLICE):
            yield from self._made(range(start, min(start + SLICE, len(self))))

    def _made(self, places: range) -> Iterator[Trade]:
        chosen = np.asarray(places, np.int64)
        legs = self._legs[chosen]
        entries = self._ts_close[legs[:, ENTRY]].tolist()
        exits = self._ts_close[legs[:, EXIT]].tolist()
        rows = zip(places, legs.tolist(), self._money[chosen].tolist(), entries, exits, strict=True)
        for place, leg, money, entry_ts, exit_ts in rows:
            yield Trade(
                trade_id=place + 1,
                direction=cast("Literal['long', 'short']", DIRECTIONS[leg[SIDE]]),
                entry_bar_index=leg[ENTRY] + self._first_bar,
                exit_bar_index=leg[EXIT] + self._first_bar,
                entry_ts=entry_ts,
                exit_ts=exit_ts,
                entry_fill_price=money[ENTRY_FILL],
                exit_fill_price=money[EXIT_FILL],
                qty_base=money[QTY],
                entry_quote_amount=money[ENTRY_QUOTE],
                exit_quote_amount=money[EXIT_QUOTE],
                entry_fee_quote=money[ENTRY_FEE],
                exit_fee_quote=money[EXIT_FEE],
                gross_pnl_quote=money[GROSS],
                net_pnl_quote=money[NET],
                locked_profit_quote=money[LOCKED],
                exit_reason=cast(
                    "Literal['sl', 'tp', 'signal_exit', 'forced_close']", REASONS[leg[REASON]]
                ),
            )
