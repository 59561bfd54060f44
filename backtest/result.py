"""What a run answers, in the words of the domain.

See: docs/metrics.md (the report), docs/grid.md (the resolved grid)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from backtest.axes import Scalar
from backtest.policy import RunSettings
from backtest.types import AnswerPart, ExitReason, FloatArray, IntArray, RankingMetric

MetricValue = float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One closed round trip. Bar indexes count from the first loaded bar, times are closes.

    See: docs/fills.md (backtest/engine/money/trades.py)
    """

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
class StandardRatios:
    """Ratios by the definitions of other tools, beside the 25 rows.

    `values` maps a name (`sharpe`, `cagr_pct`, …) to its number, or to None where it is undefined
    or infinite; `reasons` tells why.

    See: docs/ratios.md (backtest/report/standard.py)
    """

    values: Mapping[str, float | None]
    longest_losing_run: int
    exposure_pct: float
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report on one variant: 25 printed rows, the same numbers unrounded, and its trades.

    `metrics` holds the rows' titles; times in epoch milliseconds, durations in milliseconds,
    None where undefined. `standard` stands beside them. `trades` is None where nobody asked for
    them.

    See: docs/metrics.md (backtest/report/metrics.py)
    """

    rows: tuple[tuple[str, str], ...]
    table_md: str
    metrics: Mapping[str, MetricValue]
    standard: StandardRatios
    trades: Sequence[Trade] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityCurve:
    """Equity and drawdown at bar closes; shape (n_points,), `ts` epoch milliseconds int64.

    The drawdown is NaN from a bar whose peak is not positive.

    See: docs/metrics.md (backtest/report/equity.py)
    """

    ts: IntArray
    equity: FloatArray
    drawdown_pct: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalStretches:
    """What a signal says, before and apart from what is held; each shape (n_stretches,) int64.

    In the bars that close from `from_ts` to `to_ts`, both epoch milliseconds and both included,
    `n_bars` in number, it is long at `n_long` and short at `n_short`.

    See: docs/signals.md#the-signal-of-one-variant (backtest/report/signals.py)
    """

    from_ts: IntArray
    to_ts: IntArray
    n_bars: IntArray
    n_long: IntArray
    n_short: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReturn:
    """Return of a calendar month in percent; None where it began with no equity above 0.

    `month` is 1 to 12, UTC.

    See: docs/metrics.md#months (backtest/report/months.py)
    """

    year: int
    month: int
    return_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The chosen values of one indicator; `source` is None where it has no source axis.

    See: docs/grid.md
    """

    indicator_id: str
    source: str | None
    params: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The chosen stop-loss and take-profit; a percent is None when its flag is off.

    See: docs/grid.md
    """

    sl_enabled: bool
    sl_pct: float | None
    tp_enabled: bool
    tp_pct: float | None


class Replay(Protocol):
    """Draws what a variant did, on demand. Deterministic; may be called from any thread.

    See: docs/memory.md (backtest/report/replay.py)
    """

    @property
    def n_trades(self) -> int:
        """How often the variant trades."""
        ...

    @property
    def opens_at_once(self) -> bool:
        """Whether it enters on the first bar of the target slice."""
        ...

    @property
    def exits(self) -> frozenset[ExitReason]:
        """The reasons for which its trades ended."""
        ...

    def equity_curve(self, max_points: int) -> EquityCurve:
        """At most `max_points` bars, the largest drawdown among them."""
        ...

    def returns_by_month(self) -> list[MonthReturn]:
        """The return of every calendar month."""
        ...

    def signal(self, max_points: int) -> SignalStretches:
        """What its indicators say together, whatever the direction that may be traded."""
        ...

    def indicator_signals(self, max_points: int) -> Mapping[str, SignalStretches]:
        """What each of its indicators says, by id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingValue:
    """What a ranking metric says of a variant: infinite where it is, NaN where it is undefined.

    See: docs/ranking.md (backtest/engine/pipeline/ranking.py)
    """

    metric: RankingMetric
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAxis:
    """An axis on which variants with the same trades differ, and the values that they have there.

    `indicator_id` is None for `sl_pct` and `tp_pct`.

    See: docs/ranking.md#distinct-results (backtest/engine/selection/distinct.py)
    """

    indicator_id: str | None
    name: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAs:
    """The variants that a returned one stands for; their values include its own.

    See: docs/ranking.md#distinct-results (backtest/engine/selection/distinct.py)
    """

    n_others: int
    axes: tuple[SameAxis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intrabar:
    """What closes hide of a variant: trades that a bar ended before its close, and their worth.

    Attributes:
        trades_touched_stop: Trades in which the stop was touched first.
        trades_touched_target: Trades in which the target was touched first.
        total_return_pct: Return of the whole run, had those filled at the level there.

    See: docs/evidence.md#what-closes-hide (backtest/report/intrabar.py)
    """

    trades_touched_stop: int
    trades_touched_target: int
    total_return_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedVariant:
    """One returned variant. `ranking` holds what ranked it, the primary metric first.

    See: docs/ranking.md
    """

    variant_index: int
    variant_key: str
    indicator_variant_key: str
    total_return_pct: float
    ranking: tuple[RankingValue, ...]
    selections: tuple[Selection, ...]
    signals: Mapping[str, Mapping[str, Scalar]]
    risk: Risk
    report: Report | None
    replay: Replay
    same_as: SameAs | None = None
    intrabar: Intrabar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedGrid:
    """Every axis of a run, the defaults filled in, values materialised in order.

    `indicators[id]` and `signals[id]` map an axis name (`"source"` among them) to its values;
    `sl_pct` and `tp_pct` are None when disabled. `execution` is as requested, not filled up.

    See: docs/grid.md
    """

    indicators: Mapping[str, Mapping[str, tuple[Scalar, ...]]]
    signals: Mapping[str, Mapping[str, tuple[Scalar, ...]]]
    sl_pct: tuple[float, ...] | None
    tp_pct: tuple[float, ...] | None
    execution: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEstimate:
    """What one part beside the variants adds to a run that has no other.

    See: docs/memory.md, docs/evidence.md#what-it-costs
    """

    part: AnswerPart
    n_bytes: int
    processor_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run would cost. `verdict` is None when the guards let it pass.

    `processor_s` is about how many seconds one processor would be busy; `parts` say what each part
    beside the variants would add.

    See: docs/memory.md (backtest/engine/limits/estimate.py)
    """

    stage_a_variants: int
    stage_b_variants: int
    target_bars: int
    loaded_bars: int
    estimated_bytes: int
    max_variants: int
    max_bytes: int
    verdict: Mapping[str, Any] | None
    processor_s: float = 0.0
    parts: tuple[PartEstimate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of the range without a candle, `[start_ms, end_ms)` in open times.

    See: docs/answer.md
    """

    start_ms: int
    end_ms: int
    n_candles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CandlesFound:
    """The candles that open inside the range of a run, and the bars that had none.

    Open times are epoch milliseconds UTC; both are None where the range has no candle. Of the
    missing candles `n_before` lie before the first one, `n_after` behind the last; the longest gap
    may be one of these, and of equal ones it is the earliest.

    Bars are those of the target slice: `n_bars_filled` repeat a close because no candle fell into
    them, `n_bars_after` of them behind the last candle. `n_tail` candles are missing at the end of
    the last bar, where that has any. A complete history would also have `n_bars_absent`, which lie
    before all candles, and `n_warmup_absent` before the target slice.

    See: docs/answer.md
    """

    candle_ms: int
    first_ms: int | None
    last_ms: int | None
    n_expected: int
    n_present: int
    n_before: int
    n_after: int
    longest_gap: Gap | None
    n_bars_filled: int
    n_bars_after: int
    n_tail: int
    n_bars_absent: int
    n_warmup_bars: int
    n_warmup_absent: int

    @property
    def n_missing(self) -> int:
        """Candles that the range has room for and the store does not have."""
        return self.n_expected - self.n_present


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The answer of the use-case. `strategy_id` and `spec` are set in saved mode only.

    `is_on_at_start`: the signal that the best variant enters on first was on before the range.
    `holding_return_pct`: what buying at the first close and holding to the last returned.
    `parts` holds what was wanted beside the variants (`backtest.answer_parts`).
    `scored_by` is for the log alone, like `stage_seconds`: an answer is the same on every machine.

    See: docs/ranking.md (backtest/run.py)
    """

    settings: RunSettings
    grid: ResolvedGrid
    strategy_id: UUID | None
    spec: Mapping[str, Any] | None
    stage_a_variants: int
    stage_b_variants: int
    target_bars: int
    found: CandlesFound
    is_on_at_start: bool
    holding_return_pct: float
    variants: tuple[RankedVariant, ...]
    stage_seconds: Mapping[str, float]
    parts: Mapping[AnswerPart, object] = field(default_factory=dict[AnswerPart, object])
    scored_by: tuple[str, ...] = ()
