"""From the domain's results to the response models."""

from dataclasses import asdict, fields
from operator import attrgetter

from backtest.result import EquityCurve, RankedVariant, RunResult, Selection
from backtest.result import Report as DomainReport
from backtest.result import Trade as DomainTrade
from backtest.types import ExitReason
from resolvers.hashes import engine_params_hash, grid_request_hash, spec_hash
from schema.enums import RunMode, TradeDirection
from schema.report import EquityPoint, MetricRow, Report, Trade
from schema.response import (
    BacktestResponse,
    ExecutionScalars,
    IndicatorSelection,
    Instrument,
    Payload,
    RiskSelection,
    Variant,
)
from schema.scalars import Timestamp, to_time_text

_TRADE_MEMBERS = tuple(field.name for field in fields(DomainTrade))
_members_of = attrgetter(*_TRADE_MEMBERS)


def to_response(result: RunResult) -> BacktestResponse:
    """The answer of either face."""
    settings = result.settings
    is_saved = result.strategy_id is not None
    return BacktestResponse(
        mode=RunMode.SAVED if is_saved else RunMode.TEMPLATE,
        strategy_id=result.strategy_id,
        instrument_id=Instrument(
            market_id=settings.instrument.market_id, symbol=settings.instrument.symbol
        ),
        timeframe=settings.timeframe,
        warmup_bars=settings.warmup_bars,
        top_k=settings.top_k,
        preselect=settings.preselect,
        top_trades_n=settings.top_trades_n,
        spec_hash=None if result.spec is None else spec_hash(result.spec),
        grid_request_hash=None if is_saved else grid_request_hash(result),
        engine_params_hash=engine_params_hash(settings),
        stage_a_variants=result.stage_a_variants,
        stage_b_variants=result.stage_b_variants,
        target_bars=result.target_bars,
        variants=tuple(to_variant(variant, result) for variant in result.variants),
    )


def to_variant(variant: RankedVariant, result: RunResult) -> Variant:
    """One ranked variant."""
    return Variant(
        variant_index=variant.variant_index,
        variant_key=variant.variant_key,
        indicator_variant_key=variant.indicator_variant_key,
        total_return_pct=variant.total_return_pct,
        report=None if variant.report is None else to_report(variant.report),
        payload=to_payload(variant, result),
    )


def to_payload(variant: RankedVariant, result: RunResult) -> Payload:
    """The settings of a variant, enough to run it again alone."""
    settings = result.settings
    return Payload(
        indicator_selections=tuple(map(_to_selection, variant.selections)),
        signals={indicator_id: dict(params) for indicator_id, params in variant.signals.items()},
        risk=RiskSelection(**asdict(variant.risk)),
        execution=ExecutionScalars(**asdict(settings.execution)),
        direction_mode=settings.direction_mode,
        sizing_mode=settings.sizing_mode,
    )


def to_report(report: DomainReport) -> Report:
    """The report of a variant, without equity curves."""
    trades = report.trades
    return Report(
        rows=tuple(MetricRow(metric=metric, value=value) for metric, value in report.rows),
        table_md=report.table_md,
        metrics=dict(report.metrics),
        trades=None if trades is None else tuple(map(_to_trade, trades)),
    )


def to_curve(curve: EquityCurve) -> list[EquityPoint]:
    """An equity curve as points."""
    return [
        EquityPoint(
            ts=Timestamp(to_time_text(int(ts))), equity=float(equity), drawdown_pct=float(drawdown)
        )
        for ts, equity, drawdown in zip(curve.ts, curve.equity, curve.drawdown_pct, strict=True)
    ]


def _to_selection(selection: Selection) -> IndicatorSelection:
    return IndicatorSelection(
        indicator_id=selection.indicator_id,
        inputs={} if selection.source is None else {"source": selection.source},
        params=dict(selection.params),
    )


def _to_trade(trade: DomainTrade) -> Trade:
    return Trade.model_validate(
        dict(zip(_TRADE_MEMBERS, _members_of(trade), strict=True))
        | {
            "direction": TradeDirection(trade.direction),
            "exit_reason": ExitReason(trade.exit_reason),
            "entry_ts": to_time_text(trade.entry_ts),
            "exit_ts": to_time_text(trade.exit_ts),
        }
    )
