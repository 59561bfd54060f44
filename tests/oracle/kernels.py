"""One case through the engine's kernels, and how its outcome must equal the bar-by-bar one."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from backtest.engine.bits.segments import Segments, empty_segments, find_segments
from backtest.engine.money import trades as columns
from backtest.engine.money.account import account_terms
from backtest.engine.money.daily import Measures
from backtest.engine.money.passage import Passages, passage_table
from backtest.engine.money.target import TargetSlice
from backtest.engine.money.trades import TradeLog, empty_log, replay, total_return_pct
from backtest.engine.pipeline.ranking import measures_of
from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.engine.scoring.items import (
    DRAWDOWN,
    FULL_DRAWDOWN,
    LOSSES,
    N_TRADES,
    RETURN_PCT,
    WINS,
)
from backtest.report.equity import WORST, draw_equity, measure_drawdowns
from backtest.report.trade_list import REASONS
from backtest.types import DirectionMode, FloatArray, Ranking, RankingMetric
from tests.oracle.cases import Case
from tests.oracle.engine import LONG, Outcome, play
from tests.oracle.ratios import drawdown_of
from tests.oracle.scoring import bit_rows, stages_over

MeasuresOf = Callable[[TargetSlice], Sequence[Measures]]

MONEY_COLUMNS = {
    "entry_fill_price": columns.ENTRY_FILL,
    "exit_fill_price": columns.EXIT_FILL,
    "qty_base": columns.QTY,
    "entry_quote_amount": columns.ENTRY_QUOTE,
    "exit_quote_amount": columns.EXIT_QUOTE,
    "entry_fee_quote": columns.ENTRY_FEE,
    "exit_fee_quote": columns.EXIT_FEE,
    "gross_pnl_quote": columns.GROSS,
    "net_pnl_quote": columns.NET,
    "locked_profit_quote": columns.LOCKED,
}


@dataclass(frozen=True, kw_only=True)
class Played:
    """What the kernels say of a case; `log` holds exactly the trades."""

    log: TradeLog
    equity: FloatArray
    total_return_pct: float
    reported_drawdown: float


def segments_of(case: Case) -> tuple[Segments, int]:
    """The segments of a case and how many there are."""
    n_bars = len(case.close)
    words = bit_rows(case.signal)
    words[0] *= case.setup.direction is not DirectionMode.SHORT_ONLY
    words[1] *= case.setup.direction is not DirectionMode.LONG_ONLY
    segments = empty_segments(n_bars)
    return segments, find_segments(words, words, n_bars, segments)


def levels(percent: float | None) -> FloatArray | None:
    return None if percent is None else np.array([percent])


def played(case: Case) -> Played:
    """The exact path: segments, first passages, trade log, equity, drawdown."""
    close, setup = case.close, case.setup
    terms = account_terms(setup.execution, setup.sizing)
    segments, n_segments = segments_of(case)
    passages = Passages(
        passage_table(close, terms, levels(setup.sl_pct), is_stop=True),
        passage_table(close, terms, levels(setup.tp_pct), is_stop=False),
    )
    room = empty_log(n_segments)
    n = replay(close, terms, segments, n_segments, passages, (0, 0), room)
    log = TradeLog(room.legs[:n], room.money[:n])
    equity, invested, falls = (np.empty(len(close)) for _ in range(3))
    draw_equity(close, terms, log, equity, invested)
    statistics = np.empty(5)
    measure_drawdowns(equity, 60_000, falls, statistics)
    return Played(
        log=log,
        equity=equity,
        total_return_pct=total_return_pct(log, terms),
        reported_drawdown=statistics[WORST],
    )


def measured(case: Case, wanted: MeasuresOf) -> FloatArray:
    """The metrics that rank the case, shape (1, 10), with what is wanted of a year's run."""
    setup = case.setup
    stages = stages_over(case.close, setup, [case.signal])
    days = stages._target.days._replace(n_days=365.0)
    stages._target = replace(stages._target, days=days)
    stops, profits = (None if p is None else (p,) for p in (setup.sl_pct, setup.tp_pct))
    plane = RiskPlane(stages._target, stops, profits)
    only = np.zeros(1, np.int64)
    return stages.exact_cells(only, only, plane, measures=wanted(stages._target))


def scored(case: Case) -> FloatArray:
    """The metrics that rank the case, shape (10,), both drawdowns among them."""
    both = Ranking(primary=RankingMetric.CALMAR, secondary=RankingMetric.MAX_DRAWDOWN_PCT)
    return measured(case, partial(measures_of, both))[0]


def disagreement(case: Case) -> str | None:
    """The first difference between kernels and bar-by-bar loop, to the last bit; None if none."""
    fast = played(case)
    slow = play(case.close.tolist(), case.signal.tolist(), case.setup)
    if len(fast.log.legs) != len(slow.trades):
        return f"{len(fast.log.legs)} trades, should be {len(slow.trades)}"
    for number, trade in enumerate(slow.trades):
        leg = fast.log.legs[number].tolist()
        wanted = (1 if trade.side == LONG else 2, trade.entry, trade.exit)
        if (*leg[:3], REASONS[leg[3]]) != (*wanted, trade.reason):
            return f"trade {number} is {leg}, should be {wanted} by {trade.reason}"
        for name, value in trade.money.items():
            ours = fast.log.money[number, MONEY_COLUMNS[name]]
            if ours != value:
                return f"{name} of trade {number} is {ours!r}, should be {value!r}"
    return _numbers_differ(case, fast, slow)


def _numbers_differ(case: Case, fast: Played, slow: Outcome) -> str | None:
    bars = np.flatnonzero(fast.equity != np.array(slow.equity))
    if len(bars):
        return f"equity at bar {bars[0]} is {fast.equity[bars[0]]!r}"
    if len(case.close) == 0:
        return None
    score = scored(case)
    nets = [trade.money["net_pnl_quote"] for trade in slow.trades]
    pairs = {
        "total_return_pct": (fast.total_return_pct, slow.total_return_pct),
        "reported drawdown": (fast.reported_drawdown, slow.max_drawdown),
        "scored return": (score[RETURN_PCT], slow.total_return_pct),
        "scored drawdown": (score[DRAWDOWN], slow.max_drawdown),
        "full drawdown": (score[FULL_DRAWDOWN], drawdown_of([slow.init_cash, *slow.equity])),
        "scored wins": (score[WINS], _sum(net for net in nets if net > 0)),
        "scored losses": (score[LOSSES], _sum(-net for net in nets if not net > 0)),
        "scored trades": (score[N_TRADES], len(nets)),
    }
    for name, (ours, theirs) in pairs.items():
        if ours != theirs and not (math.isnan(ours) and math.isnan(theirs)):
            return f"{name} is {ours!r}, should be {theirs!r}"
    return None


def _sum(numbers: Iterable[float]) -> float:
    """One after the other; the built-in compensates rounding in newer versions of Python."""
    total = 0.0
    for number in numbers:
        total += number
    return total
