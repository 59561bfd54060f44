"""What a run means, spelled in one way: the same for every text of the same request.

Axes are written out and defaults filled in, times are UTC milliseconds, integral floats integers.

See: docs/identity.md
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from backtest.identity import ENGINE_SEMANTICS
from backtest.policy import RunSettings
from backtest.result import ResolvedGrid


def meaning_of_request(settings: RunSettings, grid: ResolvedGrid) -> dict[str, Any]:
    """Everything that was asked, as JSON that has one spelling."""
    meaning = {
        "time_range": asdict(settings.time_range),
        "instrument_id": asdict(settings.instrument),
        "timeframe": settings.timeframe.value,
        "indicators": grid.indicators,
        "signals": grid.signals,
        "risk": {"sl_pct": grid.sl_pct, "tp_pct": grid.tp_pct},
        "top_k": settings.top_k,
        "preselect": settings.preselect,
        "top_trades_n": settings.top_trades_n,
        **_engine_params(settings),
    }
    return cast("dict[str, Any]", _normalised(meaning))


def meaning_of_settings(settings: RunSettings) -> dict[str, Any]:
    """Every effective setting that can change a number, wherever it came from."""
    meaning = {
        "engine_semantics": ENGINE_SEMANTICS,
        "reporting": {
            "eager_top_reports_enabled": settings.eager_reports,
            "top_trades_n": settings.top_trades_n,
        },
        **_engine_params(settings),
    }
    return cast("dict[str, Any]", _normalised(meaning))


def _engine_params(settings: RunSettings) -> dict[str, Any]:
    ranking = settings.ranking
    return {
        "direction_mode": settings.direction_mode.value,
        "sizing_mode": settings.sizing_mode.value,
        "execution": asdict(settings.execution),
        "ranking": {
            "primary_metric": ranking.primary.value,
            "secondary_metric": None if ranking.secondary is None else ranking.secondary.value,
        },
        "warmup_bars": settings.warmup_bars,
        **({"min_trades": settings.min_trades} if settings.min_trades else {}),
        **({"distinct": True} if settings.distinct else {}),
        **({"prior_trials": settings.prior_trials} if settings.prior_trials else {}),
    }


def _normalised(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: _normalised(member) for name, member in members.items()}
    if isinstance(value, tuple | list):
        return [_normalised(item) for item in cast("tuple[object, ...]", value)]
    return value
