"""One grid over short candles, with everything a request may say, in REST words."""

from typing import Any

import numpy as np

from tests.backtesters import minute_candles
from tests.memory_feed import MemoryFeed

N_MINUTES = 900


def candles() -> MemoryFeed:
    minutes: dict[str, np.ndarray] = minute_candles(N_MINUTES, seed=5, tick=1 / 16)
    return MemoryFeed(minutes)


RANGE = {"start": "1970-01-01T01:00:00Z", "end": "1970-01-01T14:10:00Z"}


def explicit(*values: float | str) -> dict[str, Any]:
    return {"mode": "explicit", "values": list(values)}


def spanned(start: float, stop_incl: float, step: float) -> dict[str, Any]:
    return {"mode": "range", "start": start, "stop_incl": stop_incl, "step": step}


TEMPLATE: dict[str, Any] = {
    "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
    "timeframe": "1m",
    "indicator_grids": [
        {
            "indicator_id": "ma.sma",
            "params": {"window": spanned(3, 11, 4)},
            "source": explicit("close", "hlc3"),
        },
        {
            "indicator_id": "momentum.rsi",
            "params": {"window": explicit(4, 7)},
            "source": explicit("close"),
        },
    ],
    "direction_mode": "long-short",
    "sizing_mode": "strategy_compound_profit_lock",
    "execution": {"fee_pct": 0.02},
    "risk_grid": {
        "sl_enabled": True,
        "tp_enabled": True,
        "sl": spanned(0.3, 0.9, 0.3),
        "tp": explicit(1.5, 0.25),
    },
    "signal_grids": {
        "momentum.rsi": {"long_threshold": explicit(52, 55.5), "short_threshold": explicit(48)}
    },
}
GRID: dict[str, Any] = {
    "time_range": RANGE,
    "template": TEMPLATE,
    "warmup_bars": 30,
    "top_k": 12,
    "preselect": 20,
    "top_trades_n": 4,
}


def alone(variant: dict[str, Any], grid: dict[str, Any]) -> dict[str, Any]:
    """The request that a returned payload is, each axis with its one value."""
    payload, template = variant["payload"], grid["template"]
    return {
        "time_range": grid["time_range"],
        "warmup_bars": grid["warmup_bars"],
        "template": {
            "instrument_id": template["instrument_id"],
            "timeframe": template["timeframe"],
            "indicator_grids": [
                {
                    "indicator_id": selection["indicator_id"],
                    "params": one_value_axes(selection["params"]),
                    **one_value_axes(selection["inputs"]),
                }
                for selection in payload["indicator_selections"]
            ],
            "signal_grids": {
                indicator_id: one_value_axes(params)
                for indicator_id, params in payload["signals"].items()
            },
            "risk_grid": payload["risk"],
            **{name: payload[name] for name in ("execution", "direction_mode", "sizing_mode")},
        },
    }


def one_value_axes(values: dict[str, Any]) -> dict[str, Any]:
    return {name: explicit(value) for name, value in values.items()}
