"""Answers as frames: names that can be typed, numbers as numbers, times as times.

See: docs/python.md#names
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from schema.named_metrics import metric_name
from schema.report import Trade

TIMES = ("start", "end")


def variants_frame(answer: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each variant: what was chosen, and the metrics by name.

    See: docs/python.md#names
    """
    variants: Sequence[Mapping[str, Any]] = answer["variants"]
    rows = [{**_chosen(variant["payload"]), **_numbers(variant)} for variant in variants]
    frame = pd.DataFrame(rows)
    frame.index.name = "place"
    return frame


def trades_frame(trades: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A row for each trade, by its number.

    See: docs/fills.md
    """
    frame = pd.DataFrame(list(trades), columns=pd.Index(list(Trade.model_fields)))
    for name in ("entry_ts", "exit_ts"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame.set_index("trade_id")


def equity_frame(curve: Sequence[tuple[str, float, float | None]]) -> pd.DataFrame:
    """A row for each bar of a curve, by its close time.

    See: docs/metrics.md
    """
    frame = pd.DataFrame(list(curve), columns=pd.Index(["ts", "equity", "drawdown_pct"]))
    frame["ts"] = pd.to_datetime(frame["ts"], utc=True)
    return frame.set_index("ts")


def surface_frame(found: Mapping[str, Any], x: str, y: str) -> pd.DataFrame:
    """A row for each value of `x`, a column for each of `y`; NaN where no variant is.

    See: docs/landscape.md
    """
    rows, columns = pd.Index(list(found["x"]), name=x), pd.Index(list(found["y"]), name=y)
    return pd.DataFrame(list(found["cells"]), index=rows, columns=columns, dtype=float)


def _chosen(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The chosen values: `ema_window`, `ema_source`, `rsi_signal_long_below`, `sl_pct`."""
    chosen = payload["indicator_selections"]
    short = _short_names([selection["indicator_id"] for selection in chosen])
    found: dict[str, Any] = {}
    for selection in chosen:
        of = short[selection["indicator_id"]]
        values = {**selection["inputs"], **selection["params"]}
        found |= {f"{of}_{name}": value for name, value in values.items()}
    for indicator_id, params in payload["signals"].items():
        of = short.get(indicator_id, indicator_id.replace(".", "_"))
        found |= {f"{of}_signal_{name}": value for name, value in params.items()}
    return found | {name: payload["risk"][name] for name in ("sl_pct", "tp_pct")}


def _short_names(indicator_ids: Sequence[str]) -> dict[str, str]:
    """`ema` for `ma.ema`; the whole id where two would have the same name."""
    last = {indicator_id: indicator_id.rpartition(".")[2] for indicator_id in indicator_ids}
    uses = Counter(last.values())
    return {
        indicator_id: name if uses[name] == 1 else indicator_id.replace(".", "_")
        for indicator_id, name in last.items()
    }


def _numbers(variant: Mapping[str, Any]) -> dict[str, Any]:
    report = variant["report"] or {}
    named = {
        metric_name(title): _typed(title, value)
        for title, value in report.get("metrics", {}).items()
    }
    standard = {
        name if name not in named else f"standard_{name}": value
        for name, value in (report.get("standard") or {}).items()
        if not isinstance(value, (Mapping, list))
    }
    keys = {name: variant[name] for name in ("variant_index", "variant_key")}
    return {"total_return_pct": variant["total_return_pct"], **named, **standard, **keys}


def _typed(title: str, value: Any) -> Any:
    if metric_name(title) in TIMES:
        return pd.Timestamp(value, unit="ms", tz="UTC")
    if title.endswith("Duration"):
        return pd.NaT if value is None else pd.Timedelta(value, unit="ms")
    return float("nan") if value is None else value
