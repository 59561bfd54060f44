"""A use-case that needs no candles: its answers follow from the request alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from backtest.axes import Axis, Scalar, axis_values, explicit
from backtest.control import Control
from backtest.errors import BacktestError
from backtest.policy import RunPolicy, RunSettings, Want
from backtest.request import RunRequest, Template
from backtest.result import (
    CandlesFound,
    EquityCurve,
    Estimate,
    Gap,
    MonthReturn,
    RankedVariant,
    RankingValue,
    Report,
    ResolvedGrid,
    Risk,
    RunResult,
    Selection,
    SignalStretches,
    StandardRatios,
    Trade,
)
from backtest.types import (
    Execution,
    ExitReason,
    Instrument,
    Ranking,
    RankingMetric,
    Timeframe,
    TimeRange,
)

POLICY = RunPolicy(
    warmup_bars=200,
    top_k=300,
    preselect=20_000,
    top_trades_n=3,
    ranking=Ranking(),
    init_cash_quote=10_000.0,
    fixed_quote=100.0,
    safe_profit_percent=30.0,
    slippage_pct=0.01,
    fee_pct_by_market_id={1: 0.075, 2: 0.1},
    max_variants_per_compute=600_000,
    max_compute_bytes_total=5 << 30,
    answer_max_bytes=64 << 20,
    deadline_s=30.0,
    eager_reports=True,
    threads=1,
)
SAVED = Template(
    instrument=Instrument(market_id=2, symbol="ETHUSDT"),
    timeframe=Timeframe.H1,
    indicator_grids=(),
)
TRADE = Trade(
    trade_id=1,
    direction="long",
    entry_bar_index=200,
    exit_bar_index=203,
    entry_ts=1_704_067_200_000,
    exit_ts=1_704_069_900_123,
    entry_fill_price=100.0,
    exit_fill_price=101.0,
    qty_base=1.0,
    entry_quote_amount=100.0,
    exit_quote_amount=101.0,
    entry_fee_quote=0.1,
    exit_fee_quote=0.1,
    gross_pnl_quote=1.0,
    net_pnl_quote=0.8,
    locked_profit_quote=0.0,
    exit_reason="signal_exit",
)
FOUND = CandlesFound(
    candle_ms=60_000,
    first_ms=1_704_067_200_000,
    last_ms=1_704_153_540_000,
    n_expected=1_500,
    n_present=1_430,
    n_before=0,
    n_after=60,
    longest_gap=Gap(start_ms=1_704_153_600_000, end_ms=1_704_157_200_000, n_candles=60),
    n_bars_filled=5,
    n_bars_after=4,
    n_tail=0,
    n_bars_absent=0,
    n_warmup_bars=200,
    n_warmup_absent=0,
)


class FakeDefaults:
    """One default axis for everything."""

    def indicator_axes(self, indicator_id: str) -> Mapping[str, Axis]:
        del indicator_id
        return {"window": explicit(14)}

    def signal_axes(self, indicator_id: str) -> Mapping[str, Axis]:
        del indicator_id
        return {}


class FakeReplay:
    """A curve that rises by one with each point."""

    n_trades = 1
    opens_at_once = False
    exits: frozenset[ExitReason] = frozenset()

    def equity_curve(self, max_points: int) -> EquityCurve:
        steps = np.arange(min(max_points, 3), dtype=np.int64)
        return EquityCurve(
            ts=1_704_067_200_000 + steps * 60_000,
            equity=10_000.0 + steps.astype(np.float64),
            drawdown_pct=np.zeros(len(steps)),
        )

    def returns_by_month(self) -> list[MonthReturn]:
        return [MonthReturn(year=2024, month=1, return_pct=0.02)]

    def signal(self, max_points: int) -> SignalStretches:
        steps = np.arange(min(max_points, 3), dtype=np.int64)
        return SignalStretches(
            from_ts=1_704_067_200_000 + steps * 120_000,
            to_ts=1_704_067_260_000 + steps * 120_000,
            n_bars=np.full(len(steps), 2),
            n_long=2 * (steps == 0),
            n_short=2 * (steps == 2),
        )

    def indicator_signals(self, max_points: int) -> Mapping[str, SignalStretches]:
        return {"ma.sma": self.signal(max_points), "momentum.rsi": self.signal(max_points)}


@dataclass(eq=False)
class FakeBacktester:
    """Answers every request with one variant: the first value of each axis.

    Args:
        failure: Raised instead, where given.
        is_early: Whether the failure is known before anything runs.
    """

    failure: BacktestError | Exception | None = None
    requests: list[RunRequest] = field(default_factory=list[RunRequest])
    wants: list[Want] = field(default_factory=list[Want])
    is_early: bool = False

    def check(self, request: RunRequest) -> float:
        del request
        if self.is_early and self.failure is not None:
            raise self.failure
        return 0.1

    def run(
        self, request: RunRequest, *, user_id: UUID, control: Control, want: Want | None = None
    ) -> RunResult:
        del user_id
        control.check()
        self.requests.append(request)
        self.wants.append(want or Want())
        if self.failure is not None:
            raise self.failure
        return result_of(request, want or Want())

    def estimate(self, request: RunRequest, *, user_id: UUID) -> Estimate:
        del user_id
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        return Estimate(
            stage_a_variants=10**12,
            stage_b_variants=20_000,
            target_bars=96,
            loaded_bars=296,
            estimated_bytes=6 << 30,
            max_variants=600_000,
            max_bytes=5 << 30,
            verdict={"error": "max_variants_per_compute_exceeded", "stage": "stage_a"},
        )


def result_of(request: RunRequest, want: Want) -> RunResult:
    template = request.template or SAVED
    grid = grid_of(template)
    return RunResult(
        settings=settings_of(request, template),
        grid=grid,
        strategy_id=request.strategy_id,
        spec=None if request.strategy_id is None else {"spec_kind": "roehub.strategy.v1"},
        stage_a_variants=1,
        stage_b_variants=1,
        target_bars=96,
        found=FOUND,
        is_on_at_start=False,
        holding_return_pct=0.5,
        variants=(variant_of(grid, template, want),),
        stage_seconds={},
    )


def grid_of(template: Template) -> ResolvedGrid:
    indicators: dict[str, dict[str, tuple[Scalar, ...]]] = {}
    for item in template.indicator_grids:
        axes = {name: axis_values(axis) for name, axis in item.params.items()}
        axes["source"] = ("close",) if item.source is None else axis_values(item.source)
        indicators[item.indicator_id] = axes
    signals = {
        indicator_id: {name: axis_values(axis) for name, axis in axes.items()}
        for indicator_id, axes in template.signal_grids.items()
    }
    return ResolvedGrid(
        indicators=indicators,
        signals=signals,
        sl_pct=None if template.risk_grid.sl_pct is None else (template.risk_grid.sl_pct,),
        tp_pct=None,
        execution=template.execution,
    )


def settings_of(request: RunRequest, template: Template) -> RunSettings:
    given = template.execution
    return RunSettings(
        time_range=TimeRange(
            start_ms=request.time_range.start_ms, end_ms=request.time_range.end_ms
        ),
        instrument=template.instrument,
        timeframe=template.timeframe,
        direction_mode=template.direction_mode,
        sizing_mode=template.sizing_mode,
        execution=Execution(
            init_cash_quote=given.get("init_cash_quote", POLICY.init_cash_quote),
            fixed_quote=given.get("fixed_quote", POLICY.fixed_quote),
            safe_profit_percent=given.get("safe_profit_percent", POLICY.safe_profit_percent),
            fee_pct=given.get("fee_pct", 0.075),
            slippage_pct=given.get("slippage_pct", POLICY.slippage_pct),
        ),
        ranking=request.ranking or POLICY.ranking,
        warmup_bars=request.warmup_bars or POLICY.warmup_bars,
        top_k=request.top_k or POLICY.top_k,
        preselect=request.preselect or POLICY.preselect,
        top_trades_n=request.top_trades_n or POLICY.top_trades_n,
        eager_reports=True,
        min_trades=request.min_trades or 0,
        distinct=request.distinct or False,
        prior_trials=request.prior_trials or 0,
    )


STANDARD = StandardRatios(
    values={
        "sharpe": 1.5,
        "sortino": None,
        "calmar": None,
        "cagr_pct": None,
        "annual_volatility_pct": 20.0,
        "profit_factor": None,
        "payoff": None,
        "max_drawdown_pct": 0.5,
    },
    longest_losing_run=0,
    exposure_pct=50.0,
    reasons={
        "sortino": "infinite: a gain and no losing day",
        "calmar": "needs 30 days, the run has 1",
        "cagr_pct": "needs 30 days, the run has 1",
        "profit_factor": "infinite: no losing trade",
        "payoff": "no losing trade",
    },
)


def variant_of(grid: ResolvedGrid, template: Template, want: Want) -> RankedVariant:
    report = Report(
        rows=(("Total Return [%]", "0.8"), ("SQN", "N/A")),
        table_md="|Metric|Value|",
        metrics={"Total Return [%]": 0.8, "Num. Trades": 1, "SQN": None},
        standard=STANDARD,
        trades=(TRADE,) if want.trades else None,
    )
    return RankedVariant(
        variant_index=0,
        variant_key="a" * 64,
        indicator_variant_key="b" * 64,
        total_return_pct=0.8,
        ranking=(RankingValue(metric=RankingMetric.TOTAL_RETURN_PCT, value=0.8),),
        selections=tuple(
            Selection(
                indicator_id=indicator_id,
                source=str(axes["source"][0]),
                params={name: values[0] for name, values in axes.items() if name != "source"},
            )
            for indicator_id, axes in grid.indicators.items()
        ),
        signals={
            indicator_id: {name: values[0] for name, values in axes.items()}
            for indicator_id, axes in grid.signals.items()
        },
        risk=Risk(
            sl_enabled=template.risk_grid.sl_enabled,
            sl_pct=template.risk_grid.sl_pct,
            tp_enabled=False,
            tp_pct=None,
        ),
        report=report if want.reports else None,
        replay=FakeReplay(),
    )
