"""Valid REST bodies of small grids, drawn from a seed and spelled in every allowed way."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np

from backtest.axes import Axis, ExplicitAxis
from backtest.request import RiskGrid, RunRequest, Template
from tests.oracle.requests import random_request

ZONES = tuple(timezone(timedelta(minutes=minutes)) for minutes in (0, 90, -480, 345))


def random_body(random: np.random.Generator, n_minutes: int) -> dict[str, Any]:
    """A body over candles that cover minutes 0 to `n_minutes` of the epoch."""
    request = random_request(random, n_minutes)
    assert request.template is not None
    body = {
        "time_range": {
            "start": spelled_time(random, request.time_range.start_ms),
            "end": spelled_time(random, request.time_range.end_ms),
        },
        "template": template_body(random, request.template),
        **settings_body(request),
    }
    return shuffled(random, body)


def settings_body(request: RunRequest) -> dict[str, Any]:
    ranking = request.ranking
    return {
        "warmup_bars": request.warmup_bars,
        "top_k": request.top_k,
        "preselect": request.preselect,
        "ranking": ranking
        and {
            "primary_metric": ranking.primary.value,
            "secondary_metric": ranking.secondary and ranking.secondary.value,
        },
    }


def template_body(random: np.random.Generator, template: Template) -> dict[str, Any]:
    grids = [
        {
            "indicator_id": grid.indicator_id,
            "params": axes_body(grid.params),
            "source": None if grid.source is None else axis_body(grid.source),
        }
        for grid in template.indicator_grids
    ]
    symbol = template.instrument.symbol
    return {
        "instrument_id": {
            "market_id": random.choice([1, 2]).item(),
            "symbol": str(random.choice([symbol, symbol.lower(), f" {symbol} "])),
        },
        "timeframe": template.timeframe.value,
        "indicator_grids": grids,
        "direction_mode": template.direction_mode.value,
        "sizing_mode": template.sizing_mode.value,
        "execution": dict(template.execution),
        "risk_grid": risk_body(template.risk_grid),
        "signal_grids": {
            indicator_id: axes_body(axes) for indicator_id, axes in template.signal_grids.items()
        },
    }


def risk_body(risk: RiskGrid) -> dict[str, Any]:
    axes = {"sl": risk.sl, "tp": risk.tp}
    return {
        **asdict(risk),
        **{name: None if axis is None else axis_body(axis) for name, axis in axes.items()},
    }


def axes_body(axes: Any) -> dict[str, Any]:
    return {name: axis_body(axis) for name, axis in axes.items()}


def axis_body(axis: Axis) -> dict[str, Any]:
    if isinstance(axis, ExplicitAxis):
        return {"mode": "explicit", "values": list(axis.values)}
    return {"mode": "range", **asdict(axis)}


def spelled_time(random: np.random.Generator, epoch_ms: int) -> str:
    zone = ZONES[random.integers(len(ZONES))]
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch_ms)
    return moment.astimezone(zone).isoformat()


def shuffled(random: np.random.Generator, value: Any) -> Any:
    """The same value with its members in another order; null members are sometimes left out."""
    if isinstance(value, list):
        return [shuffled(random, item) for item in value]
    if not isinstance(value, dict):
        return value
    names = random.permutation(np.array(list(value), dtype=object)).tolist()
    kept = [name for name in names if value[name] is not None or random.random() < 0.5]
    return {name: shuffled(random, value[name]) for name in kept}
