"""The hashes that name a stored strategy, a request and the settings of a run.

See: docs/identity.md
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from backtest.identity import ENGINE_SEMANTICS, canonical_json, sha256_hex
from backtest.policy import RunSettings
from backtest.result import RunResult


def spec_hash(spec: Mapping[str, Any]) -> str:
    """SHA-256 of a stored strategy's payload, byte for byte as stored but for the order of keys.

    See: docs/identity.md
    """
    return sha256_hex(canonical_json(dict(spec)))


def grid_request_hash(result: RunResult) -> str:
    """SHA-256 of what an ad-hoc request means.

    Taken from the resolved run, not from the request's text: axes are written out and defaults
    filled in, times are UTC milliseconds, integral floats integers. So it is the same for every
    spelling and either face, and different as soon as a default changes.

    See: docs/identity.md
    """
    settings, grid = result.settings, result.grid
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
    return sha256_hex(canonical_json(_normalised(meaning)))


def engine_params_hash(settings: RunSettings) -> str:
    """SHA-256 of every effective setting that can change a number, wherever it came from.

    See: docs/identity.md
    """
    meaning = {
        "engine_semantics": ENGINE_SEMANTICS,
        "reporting": {
            "eager_top_reports_enabled": settings.eager_reports,
            "top_trades_n": settings.top_trades_n,
        },
        **_engine_params(settings),
    }
    return sha256_hex(canonical_json(_normalised(meaning)))


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
