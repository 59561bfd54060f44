"""By what rules a run is made: the service's defaults and limits, and what is left after them.

See: docs/configuration.md
"""

from collections.abc import Mapping
from dataclasses import dataclass

from backtest.thresholds import STANDARD, Thresholds
from backtest.types import (
    AnswerPart,
    DirectionMode,
    Execution,
    Instrument,
    Ranking,
    SizingMode,
    Timeframe,
    TimeRange,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """Defaults where a request is silent, and the guards. Percent values are human percent.

    See: docs/configuration.md (bff/config/settings.py)
    """

    warmup_bars: int
    top_k: int
    preselect: int
    top_trades_n: int
    ranking: Ranking
    init_cash_quote: float
    fixed_quote: float
    safe_profit_percent: float
    slippage_pct: float
    fee_pct_by_market_id: Mapping[int, float]
    max_variants_per_compute: int
    max_compute_bytes_total: int
    answer_max_bytes: int
    deadline_s: float | None
    eager_reports: bool
    threads: int
    thresholds: Thresholds = STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Everything effective about a run apart from its grid, whether requested or by default.

    See: docs/grid.md (backtest/plan.py)
    """

    time_range: TimeRange
    instrument: Instrument
    timeframe: Timeframe
    direction_mode: DirectionMode
    sizing_mode: SizingMode
    execution: Execution
    ranking: Ranking
    warmup_bars: int
    top_k: int
    preselect: int
    top_trades_n: int
    eager_reports: bool
    min_trades: int = 0
    distinct: bool = False
    prior_trials: int = 0


# What is made of the growth of every trial.
OF_LEDGER = frozenset({AnswerPart.EVIDENCE, AnswerPart.LANDSCAPE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """Which expensive parts of the answer somebody will read.

    `is_explicit` tells that they were asked for by name: then they are computed even where the
    policy withholds reports from answers that carry them unasked.

    The answer's text has about `variant_bytes` for each variant and `trade_bytes` for each trade
    that is listed; while it is written, `held_per_byte` times as much memory is held. Signals that
    somebody asks for have up to `signal_bytes` for each variant: how often they change is not known
    before.

    `parts` are wanted beside the variants.

    See: docs/graphql.md
    """

    reports: bool = True
    trades: bool = True
    is_explicit: bool = False
    variant_bytes: int = 4_000
    trade_bytes: int = 500
    signal_bytes: int = 0
    held_per_byte: float = 1.0
    parts: frozenset[AnswerPart] = frozenset()

    @property
    def ledger(self) -> bool:
        """Whether somebody reads what is made of the growth of every trial."""
        return bool(self.parts & OF_LEDGER)
