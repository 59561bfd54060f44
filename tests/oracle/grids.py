"""A whole run by brute force: every variant enumerated, traded bar by bar, sorted, cut."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from backtest.axes import Axis, Scalar, axis_values
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator
from backtest.indicators.series import Series
from backtest.policy import RunPolicy
from backtest.request import RunRequest, Template
from backtest.types import Bars, Execution, RankingMetric, SignalArray
from tests.oracle.engine import Outcome, Setup, play
from tests.oracle.ratios import Ratios, ratios_of
from tests.oracle.signals import signal_of

DAILY: Mapping[RankingMetric, Callable[[Ratios], float]] = {
    RankingMetric.SHARPE: lambda ratios: ratios.sharpe,
    RankingMetric.SORTINO: lambda ratios: ratios.sortino,
    RankingMetric.CALMAR: lambda ratios: ratios.calmar,
    RankingMetric.CAGR_PCT: lambda ratios: ratios.growth * 100,
}

Setting = tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True, kw_only=True)
class Winner:
    """One returned variant; `place` is its number in Stage B, `values` what ranked it."""

    place: int
    key: str
    story: Outcome
    values: tuple[float, ...]


@dataclass(frozen=True)
class Base:
    """One base variant: axis values of each indicator, then of each rule."""

    compute: tuple[tuple[str, Setting], ...]
    signals: tuple[tuple[str, Setting], ...]


class BruteForce:
    """Answers a template request over given bars, given every axis."""

    def __init__(self, request: RunRequest, bars: Bars, policy: RunPolicy) -> None:
        assert request.template is not None
        self._request, self._template = request, request.template
        self._bars, self._policy = bars, policy
        self._series = Series.of(bars)
        self._signal = cache(self._make_signal)
        self._setup = setup_of(self._template, policy)

    def winners(self) -> list[Winner]:
        """The best of Stage B, best first."""
        bases = list(self._bases())
        ranked = [
            bases[winner.place] for winner in self._ranked([(b, (None, None)) for b in bases])
        ]
        floor = self._request.min_trades or 0
        entrants = [base for base in ranked if self._entries(base) >= floor]
        shortlist = entrants[: self._request.preselect or self._policy.preselect]
        risks = list(self._risks())
        cells = self._ranked([(base, risk) for base in shortlist for risk in risks])
        enough = [winner for winner in cells if len(winner.story.trades) >= floor]
        return enough[: self._request.top_k or self._policy.top_k]

    def _ranked(
        self, variants: list[tuple[Base, tuple[float | None, float | None]]]
    ) -> list[Winner]:
        told: list[Winner] = []
        for place, (base, risk) in enumerate(variants):
            story = self._story(base, risk)
            values = self._values(story)
            told.append(Winner(place=place, key=self._key(base, risk), story=story, values=values))
        return sorted(told, key=lambda winner: (*self._rank(winner.values), winner.key))

    def _metrics(self) -> list[RankingMetric]:
        ranking = self._request.ranking or self._policy.ranking
        wanted = (ranking.primary, ranking.secondary)
        return [metric for metric in wanted if metric is not None]

    def _rank(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """Smaller is better; what is undefined is last."""
        places: list[float] = []
        for metric, value in zip(self._metrics(), values, strict=True):
            ascends = metric is RankingMetric.MAX_DRAWDOWN_PCT
            places.append(math.inf if math.isnan(value) else value if ascends else -value)
        return tuple(places)

    def _values(self, story: Outcome) -> tuple[float, ...]:
        """What the metrics of the ranking say; NaN where they are undefined."""
        return tuple(
            DAILY[metric](self._ratios(story)) if metric in DAILY else value_of(story, metric)
            for metric in self._metrics()
        )

    def _ratios(self, story: Outcome) -> Ratios:
        bars = self._bars
        ts_close = bars.ts_close[bars.target_start : bars.target_stop].tolist()
        return ratios_of(story.equity, ts_close, cash=story.init_cash, bar_ms=bars.timeframe.ms)

    def _bases(self) -> Iterator[Base]:
        """Compute variants slow, rule settings fast; within each the last axis fastest."""
        grids = sorted(self._template.indicator_grids, key=lambda grid: grid.indicator_id)
        computes, rules = [], []
        for grid in grids:
            row = INDICATORS[grid.indicator_id]
            axes = {**grid.params, **({} if grid.source is None else {"source": grid.source})}
            own = [[(name, _typed(row, name, v)) for v in values(axes[name])] for name in row.axes]
            settings = [setting for setting in product(*own) if is_rising(row, setting)]
            computes.append([(row.id, setting) for setting in settings])
            given = self._template.signal_grids.get(row.id, {})
            own = [[(name, value) for value in values(given[name])] for name in sorted(given)]
            rules.append([(row.id, setting) for setting in product(*own)])
        for compute in product(*computes):
            for signals in product(*rules):
                yield Base(compute, signals)

    def _risks(self) -> Iterator[tuple[float | None, float | None]]:
        risk = self._template.risk_grid
        stops = percents(risk.sl, risk.sl_pct) if risk.sl_enabled else [None]
        profits = percents(risk.tp, risk.tp_pct) if risk.tp_enabled else [None]
        yield from product(stops, profits)

    def _make_signal(self, indicator_id: str, compute: Setting, rule: Setting) -> SignalArray:
        row = INDICATORS[indicator_id]
        whole = signal_of(row, self._series, dict(compute), dict(rule))
        return whole[self._bars.target_start : self._bars.target_stop]

    def _entries(self, base: Base) -> int:
        """How often the signal sets in on a side that may be entered."""
        signal = self._combined(base).tolist()
        changes = zip([0, *signal[:-1]], signal, strict=True)
        return sum(now != before and self._setup.may_enter(now) for before, now in changes)

    def _story(self, base: Base, risk: tuple[float | None, float | None]) -> Outcome:
        signal = self._combined(base)
        close = self._bars.close[self._bars.target_start : self._bars.target_stop]
        setup = replace(self._setup, sl_pct=risk[0], tp_pct=risk[1])
        return play(close.tolist(), signal.tolist(), setup)

    def _combined(self, base: Base) -> SignalArray:
        own = np.stack(
            [
                self._signal(indicator_id, compute, rule)
                for (indicator_id, compute), (_, rule) in zip(
                    base.compute, base.signals, strict=True
                )
            ]
        )
        return np.where((own == 1).all(axis=0), 1, np.where((own == -1).all(axis=0), -1, 0))

    def _key(self, base: Base, risk: tuple[float | None, float | None]) -> str:
        return variant_key(self._template, base, risk)


def is_rising(row: Indicator, setting: Setting) -> bool:
    """Whether there is such a variant: of a cross, the fast window is the shorter one."""
    if row.group != "cross":
        return True
    chosen = dict(setting)
    return float(chosen["fast_window"]) < float(chosen["slow_window"])


def values(axis: Axis) -> tuple[Scalar, ...]:
    return axis_values(axis)


def percents(axis: Axis | None, scalar: float | None) -> list[float]:
    if axis is not None:
        return [float(value) for value in axis_values(axis)]
    assert scalar is not None
    return [scalar]


def setup_of(template: Template, policy: RunPolicy) -> Setup:
    defaults = {
        "init_cash_quote": policy.init_cash_quote,
        "fixed_quote": policy.fixed_quote,
        "safe_profit_percent": policy.safe_profit_percent,
        "fee_pct": policy.fee_pct_by_market_id[template.instrument.market_id],
        "slippage_pct": policy.slippage_pct,
    }
    return Setup(
        execution=Execution(**{**defaults, **template.execution}),
        sizing=template.sizing_mode,
        direction=template.direction_mode,
    )


def value_of(story: Outcome, metric: RankingMetric) -> float:
    """What a metric that needs no days says of an outcome."""
    if metric is RankingMetric.TOTAL_RETURN_PCT:
        return story.total_return_pct
    if metric is RankingMetric.MAX_DRAWDOWN_PCT:
        return story.max_drawdown * 100
    if metric is RankingMetric.PROFIT_FACTOR:
        return story.profit_factor
    assert metric is RankingMetric.RETURN_OVER_MAX_DRAWDOWN
    return story.return_over_max_drawdown


def variant_key(template: Template, base: Base, risk: tuple[float | None, float | None]) -> str:
    """The key as its definition spells it, in two hashes."""
    indicators = []
    for indicator_id, setting in base.compute:
        chosen = dict(setting)
        inputs = [["source", chosen.pop("source")]] if "source" in chosen else []
        pairs = [[name, chosen[name]] for name in sorted(chosen)]
        indicators.append({"id": indicator_id, "inputs": inputs, "params": pairs})
    first: Mapping[str, Any] = {
        "indicators": indicators,
        "instrument_id": f"{template.instrument.market_id}:{template.instrument.symbol}",
        "schema_version": 1,
        "timeframe": template.timeframe.value,
    }
    sl, tp = risk
    second: Mapping[str, Any] = {
        "direction_mode": template.direction_mode.value,
        "execution": dict(sorted(template.execution.items())),
        "indicator_variant_key": _hash(first),
        "risk": {
            "sl_enabled": sl is not None,
            "sl_pct": sl,
            "tp_enabled": tp is not None,
            "tp_pct": tp,
        },
        "schema_version": 1,
        "signals": {name: dict(setting) for name, setting in base.signals if setting},
        "sizing_mode": template.sizing_mode.value,
    }
    return _hash(second)


def _hash(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _typed(row: Any, name: str, value: Scalar) -> Scalar:
    if name != "source" and row.param(name).kind == "float":
        return float(value)
    return value
