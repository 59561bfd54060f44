"""The engine again, slowly: one loop over bars with an account, a position and a memory.

No bit rows, no segments, no first passages, no shortcuts. Everything the kernels do is held against
this loop.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from backtest.types import DirectionMode, Execution, SizingMode

LONG, SHORT = 1, -1


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What decides an outcome apart from prices and signals."""

    execution: Execution
    sizing: SizingMode = SizingMode.ALL_IN
    direction: DirectionMode = DirectionMode.LONG_SHORT
    sl_pct: float | None = None
    tp_pct: float | None = None

    @property
    def fee(self) -> float:
        return self.execution.fee_pct / 100

    @property
    def slip(self) -> float:
        return self.execution.slippage_pct / 100

    def may_enter(self, side: int) -> bool:
        forbidden = {DirectionMode.LONG_ONLY: SHORT, DirectionMode.SHORT_ONLY: LONG}
        return side != 0 and side != forbidden.get(self.direction)


@dataclass(frozen=True, kw_only=True)
class Position:
    side: int
    bar: int
    fill: float
    quote: float
    qty: float
    fee: float

    def worth(self, close: float) -> float:
        if self.side == LONG:
            return self.qty * close
        return self.quote + (self.quote - self.qty * close)


@dataclass(frozen=True, kw_only=True)
class Trade:
    side: int
    entry: int
    exit: int
    reason: str
    money: dict[str, float]


@dataclass
class Account:
    setup: Setup
    available: float
    safe: float = 0.0
    position: Position | None = None
    trades: list[Trade] = field(default_factory=list)

    def enter(self, side: int, bar: int, close: float) -> None:
        quote = self.available
        if self.setup.sizing is SizingMode.FIXED_QUOTE:
            quote = min(quote, self.setup.execution.fixed_quote)
        if not quote > 0:
            return
        slip = self.setup.slip
        fill = close * (1 + slip) if side == LONG else close * (1 - slip)
        fee = quote * self.setup.fee
        self.available -= quote + fee
        self.position = Position(
            side=side, bar=bar, fill=fill, quote=quote, qty=quote / fill, fee=fee
        )

    def leave(self, bar: int, close: float, reason: str) -> None:
        held, slip = self.position, self.setup.slip
        assert held is not None
        fill = close * (1 - slip) if held.side == LONG else close * (1 + slip)
        exit_quote = held.qty * fill
        exit_fee = exit_quote * self.setup.fee
        gross = exit_quote - held.quote if held.side == LONG else held.quote - exit_quote
        self.available += held.quote + gross - exit_fee
        net = gross - held.fee - exit_fee
        locked = 0.0
        if self.setup.sizing is SizingMode.PROFIT_LOCK and net > 0:
            locked = net * (self.setup.execution.safe_profit_percent / 100)
            self.available -= locked
            self.safe += locked
        money = {
            "entry_fill_price": held.fill,
            "exit_fill_price": fill,
            "qty_base": held.qty,
            "entry_quote_amount": held.quote,
            "exit_quote_amount": exit_quote,
            "entry_fee_quote": held.fee,
            "exit_fee_quote": exit_fee,
            "gross_pnl_quote": gross,
            "net_pnl_quote": net,
            "locked_profit_quote": locked,
        }
        self.trades.append(
            Trade(side=held.side, entry=held.bar, exit=bar, reason=reason, money=money)
        )
        self.position = None

    def equity(self, close: float) -> float:
        worth = 0.0 if self.position is None else self.position.worth(close)
        return self.available + self.safe + worth


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What happened: trades in the order of their entries, equity after each bar's actions."""

    trades: list[Trade]
    equity: list[float]
    available: float
    safe: float
    init_cash: float

    @property
    def total_return_pct(self) -> float:
        return ((self.available + self.safe) / self.init_cash - 1) * 100

    @property
    def max_drawdown(self) -> float:
        """Largest fall from the running peak as a fraction; NaN where a peak is not positive."""
        worst, peak = 0.0, -math.inf
        for equity in self.equity:
            peak = max(peak, equity)
            if not peak > 0:
                return math.nan
            worst = max(worst, 1 - equity / peak)
        return worst

    @property
    def profit_factor(self) -> float:
        """Won over lost; undefined without trades, infinite where nothing was lost."""
        if not self.trades:
            return math.nan
        wins = losses = 0.0
        for trade in self.trades:
            net = trade.money["net_pnl_quote"]
            if net > 0:
                wins += net
            else:
                losses -= net
        if losses == 0:
            return math.inf if wins > 0 else 0.0
        return wins / losses

    @property
    def return_over_max_drawdown(self) -> float:
        """Undefined where the drawdown is."""
        drawdown = self.max_drawdown * 100
        if drawdown == 0:
            return math.inf if self.total_return_pct > 0 else 0.0
        return self.total_return_pct / drawdown


def play(close: Sequence[float], signal: Sequence[int], setup: Setup) -> Outcome:
    """Trade a signal (1 long, -1 short, 0 neutral) over the closes of a target slice."""
    account = Account(setup=setup, available=setup.execution.init_cash_quote)
    previous = 0
    equity: list[float] = []
    for bar, (price, now) in enumerate(zip(close, signal, strict=True)):
        if account.position is not None:
            reason = risk_exit(account.position, price, setup)
            if reason is None and now != account.position.side:
                reason = "signal_exit"
            if reason is not None:
                account.leave(bar, price, reason)
        if account.position is None and now != previous and setup.may_enter(now):
            account.enter(now, bar, price)
        if account.position is not None and bar == len(close) - 1:
            account.leave(bar, price, "forced_close")
        previous = now
        equity.append(account.equity(price))
    return Outcome(
        trades=account.trades,
        equity=equity,
        available=account.available,
        safe=account.safe,
        init_cash=setup.execution.init_cash_quote,
    )


def risk_exit(held: Position, close: float, setup: Setup) -> str | None:
    """Stop-loss before take-profit, both measured from the entry fill."""
    sl, tp = setup.sl_pct, setup.tp_pct
    if held.side == LONG:
        if sl is not None and close <= held.fill * (1 - sl / 100):
            return "sl"
        if tp is not None and close >= held.fill * (1 + tp / 100):
            return "tp"
    else:
        if sl is not None and close >= held.fill * (1 + sl / 100):
            return "sl"
        if tp is not None and close <= held.fill * (1 - tp / 100):
            return "tp"
    return None
