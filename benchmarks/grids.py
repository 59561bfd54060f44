"""Requests to measure, in the words of REST, so that they travel to other processes."""

from datetime import UTC, datetime, timedelta
from typing import Any

Body = dict[str, Any]

START = datetime(2023, 1, 1, tzinfo=UTC)
MINUTES = {"1m": 1, "15m": 15}


def steps(start: float, stop: float, step: float = 1) -> Body:
    """A range axis."""
    return {"mode": "range", "start": start, "stop_incl": stop, "step": step}


def values(*listed: float | str) -> Body:
    """An explicit axis."""
    return {"mode": "explicit", "values": list(listed)}


CLOSE = values("close")


def average(indicator_id: str, first: int, n_windows: int, step: int = 1) -> Body:
    """A moving average of the close over `n_windows` windows."""
    last = first + step * (n_windows - 1)
    params = {"window": steps(first, last, step)}
    return {"indicator_id": indicator_id, "source": CLOSE, "params": params}


def plane(n_stops: int, n_profits: int, step: float = 0.5) -> Body:
    """Stop-losses and take-profits in steps of `step` percent."""
    return {
        "sl_enabled": True,
        "tp_enabled": True,
        "sl": steps(step, step * n_stops, step),
        "tp": steps(step, step * n_profits, step),
    }


def request(*indicators: Body, n_bars: int, timeframe: str = "15m", **settings: Any) -> Body:
    """A request over `n_bars` target bars.

    Args:
        indicators: Entries of `indicator_grids`.
        n_bars: Bars of the target slice.
        timeframe: One of `MINUTES`.
        settings: Members of the template (`risk_grid`, `sizing_mode`, `signal_grids`,
            `direction_mode`, `execution`) or of the request.
    """
    end = START + timedelta(minutes=MINUTES[timeframe] * n_bars)
    in_template = {"risk_grid", "sizing_mode", "signal_grids", "direction_mode", "execution"}
    template = {
        "instrument_id": {"market_id": 1, "symbol": "WALK"},
        "timeframe": timeframe,
        "indicator_grids": list(indicators),
        **{name: value for name, value in settings.items() if name in in_template},
    }
    others = {name: value for name, value in settings.items() if name not in in_template}
    return {
        "time_range": {"start": START.isoformat(), "end": end.isoformat()},
        "template": template,
        **others,
    }
