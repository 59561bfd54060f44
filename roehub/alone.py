"""One variant of an answer as a request of its own.

See: docs/python.md
"""

from collections.abc import Mapping
from typing import Any

from roehub.asking import Body
from roehub.values import axis


def alone(asked: Body, answer: Mapping[str, Any], place: int) -> Body:
    """The request that asks for one variant alone, with its trades.

    Args:
        asked: What was asked.
        answer: What was answered.
        place: Of the variant in `variants`, from 0.

    Raises:
        IndexError: There is no such variant.

    See: docs/python.md
    """
    n_variants = len(answer["variants"])
    if not -n_variants <= place < n_variants:
        raise IndexError(f"there is no variant {place}; the answer has {n_variants}")
    variant = answer["variants"][place]
    payload = variant["payload"]
    members = ("direction_mode", "sizing_mode", "execution")
    return {
        "time_range": asked["time_range"],
        "warmup_bars": answer["warmup_bars"],
        "top_k": 1,
        "top_trades_n": 1,
        "template": {
            "instrument_id": answer["instrument_id"],
            "timeframe": answer["timeframe"],
            "indicator_grids": [_grid(chosen) for chosen in payload["indicator_selections"]],
            "signal_grids": {name: _axes(chosen) for name, chosen in payload["signals"].items()},
            "risk_grid": _risk(payload["risk"]),
            **{member: payload[member] for member in members},
        },
    }


def _grid(chosen: Mapping[str, Any]) -> Body:
    return {
        "indicator_id": chosen["indicator_id"],
        "params": _axes(chosen["params"]),
        **_axes(chosen["inputs"]),
    }


def _axes(values: Mapping[str, Any]) -> Body:
    return {name: axis(value) for name, value in values.items()}


def _risk(chosen: Mapping[str, Any]) -> Body:
    levels = {
        name: axis(chosen[f"{name}_pct"]) for name in ("sl", "tp") if chosen[f"{name}_enabled"]
    }
    return {"sl_enabled": chosen["sl_enabled"], "tp_enabled": chosen["tp_enabled"], **levels}
