"""The receipt of a run: enough to run it again, and to see which layer differs then.

See: docs/receipt.md
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.axes import Scalar
from backtest.identity import ENGINE_SEMANTICS, canonical_json, sha256_hex
from backtest.meaning import meaning_of_request
from backtest.policy import RunSettings
from backtest.result import RankedVariant, ResolvedGrid
from backtest.types import Bars

LAYERS = ("request", "candles", "engine", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What went into a run and what came out, each as a SHA-256.

    Attributes:
        sha256: Of the four that follow.
        request_sha256: What was asked, every axis and default written out.
        candles_sha256: The bars that were loaded, warm-up included.
        engine_semantics: Which rules turned one into the other.
        result_sha256: Keys, places and returns of the variants.
        n_bars: How many bars were loaded.
        request: The body of `POST /backtests` that asks the same again.

    See: docs/receipt.md
    """

    sha256: str
    request_sha256: str
    candles_sha256: str
    engine_semantics: int
    result_sha256: str
    n_bars: int
    request: Mapping[str, Any]


def make_receipt(
    settings: RunSettings, grid: ResolvedGrid, bars: Bars, variants: Iterable[RankedVariant]
) -> Receipt:
    """The receipt of a finished run.

    See: docs/receipt.md
    """
    request = sha256_hex(canonical_json(meaning_of_request(settings, grid)))
    candles, result = candles_sha256(bars), result_sha256(variants)
    layers = zip(LAYERS, (request, candles, ENGINE_SEMANTICS, result), strict=True)
    return Receipt(
        sha256=sha256_hex(canonical_json(dict(layers))),
        request_sha256=request,
        candles_sha256=candles,
        engine_semantics=ENGINE_SEMANTICS,
        result_sha256=result,
        n_bars=len(bars),
        request=request_body(settings, grid),
    )


def candles_sha256(bars: Bars) -> str:
    """SHA-256 of the bars: their length, then open times, opens, highs, lows, closes, volumes.

    Times are int64, the others float64, little-endian, one array after the other.

    See: docs/receipt.md
    """
    digest = hashlib.sha256(f"{bars.timeframe.ms} {len(bars)}\n".encode())
    digest.update(bars.ts_open.astype("<i8").tobytes())
    for series in (bars.open, bars.high, bars.low, bars.close, bars.volume):
        digest.update(series.astype("<f8").tobytes())
    return digest.hexdigest()


def result_sha256(variants: Iterable[RankedVariant]) -> str:
    """SHA-256 of the place, key and return of every returned variant, best first.

    Reports, trades and curves follow from these, the candles and the rules.

    See: docs/receipt.md
    """
    return sha256_hex(
        canonical_json([[v.variant_index, v.variant_key, v.total_return_pct] for v in variants])
    )


def request_body(settings: RunSettings, grid: ResolvedGrid) -> dict[str, Any]:
    """The body of `POST /backtests` that asks for the same run, saved strategies written out.

    The execution block is as requested, because it is part of the variants' keys.

    See: docs/receipt.md
    """
    ranking, span = settings.ranking, settings.time_range
    body: dict[str, Any] = {
        "time_range": {"start": _moment(span.start_ms), "end": _moment(span.end_ms)},
        "template": {
            "instrument_id": {
                "market_id": settings.instrument.market_id,
                "symbol": settings.instrument.symbol,
            },
            "timeframe": settings.timeframe.value,
            "indicator_grids": [_indicator(name, axes) for name, axes in grid.indicators.items()],
            "signal_grids": {name: _axes(axes) for name, axes in grid.signals.items()},
            "direction_mode": settings.direction_mode.value,
            "sizing_mode": settings.sizing_mode.value,
            "execution": dict(grid.execution),
            "risk_grid": {**_risk("sl", grid.sl_pct), **_risk("tp", grid.tp_pct)},
        },
        "warmup_bars": settings.warmup_bars,
        "top_k": settings.top_k,
        "preselect": settings.preselect,
        "top_trades_n": settings.top_trades_n,
        "ranking": {
            "primary_metric": ranking.primary.value,
            "secondary_metric": None if ranking.secondary is None else ranking.secondary.value,
        },
    }
    given = {
        "min_trades": settings.min_trades,
        "distinct": settings.distinct,
        "prior_trials": settings.prior_trials,
    }
    return body | {name: value for name, value in given.items() if value}


def _indicator(name: str, axes: Mapping[str, tuple[Scalar, ...]]) -> dict[str, Any]:
    params = {axis: values for axis, values in axes.items() if axis != "source"}
    entry: dict[str, Any] = {"indicator_id": name, "params": _axes(params)}
    return entry if "source" not in axes else entry | {"source": _explicit(axes["source"])}


def _axes(axes: Mapping[str, tuple[Scalar, ...]]) -> dict[str, Any]:
    return {name: _explicit(values) for name, values in axes.items()}


def _explicit(values: Iterable[Scalar]) -> dict[str, Any]:
    return {"mode": "explicit", "values": list(values)}


def _risk(kind: str, percents: tuple[float, ...] | None) -> dict[str, Any]:
    if percents is None:
        return {f"{kind}_enabled": False}
    return {f"{kind}_enabled": True, kind: _explicit(percents)}


def _moment(ms: int) -> str:
    moment = np.datetime_as_string(np.datetime64(ms, "ms"), timezone="UTC")
    return str(moment)
