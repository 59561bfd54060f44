"""From the domain's results to the response models.

See: docs/metrics.md
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from math import isfinite, isinf, isnan
from operator import attrgetter
from typing import Any, cast

from backtest.control import Control
from backtest.notes import notes_of
from backtest.policy import RunSettings
from backtest.result import (
    CandlesFound,
    EquityCurve,
    Gap,
    RankedVariant,
    RunResult,
    Selection,
    SignalStretches,
)
from backtest.result import RankingValue as DomainRankingValue
from backtest.result import Report as DomainReport
from backtest.result import SameAs as DomainSameAs
from backtest.result import Trade as DomainTrade
from backtest.types import ExitReason
from resolvers.answer_parts import to_answer_parts
from resolvers.hashes import engine_params_hash, grid_request_hash, spec_hash
from schema.basis import CandleData, CandleGap, Note
from schema.enums import RunMode, TradeDirection
from schema.report import EquityPoint, Report, SignalStretch, Trades
from schema.response import (
    BacktestResponse,
    ExecutionScalars,
    IndicatorSelection,
    Instrument,
    Intrabar,
    Payload,
    RankingValue,
    RiskSelection,
    SameAs,
    SameAxis,
    Variant,
    VariantRanking,
)
from schema.scalars import Timestamp, to_time_text, to_time_texts

_TRADE_MEMBERS = tuple(field.name for field in fields(DomainTrade))
_members_of = attrgetter(*_TRADE_MEMBERS)
_DIRECTIONS = {direction.value: direction for direction in TradeDirection}
_REASONS = {reason.value: reason for reason in ExitReason}


def to_response(result: RunResult, control: Control) -> BacktestResponse:
    """The answer of either face; whoever reads its trades looks at the control.

    See: docs/metrics.md
    """
    settings = result.settings
    is_saved = result.strategy_id is not None
    execution = ExecutionScalars(**asdict(settings.execution))
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
        data=to_data(result.found),
        notes=tuple(Note(code=note.code, message=note.message) for note in notes_of(result)),
        variants=tuple(
            to_variant(variant, settings, execution, control) for variant in result.variants
        ),
        **cast("dict[str, Any]", to_answer_parts(result.parts)),
    )


def to_data(found: CandlesFound) -> CandleData:
    """The candles of a run.

    See: docs/answer.md
    """
    return CandleData(
        first_candle=_timestamp(found.first_ms),
        last_candle=_timestamp(found.last_ms),
        candle_seconds=found.candle_ms // 1000,
        candles_expected=found.n_expected,
        candles_present=found.n_present,
        candles_missing=found.n_missing,
        bars_filled=found.n_bars_filled,
        longest_gap=None if found.longest_gap is None else _to_gap(found.longest_gap),
    )


def _to_gap(gap: Gap) -> CandleGap:
    return CandleGap(
        start=Timestamp(to_time_text(gap.start_ms)),
        end=Timestamp(to_time_text(gap.end_ms)),
        candles=gap.n_candles,
    )


def _timestamp(moment_ms: int | None) -> Timestamp | None:
    return None if moment_ms is None else Timestamp(to_time_text(moment_ms))


def to_variant(
    variant: RankedVariant, settings: RunSettings, execution: ExecutionScalars, control: Control
) -> Variant:
    """One ranked variant.

    See: docs/metrics.md
    """
    control.check()
    return Variant(
        variant_index=variant.variant_index,
        variant_key=variant.variant_key,
        indicator_variant_key=variant.indicator_variant_key,
        total_return_pct=variant.total_return_pct,
        ranking=to_ranking(variant.ranking),
        same_as=None if variant.same_as is None else to_same_as(variant.same_as),
        report=None if variant.report is None else to_report(variant.report, control),
        payload=to_payload(variant, settings, execution),
        intrabar=None if variant.intrabar is None else Intrabar(**asdict(variant.intrabar)),
    )


def to_ranking(values: Sequence[DomainRankingValue]) -> VariantRanking:
    """What ranked a variant: one value, or two.

    See: docs/ranking.md
    """
    primary, *others = map(_to_ranking_value, values)
    return VariantRanking(primary=primary, secondary=others[0] if others else None)


def to_same_as(found: DomainSameAs) -> SameAs:
    """What a variant stands for.

    See: docs/ranking.md#distinct-results
    """
    axes = tuple(SameAxis(**asdict(axis)) for axis in found.axes)
    return SameAs(n_others=found.n_others, axes=axes)


def to_payload(
    variant: RankedVariant, settings: RunSettings, execution: ExecutionScalars
) -> Payload:
    """The settings of a variant, enough to run it again alone.

    See: docs/metrics.md
    """
    risk = variant.risk
    return Payload(
        indicator_selections=tuple(map(_to_selection, variant.selections)),
        signals={indicator_id: dict(params) for indicator_id, params in variant.signals.items()},
        risk=RiskSelection(
            sl_enabled=risk.sl_enabled,
            sl_pct=risk.sl_pct,
            tp_enabled=risk.tp_enabled,
            tp_pct=risk.tp_pct,
        ),
        execution=execution,
        direction_mode=settings.direction_mode,
        sizing_mode=settings.sizing_mode,
    )


def to_report(report: DomainReport, control: Control) -> Report:
    """The report of a variant, without equity curves.

    Validated as a whole: making thousands of rows one by one would cost more than the run of a
    small grid.

    See: docs/metrics.md
    """
    trades = report.trades
    return Report.model_validate(
        {
            "rows": [{"metric": metric, "value": value} for metric, value in report.rows],
            "table_md": report.table_md,
            "metrics": dict(report.metrics),
            "standard": {
                **report.standard.values,
                "longest_losing_run": report.standard.longest_losing_run,
                "exposure_pct": report.standard.exposure_pct,
                "reasons": dict(report.standard.reasons),
            },
            "trades": None if trades is None else to_trades(trades, control),
        }
    )


def to_trades(trades: Sequence[DomainTrade], control: Control) -> Trades:
    """The trades of a variant, to be read while the control allows it.

    Reading them raises `RunCancelled` or `DeadlineExceeded` when it does not.

    See: docs/reliability.md#answers
    """

    def rows(start: int, stop: int) -> list[dict[str, object]]:
        control.check()
        return _to_rows(trades[start:stop])

    return Trades(len(trades), rows)


def to_curve(curve: EquityCurve) -> list[EquityPoint]:
    """An equity curve as points.

    See: docs/metrics.md
    """
    return [
        EquityPoint(
            ts=Timestamp(to_time_text(int(ts))),
            equity=float(equity),
            drawdown_pct=None if isnan(drawdown) else float(drawdown),
        )
        for ts, equity, drawdown in zip(curve.ts, curve.equity, curve.drawdown_pct, strict=True)
    ]


def to_stretches(found: SignalStretches) -> list[SignalStretch]:
    """A signal as stretches.

    See: docs/signals.md#the-signal-of-one-variant
    """
    times = (to_time_texts(moments.tolist()) for moments in (found.from_ts, found.to_ts))
    counts = (column.tolist() for column in (found.n_bars, found.n_long, found.n_short))
    return [
        SignalStretch(
            from_ts=Timestamp(first),
            to_ts=Timestamp(last),
            n_bars=n_bars,
            n_long=n_long,
            n_short=n_short,
        )
        for first, last, n_bars, n_long, n_short in zip(*times, *counts, strict=True)
    ]


def _to_ranking_value(found: DomainRankingValue) -> RankingValue:
    return RankingValue(
        metric=found.metric,
        value=found.value if isfinite(found.value) else None,
        infinite=isinf(found.value),
    )


def _to_selection(selection: Selection) -> IndicatorSelection:
    return IndicatorSelection(
        indicator_id=selection.indicator_id,
        inputs={} if selection.source is None else {"source": selection.source},
        params=dict(selection.params),
    )


def _to_rows(trades: Sequence[DomainTrade]) -> list[dict[str, object]]:
    entries = to_time_texts([trade.entry_ts for trade in trades])
    exits = to_time_texts([trade.exit_ts for trade in trades])
    return [
        {
            **dict(zip(_TRADE_MEMBERS, _members_of(trade), strict=True)),
            "direction": _DIRECTIONS[trade.direction],
            "exit_reason": _REASONS[trade.exit_reason],
            "entry_ts": entry,
            "exit_ts": exit_,
        }
        for trade, entry, exit_ in zip(trades, entries, exits, strict=True)
    ]
