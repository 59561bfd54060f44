"""From the request models to the words of the domain.

See: docs/grid.md
"""

from collections.abc import Mapping

from backtest import request as domain
from backtest import types
from backtest.axes import Axis
from backtest.types import DirectionMode, RankingMetric, SizingMode
from schema import request as schema
from schema.axis import ExplicitAxis, RangeAxis
from schema.scalars import to_epoch_ms

AxisModels = Mapping[str, ExplicitAxis | RangeAxis]


def to_run_request(request: schema.BacktestRequest) -> domain.RunRequest:
    """The domain's request; the model must name exactly one mode.

    See: docs/grid.md
    """
    return domain.RunRequest(
        time_range=types.TimeRange(
            start_ms=to_epoch_ms(request.time_range.start),
            end_ms=to_epoch_ms(request.time_range.end),
        ),
        strategy_id=request.strategy_id,
        overrides=None if request.overrides is None else to_overrides(request.overrides),
        template=None if request.template is None else to_template(request.template),
        warmup_bars=request.warmup_bars,
        top_k=request.top_k,
        preselect=request.preselect,
        top_trades_n=request.top_trades_n,
        ranking=to_ranking(request.ranking),
        min_trades=request.min_trades,
        distinct=request.distinct,
        prior_trials=request.prior_trials,
        parts=frozenset(request.include or ()),
    )


def to_ranking(ranking: schema.Ranking | None) -> types.Ranking | None:
    """The ranking, or None for the configured one: nothing given, `{}`, or nothing but nulls.

    See: docs/ranking.md
    """
    if ranking is None or not ranking.model_dump(exclude_unset=True, exclude_none=True):
        return None
    return types.Ranking(
        primary=ranking.primary_metric or RankingMetric.TOTAL_RETURN_PCT,
        secondary=ranking.secondary_metric,
    )


def to_instrument(instrument: schema.InstrumentId) -> types.Instrument:
    """The instrument.

    See: docs/grid.md
    """
    return types.Instrument(market_id=instrument.market_id, symbol=instrument.symbol)


def to_template(template: schema.Template) -> domain.Template:
    """The ad-hoc grid; null members get their defaults.

    See: docs/grid.md
    """
    return domain.Template(
        instrument=to_instrument(template.instrument_id),
        timeframe=template.timeframe,
        indicator_grids=tuple(map(to_indicator_grid, template.indicator_grids)),
        direction_mode=template.direction_mode or DirectionMode.LONG_SHORT,
        sizing_mode=template.sizing_mode or SizingMode.ALL_IN,
        execution=to_execution(template.execution),
        risk_grid=to_risk_grid(template.risk_grid or schema.RiskGrid()),
        signal_grids=to_signal_grids(template.signal_grids or {}),
    )


def to_overrides(overrides: schema.Overrides) -> domain.Overrides:
    """The changes to a saved strategy; what is null stays as saved.

    See: docs/grid.md
    """
    risk, signals = overrides.risk_grid, overrides.signal_grids
    return domain.Overrides(
        direction_mode=overrides.direction_mode,
        sizing_mode=overrides.sizing_mode,
        execution=None if overrides.execution is None else to_execution(overrides.execution),
        risk_grid=None if risk is None else to_risk_grid(risk),
        signal_grids=None if signals is None else to_signal_grids(signals),
    )


def to_indicator_grid(grid: schema.IndicatorGrid) -> domain.IndicatorGrid:
    """One indicator with the axes that were given.

    See: docs/grid.md
    """
    return domain.IndicatorGrid(
        indicator_id=grid.indicator_id,
        params=to_axes(grid.params or {}),
        source=None if grid.source is None else grid.source.to_axis(),
    )


def to_risk_grid(grid: schema.RiskGrid) -> domain.RiskGrid:
    """Stop-loss and take-profit.

    See: docs/grid.md
    """
    return domain.RiskGrid(
        sl_enabled=bool(grid.sl_enabled),
        tp_enabled=bool(grid.tp_enabled),
        sl=None if grid.sl is None else grid.sl.to_axis(),
        tp=None if grid.tp is None else grid.tp.to_axis(),
        sl_pct=grid.sl_pct,
        tp_pct=grid.tp_pct,
    )


def to_signal_grids(grids: Mapping[str, AxisModels]) -> domain.SignalGrids:
    """Signal axes by indicator and parameter.

    See: docs/grid.md
    """
    return {indicator_id: to_axes(axes) for indicator_id, axes in grids.items()}


def to_axes(axes: AxisModels) -> dict[str, Axis]:
    """Axes by name.

    See: docs/grid.md
    """
    return {name: axis.to_axis() for name, axis in axes.items()}


def to_execution(execution: schema.Execution | None) -> dict[str, float]:
    """The members that were given, as floats; null means not given.

    See: docs/grid.md
    """
    return {} if execution is None else execution.model_dump(exclude_none=True)
