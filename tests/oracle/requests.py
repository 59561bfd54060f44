"""Random small grids over a few bars: every indicator, every rule, every mode comes up."""

from collections.abc import Sequence

import numpy as np

from backtest.axes import Axis, ExplicitAxis, RangeAxis, Scalar, explicit
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator, Param, SignalParam
from backtest.request import IndicatorGrid, RiskGrid, RunRequest, Template
from backtest.types import (
    DirectionMode,
    Instrument,
    Ranking,
    RankingMetric,
    SizingMode,
    Timeframe,
    TimeRange,
)

MAX_BASE = 60
PUBLIC = tuple(row for row in INDICATORS.values() if not row.is_internal)
METRICS = tuple(RankingMetric)


def random_request(
    random: np.random.Generator, n_minutes: int, *, only: str | None = None
) -> RunRequest:
    """A template request over candles that cover minutes 0 to `n_minutes`.

    Its indicators are one to three random ones, or the one that is named.
    """
    timeframe = Timeframe.M1 if random.random() < 0.7 else Timeframe.M5
    stop = int(random.integers(n_minutes // 2, n_minutes)) * 60_000
    length = int(random.integers(1, 130)) * timeframe.ms
    primary, secondary = random.choice(len(METRICS), 2, replace=False)
    has_secondary = random.random() < 0.5
    return RunRequest(
        time_range=TimeRange(start_ms=max(0, stop - length), end_ms=stop),
        template=random_template(random, timeframe, _chosen(random, only)),
        warmup_bars=int(random.choice([1, 5, 40])),
        top_k=int(random.choice([1, 3, 10, 1_000])),
        preselect=int(random.choice([1, 4, 20, 1_000])),
        ranking=Ranking(
            primary=METRICS[primary] if random.random() < 0.7 else METRICS[0],
            secondary=METRICS[secondary] if has_secondary and secondary else None,
        )
        if random.random() < 0.8
        else None,
    )


def _chosen(random: np.random.Generator, only: str | None) -> list[Indicator]:
    if only is not None:
        return [INDICATORS[only]]
    places = random.choice(len(PUBLIC), int(random.integers(1, 4)), replace=False)
    return [PUBLIC[place] for place in places]


def random_template(
    random: np.random.Generator, timeframe: Timeframe, chosen: list[Indicator]
) -> Template:
    budget = MAX_BASE
    grids: list[IndicatorGrid] = []
    signals: dict[str, dict[str, Axis]] = {}
    for row in chosen:
        params: dict[str, Axis] = {}
        for param in row.params:
            params[param.name] = axis = param_axis(random, row, param, budget)
            budget //= size_of(axis)
        source = None
        if row.sources:
            n = int(random.integers(1, min(3, budget + 1) + 1)) if budget > 1 else 1
            names = random.permutation(list(row.sources))[:n].tolist()
            source = ExplicitAxis(tuple(str(name) for name in names))
            budget //= n
        grids.append(IndicatorGrid(indicator_id=row.id, params=params, source=source))
        assert row.rule is not None
        for param in row.rule.params:
            axis = signal_axis(random, param, budget)
            budget //= size_of(axis)
            signals.setdefault(row.id, {})[param.name] = axis
    return Template(
        instrument=Instrument(market_id=1, symbol="BTCUSDT"),
        timeframe=timeframe,
        indicator_grids=tuple(grids),
        direction_mode=list(DirectionMode)[random.integers(3)],
        sizing_mode=list(SizingMode)[random.integers(4)],
        execution=random_execution(random),
        risk_grid=random_risk(random),
        signal_grids=signals,
    )


def size_of(axis: Axis) -> int:
    return len(axis.values) if isinstance(axis, ExplicitAxis) else 3


def pick(random: np.random.Generator, pool: Sequence[Scalar], budget: int) -> ExplicitAxis:
    """One to three values in random order, as many as the budget allows."""
    n = min(len(pool), budget, int(random.integers(1, 4)))
    order = random.permutation(len(pool))[: max(1, n)]
    return explicit(*(pool[place] for place in order.tolist()))


def param_axis(random: np.random.Generator, row: Indicator, param: Param, budget: int) -> Axis:
    """Values that respect the order of parameters: the smaller of a pair stays small."""
    if param.kind == "float":
        pool: dict[str, list[Scalar]] = {"mult": [0.5, 1, 2.0], "accel_max": [0.2, 0.3]}
        return pick(random, pool.get(param.name, [0.02, 0.05]), budget)
    depth = sum(larger == param.name for _, larger in row.constraints)
    height = sum(smaller == param.name for smaller, _ in row.constraints)
    if depth or height:
        low = 2 if height and not depth else 5 if height else 8
        return pick(random, [low, low + 1, low + 2], budget)
    if row.rising is not None and param.name == row.rising[1]:
        some = pick(random, [4, 5, 8], max(1, budget - 1))
        return explicit(*some.values, 13) if budget > 1 else explicit(13)
    if budget >= 3 and random.random() < 0.3:
        return RangeAxis(3, 7, 2)
    return pick(random, [2, 3, 5, 8, 13][: 5 if row.rising is None else 4], budget)


def signal_axis(random: np.random.Generator, param: SignalParam, budget: int) -> Axis:
    if param.nonzero:
        return pick(random, [-1, 2, -3, 5], budget)
    pool = dict.fromkeys((param.default, 0.0, param.default / 2, -param.default))
    return pick(random, [v for v in pool if param.hard_min <= v <= param.hard_max], budget)


def random_execution(random: np.random.Generator) -> dict[str, float]:
    pools = {
        "init_cash_quote": [7.0, 1_000.0, 1e6],
        "fixed_quote": [37.5, 100.0, 1e7],
        "safe_profit_percent": [0.0, 30.0, 100.0],
        "fee_pct": [0.0, 0.1, 20.0],
        "slippage_pct": [0.0, 0.01, 5.0],
    }
    return {
        name: float(random.choice(pool)) for name, pool in pools.items() if random.random() < 0.5
    }


def random_risk(random: np.random.Generator) -> RiskGrid:
    axes = [
        pick(random, [1.5, 0.25, 0, 0.5, 100.0], 4) if random.random() < 0.7 else None
        for _ in range(2)
    ]
    return RiskGrid(
        sl_enabled=bool(random.random() < 0.6),
        tp_enabled=bool(random.random() < 0.6),
        sl=axes[0],
        tp=axes[1],
        sl_pct=1.0,
        tp_pct=0.75,
    )
