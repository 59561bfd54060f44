"""From a request to a plan: merge, fill in the defaults, check, count, and only then materialise.

See: docs/grid.md
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from backtest.axes import Axis, Scalar, axis_len, axis_values
from backtest.axis_rules import normal_name
from backtest.catalog_rules import (
    find_indicator,
    indicator_problems,
    order_problems,
    risk_problems,
    signal_problems,
)
from backtest.columns import count_variants
from backtest.errors import GuardExceeded, InvalidRequest, Loc, Problem
from backtest.grid import Grid, IndicatorAxes
from backtest.indicators.definition import Indicator
from backtest.policy import RunPolicy, RunSettings
from backtest.ports import GridDefaults
from backtest.request import IndicatorGrid, Overrides, RunRequest, SignalGrids, Template
from backtest.result import ResolvedGrid
from backtest.timeline import count_bars, load_range
from backtest.types import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run that is known to be sound and within the variant guards.

    `execution` is the block as requested (it enters the keys); `settings.execution` the effective
    one.

    See: docs/grid.md
    """

    settings: RunSettings
    grid: Grid
    execution: Mapping[str, float]
    n_shortlist: int

    @property
    def n_risk_variants(self) -> int:
        """Stage B's load."""
        return self.n_shortlist * self.grid.n_risk

    @property
    def n_kept(self) -> int:
        """How many base variants Stage A puts in order."""
        settings, grid = self.settings, self.grid
        has_risk = grid.sl_pct is not None or grid.tp_pct is not None
        if has_risk or settings.min_trades or settings.distinct:
            return self.n_shortlist
        # the shortlist is the answer then, and its order beyond that nobody's concern
        return min(self.n_shortlist, settings.top_k)

    def count_bars(self) -> tuple[int, int]:
        """Bars that a complete history has for it: loaded, and of the target slice."""
        chosen = self.settings
        start_ms, stop_ms = load_range(chosen.time_range, chosen.timeframe, chosen.warmup_bars)
        return count_bars(chosen.time_range, chosen.timeframe, start_ms=start_ms, stop_ms=stop_ms)

    def resolved_grid(self) -> ResolvedGrid:
        """Every axis as the answer shows it."""
        grid = self.grid
        return ResolvedGrid(
            indicators={entry.indicator.id: dict(entry.axes) for entry in grid.indicators},
            signals={
                entry.indicator.id: dict(entry.signal_axes)
                for entry in grid.indicators
                if entry.signal_axes
            },
            sl_pct=grid.sl_pct,
            tp_pct=grid.tp_pct,
            execution=self.execution,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A grid that is known to be sound and within the variant guards; nothing is materialised.

    See: docs/grid.md
    """

    template: Template
    axes: "tuple[_Axes, ...]"
    stops: Axis | float | None
    profits: Axis | float | None
    n_base: int
    n_shortlist: int
    n_cells: int
    top_k: int


@dataclass(frozen=True, slots=True)
class _Axes:
    """One indicator with all its axes, not yet materialised."""

    indicator: Indicator
    axes: Mapping[str, Axis]
    signal_axes: Mapping[str, Axis]


def merge_overrides(template: Template, overrides: Overrides | None) -> Template:
    """A saved template with the request's changes: scalars and axes merged, risk replaced.

    See: docs/grid.md
    """
    if overrides is None:
        return template
    signal_grids = _normal_signals(template.signal_grids)
    for indicator_id, axes in _normal_signals(overrides.signal_grids or {}).items():
        signal_grids.setdefault(indicator_id, {}).update(axes)
    return replace(
        template,
        direction_mode=overrides.direction_mode or template.direction_mode,
        sizing_mode=overrides.sizing_mode or template.sizing_mode,
        execution={**template.execution, **(overrides.execution or {})},
        risk_grid=overrides.risk_grid or template.risk_grid,
        signal_grids=signal_grids,
    )


def make_plan(
    request: RunRequest, template: Template, policy: RunPolicy, defaults: GridDefaults
) -> Plan:
    """Check a template against catalog, defaults and variant guards, and materialise its axes.

    Args:
        request: The request; its overrides are not yet merged into `template`.
        template: From the request, or from the saved strategy.
        policy: Defaults and limits.
        defaults: Axes where the request names none.

    Raises:
        InvalidRequest: With every problem found.
        GuardExceeded: More variants than the policy allows, in Stage A or B.

    See: docs/grid.md
    """
    draft = make_draft(request, template, policy, defaults)
    grid = Grid(
        indicators=tuple(_materialise(entry) for entry in draft.axes),
        sl_pct=_percents(draft.stops),
        tp_pct=_percents(draft.profits),
    )
    return Plan(
        settings=_settings(request, draft.template, policy, draft.top_k),
        grid=grid,
        execution=draft.template.execution,
        n_shortlist=draft.n_shortlist,
    )


def make_draft(
    request: RunRequest, template: Template, policy: RunPolicy, defaults: GridDefaults
) -> Draft:
    """The checks of `make_plan` alone: what they cost depends on the request, not on the grid.

    See: docs/grid.md
    """
    root: Loc = ("template",) if request.strategy_id is None else ("spec",)
    merged = merge_overrides(template, request.overrides)
    problems = [*_problems(template, root), *_override_problems(template, request.overrides)]
    axes: list[_Axes] = []
    if not problems:
        problems.extend(_complete(merged, defaults, root, axes))
    top_k = request.top_k or policy.top_k
    problems.extend(_settings_problems(request, merged, policy, top_k, root))
    if problems:
        raise InvalidRequest(
            replace(problem, loc=template.as_written(problem.loc)) for problem in problems
        )
    n_base = _count(axes)
    _guard(n_base, policy, "stage_a")
    n_shortlist = min(n_base, request.preselect or policy.preselect)
    risk = merged.risk_grid
    stops = _risk_axis(risk.sl, risk.sl_pct) if risk.sl_enabled else None
    profits = _risk_axis(risk.tp, risk.tp_pct) if risk.tp_enabled else None
    n_risk = math.prod(axis_len(axis) for axis in (stops, profits) if isinstance(axis, Axis))
    _guard(n_shortlist * n_risk, policy, "stage_b")
    return Draft(
        template=merged,
        axes=tuple(axes),
        stops=stops,
        profits=profits,
        n_base=n_base,
        n_shortlist=n_shortlist,
        n_cells=n_shortlist * n_risk,
        top_k=top_k,
    )


def _problems(template: Template, root: Loc) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, grid in enumerate(template.indicator_grids):
        loc = (*root, "indicator_grids", position)
        name = normal_name(grid.indicator_id)
        if name in seen:
            yield Problem(
                (*loc, grid.id_member),
                "duplicate_indicator",
                "the indicator is listed twice; remove one",
            )
        seen.add(name)
        yield from indicator_problems(grid, loc)
    yield from signal_problems(seen, template.signal_grids, (*root, "signal_grids"))
    yield from risk_problems(template.risk_grid, (*root, "risk_grid"))


def _override_problems(template: Template, overrides: Overrides | None) -> Iterator[Problem]:
    if overrides is None:
        return
    ids = {normal_name(grid.indicator_id) for grid in template.indicator_grids}
    yield from signal_problems(ids, overrides.signal_grids or {}, ("overrides", "signal_grids"))
    if overrides.risk_grid is not None:
        yield from risk_problems(overrides.risk_grid, ("overrides", "risk_grid"))


def _complete(
    template: Template, defaults: GridDefaults, root: Loc, axes: list[_Axes]
) -> Iterator[Problem]:
    """Fill in default axes, indicators in the order of their ids; `axes` receives the result."""
    given_signals = _normal_signals(template.signal_grids)
    numbered = sorted(
        enumerate(template.indicator_grids), key=lambda item: normal_name(item[1].indicator_id)
    )
    for position, grid in numbered:
        loc = (*root, "indicator_grids", position)
        row = find_indicator(grid.indicator_id)
        assert row is not None
        wanted = {**defaults.indicator_axes(row.id), **_given_axes(grid)}
        signals = {**defaults.signal_axes(row.id), **given_signals.get(row.id, {})}
        missing = [name for name in row.axes if name not in wanted]
        rule_params = row.rule.params if row.rule is not None else ()
        silent = [param.name for param in rule_params if param.name not in signals]
        for name in missing:
            place = (*loc, name) if name == "source" else (*loc, "params", name)
            yield _missing(place)
        for name in silent:
            place = (*root, "signal_grids", row.id, name)
            yield _missing(place)
        if not missing:
            yield from order_problems(row, wanted, loc)
        if not missing and not silent:
            ordered = {name: wanted[name] for name in row.axes}
            named = {param.name: signals[param.name] for param in rule_params}
            axes.append(_Axes(row, ordered, dict(sorted(named.items()))))


def _missing(place: Loc) -> Problem:
    return Problem(place, "required", "give this axis; the configuration has no default for it")


def _given_axes(grid: IndicatorGrid) -> dict[str, Axis]:
    axes = {normal_name(name): axis for name, axis in grid.params.items()}
    if grid.source is not None:
        axes["source"] = grid.source
    return axes


def _normal_signals(signal_grids: SignalGrids) -> dict[str, dict[str, Axis]]:
    return {
        normal_name(indicator_id): {normal_name(name): axis for name, axis in params.items()}
        for indicator_id, params in signal_grids.items()
    }


def _settings_problems(
    request: RunRequest, template: Template, policy: RunPolicy, top_k: int, root: Loc
) -> Iterator[Problem]:
    if request.top_trades_n is not None and request.top_trades_n > top_k:
        yield Problem(
            ("top_trades_n",),
            "less_than_equal",
            f"must be <= top_k ({top_k}), was {request.top_trades_n}",
        )
    market_id = template.instrument.market_id
    if "fee_pct" not in template.execution and market_id not in policy.fee_pct_by_market_id:
        yield Problem(
            (*root, "execution", "fee_pct"),
            "required",
            f"market {market_id} has no configured fee; give fee_pct",
        )


def _count(axes: list[_Axes]) -> int:
    compute = (count_variants(entry.axes, entry.indicator.rising) for entry in axes)
    signals = (axis_len(axis) for entry in axes for axis in entry.signal_axes.values())
    return math.prod((*compute, *signals))


def _guard(n_variants: int, policy: RunPolicy, stage: str) -> None:
    if n_variants > policy.max_variants_per_compute:
        raise GuardExceeded(
            "The grid has more variants than one run may have; shorten an axis",
            error="max_variants_per_compute_exceeded",
            stage=stage,
            total_variants=n_variants,
            max_variants_per_compute=policy.max_variants_per_compute,
        )


def _risk_axis(axis: Axis | None, scalar: float | None) -> Axis | float:
    if axis is not None:
        return axis
    assert scalar is not None
    return scalar


def _percents(axis: Axis | float | None) -> tuple[float, ...] | None:
    if axis is None:
        return None
    if isinstance(axis, Axis):
        return tuple(float(value) for value in axis_values(axis))
    return (float(axis),)


def _materialise(entry: _Axes) -> IndicatorAxes:
    row = entry.indicator

    def values(name: str, axis: Axis) -> tuple[Scalar, ...]:
        raw = axis_values(axis)
        if name == "source":
            return tuple(normal_name(str(value)) for value in raw)
        return tuple(float(v) for v in raw) if row.param(name).kind == "float" else raw

    return IndicatorAxes(
        indicator=row,
        axes=tuple((name, values(name, axis)) for name, axis in entry.axes.items()),
        signal_axes=tuple((name, axis_values(axis)) for name, axis in entry.signal_axes.items()),
    )


def _settings(
    request: RunRequest, template: Template, policy: RunPolicy, top_k: int
) -> RunSettings:
    given = template.execution
    fee_pct = given.get("fee_pct")
    if fee_pct is None:
        fee_pct = policy.fee_pct_by_market_id[template.instrument.market_id]
    return RunSettings(
        time_range=request.time_range,
        instrument=template.instrument,
        timeframe=template.timeframe,
        direction_mode=template.direction_mode,
        sizing_mode=template.sizing_mode,
        execution=Execution(
            init_cash_quote=given.get("init_cash_quote", policy.init_cash_quote),
            fixed_quote=given.get("fixed_quote", policy.fixed_quote),
            safe_profit_percent=given.get("safe_profit_percent", policy.safe_profit_percent),
            fee_pct=fee_pct,
            slippage_pct=given.get("slippage_pct", policy.slippage_pct),
        ),
        ranking=request.ranking or policy.ranking,
        warmup_bars=request.warmup_bars or policy.warmup_bars,
        top_k=top_k,
        preselect=request.preselect or policy.preselect,
        top_trades_n=request.top_trades_n or min(policy.top_trades_n, top_k),
        eager_reports=policy.eager_reports,
        min_trades=request.min_trades or 0,
        distinct=request.distinct or False,
        prior_trials=request.prior_trials or 0,
    )
