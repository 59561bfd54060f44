"""What a run answers, in the words of the domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from backtest.axes import Scalar
from backtest.types import (
    DirectionMode,
    Execution,
    FloatArray,
    Instrument,
    IntArray,
    Ranking,
    SizingMode,
    Timeframe,
    TimeRange,
)

MetricValue = float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """Which expensive parts of the answer somebody will read.

    `is_explicit` tells that they were asked for by name: then they are computed even where the
    policy withholds reports from answers that carry them unasked.
    """

    reports: bool = True
    trades: bool = True
    is_explicit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One closed round trip. Bar indexes count from the first loaded bar, times are closes."""

    trade_id: int
    direction: Literal["long", "short"]
    entry_bar_index: int
    exit_bar_index: int
    entry_ts: int
    exit_ts: int
    entry_fill_price: float
    exit_fill_price: float
    qty_base: float
    entry_quote_amount: float
    exit_quote_amount: float
    entry_fee_quote: float
    exit_fee_quote: float
    gross_pnl_quote: float
    net_pnl_quote: float
    locked_profit_quote: float
    exit_reason: Literal["sl", "tp", "signal_exit", "forced_close"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The story of one variant: 25 printed rows, the same numbers unrounded, and its trades.

    `metrics` holds the rows' titles; times in epoch milliseconds, durations in milliseconds,
    None where undefined. `trades` is None where nobody asked for them.
    """

    rows: tuple[tuple[str, str], ...]
    table_md: str
    metrics: Mapping[str, MetricValue]
    trades: tuple[Trade, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityCurve:
    """Equity and drawdown at bar closes; shape (n_points,), `ts` epoch milliseconds int64."""

    ts: IntArray
    equity: FloatArray
    drawdown_pct: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The chosen values of one indicator; `source` is None where it has no source axis."""

    indicator_id: str
    source: str | None
    params: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The chosen stop-loss and take-profit; a percent is None when its flag is off."""

    sl_enabled: bool
    sl_pct: float | None
    tp_enabled: bool
    tp_pct: float | None


class Replay(Protocol):
    """Draws what a variant did, on demand. Deterministic; may be called from any thread."""

    def equity_curve(self, max_points: int) -> EquityCurve:
        """At most `max_points` bars of the target slice, first and last among them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedVariant:
    """One returned variant. `total_return_pct` is the number that ranked it."""

    variant_index: int
    variant_key: str
    indicator_variant_key: str
    total_return_pct: float
    selections: tuple[Selection, ...]
    signals: Mapping[str, Mapping[str, Scalar]]
    risk: Risk
    report: Report | None
    replay: Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Everything effective about a run apart from its grid, whether requested or by default."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedGrid:
    """Every axis of a run, the defaults filled in, values materialised in order.

    `indicators[id]` and `signals[id]` map an axis name (`"source"` among them) to its values;
    `sl_pct` and `tp_pct` are None when disabled. `execution` is as requested, not filled up.
    """

    indicators: Mapping[str, Mapping[str, tuple[Scalar, ...]]]
    signals: Mapping[str, Mapping[str, tuple[Scalar, ...]]]
    sl_pct: tuple[float, ...] | None
    tp_pct: tuple[float, ...] | None
    execution: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run would cost. `verdict` is None when the guards let it pass."""

    stage_a_variants: int
    stage_b_variants: int
    target_bars: int
    loaded_bars: int
    estimated_bytes: int
    max_variants: int
    max_bytes: int
    verdict: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The answer of the use-case. `strategy_id` and `spec` are set in saved mode only."""

    settings: RunSettings
    grid: ResolvedGrid
    strategy_id: UUID | None
    spec: Mapping[str, Any] | None
    stage_a_variants: int
    stage_b_variants: int
    target_bars: int
    variants: tuple[RankedVariant, ...]
    stage_seconds: Mapping[str, float]
