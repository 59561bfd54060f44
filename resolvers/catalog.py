"""From the catalog, the policy and an estimate to what clients are shown of them.

See: docs/indicators.md
"""

from collections.abc import Iterable, Mapping
from typing import cast

from backtest.axes import Axis, axis_values
from backtest.indicators.definition import Indicator, Param, Rule, SignalParam
from backtest.policy import RunPolicy
from backtest.ports import GridDefaults
from backtest.result import Estimate
from schema.catalog import (
    BacktestEstimate,
    CatalogIndicator,
    DefaultAxis,
    GuardVerdict,
    MarketFee,
    Parameter,
    PartEstimate,
    RuntimeDefaults,
    SignalRule,
)
from schema.scalars import AxisScalar, BigInt


def to_catalog(indicators: Iterable[Indicator], defaults: GridDefaults) -> list[CatalogIndicator]:
    """The rows that can be asked for, in catalog order.

    See: docs/indicators.md
    """
    return [
        _to_row(indicator, indicator.rule, defaults)
        for indicator in indicators
        if indicator.rule is not None
    ]


def _to_row(indicator: Indicator, rule: Rule, defaults: GridDefaults) -> CatalogIndicator:
    return CatalogIndicator(
        id=indicator.id,
        group=indicator.group,
        title=indicator.title,
        formula=indicator.formula,
        inputs=list(indicator.inputs),
        outputs=list(indicator.outputs),
        primary_output=indicator.primary,
        sources=list(indicator.sources),
        axes=list(indicator.axes),
        params=[_to_parameter(param) for param in indicator.params],
        rising=list(indicator.rising or ()),
        rule=SignalRule(family=rule.family, params=[_to_parameter(param) for param in rule.params]),
        default_axes=_to_axes(defaults.indicator_axes(indicator.id)),
        default_signal_axes=_to_axes(defaults.signal_axes(indicator.id)),
    )


def _to_parameter(param: Param | SignalParam) -> Parameter:
    return Parameter(
        name=param.name,
        is_integer=param.is_whole,
        minimum=param.hard_min,
        maximum=param.hard_max,
        step=param.step,
        default=param.default,
        affects_signals=not isinstance(param, Param) or param.affects_primary,
    )


def _to_axes(axes: Mapping[str, Axis]) -> list[DefaultAxis]:
    # The scalar of the GraphQL schema is a text by name only: it carries numbers as they are.
    return [
        DefaultAxis(name=name, values=cast("list[AxisScalar]", list(axis_values(axis))))
        for name, axis in axes.items()
    ]


def to_runtime_defaults(policy: RunPolicy, *, can_save: bool) -> RuntimeDefaults:
    """What the configuration gives where a request is silent.

    See: docs/configuration.md#backtestyaml
    """
    fees = sorted(policy.fee_pct_by_market_id.items())
    return RuntimeDefaults(
        warmup_bars=policy.warmup_bars,
        top_k=policy.top_k,
        preselect=policy.preselect,
        top_trades_n=policy.top_trades_n,
        primary_metric=policy.ranking.primary,
        secondary_metric=policy.ranking.secondary,
        init_cash_quote=policy.init_cash_quote,
        fixed_quote=policy.fixed_quote,
        safe_profit_percent=policy.safe_profit_percent,
        slippage_pct=policy.slippage_pct,
        fees=[MarketFee(market_id=market_id, fee_pct=fee_pct) for market_id, fee_pct in fees],
        max_variants_per_compute=policy.max_variants_per_compute,
        max_compute_bytes_total=BigInt(policy.max_compute_bytes_total),
        sync_deadline_seconds=policy.deadline_s,
        threads=policy.threads,
        can_save_strategies=can_save,
    )


def to_estimate(estimate: Estimate) -> BacktestEstimate:
    """The cost of a run and what the guards say to it.

    See: docs/graphql.md#what-only-graphql-has, docs/memory.md
    """
    verdict = estimate.verdict
    return BacktestEstimate(
        stage_a_variants=BigInt(estimate.stage_a_variants),
        stage_b_variants=BigInt(estimate.stage_b_variants),
        target_bars=BigInt(estimate.target_bars),
        loaded_bars=BigInt(estimate.loaded_bars),
        estimated_bytes=BigInt(estimate.estimated_bytes),
        max_variants=BigInt(estimate.max_variants),
        max_bytes=BigInt(estimate.max_bytes),
        is_allowed=verdict is None,
        refusal=None
        if verdict is None
        else GuardVerdict(error=str(verdict["error"]), stage=str(verdict["stage"])),
        processor_seconds=estimate.processor_s,
        parts=[
            PartEstimate(
                part=one.part, bytes=BigInt(one.n_bytes), processor_seconds=one.processor_s
            )
            for one in estimate.parts
        ],
    )
