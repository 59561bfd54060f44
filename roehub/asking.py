"""A request from keyword arguments: the body of POST /backtests.

The members of a request are those of the contract's own models; only what is spelled in a shorter
way stands here.
See: docs/python.md, docs/grid.md
"""

from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID

from roehub.values import axis, instrument, moment, nearest, plain

Body = dict[str, Any]


def request(body: Mapping[str, Any] | None = None, /, **words: Any) -> Body:
    """The body of a request.

    Args:
        body: A body to start from, as REST takes it; none for an empty one.
        **words: Members of a request or of its template by name (`top_k`, `timeframe`,
            `execution`, …), and these in short:
            `instrument` is `"binance:spot:BTCUSDT"`, `start` and `end` are times;
            `indicators` maps ids to axes, `{"ma.ema": {"window": range(5, 60, 5)}}`; the last
            part of an id is enough where no other ends like it, `rsi` for `momentum.rsi`;
            `signals` maps ids to axes of thresholds;
            `stop_loss` and `take_profit` are axes in percent;
            `direction`, `sizing` and `ranking` are words of the contract;
            `include` is one part of the answer or several.

    Raises:
        TypeError: A name that no request has; the message says which one is near.
        ValueError: A market, an indicator or a parameter that does not exist, an axis without a
            value, a time that is none; the message says what was perhaps meant.

    See: docs/python.md
    """
    asked: Body = {**(body or {})}
    if "template" in words:
        asked["template"] = words.pop("template")
    template: Body = {**(asked.get("template") or {})}
    for name, value in words.items():
        _place(name)(asked, template, value)
    if template:
        asked["template"] = template
    return cast("Body", plain(asked))


def _place(name: str) -> Callable[[Body, Body, Any], None]:
    from schema.request import BacktestRequest, Template  # noqa: PLC0415 - `import roehub` is quick

    if name in _SHORT:
        return _SHORT[name]
    if name in Template.model_fields:
        return lambda asked, template, value: template.update({name: value})
    if name in BacktestRequest.model_fields:
        return lambda asked, template, value: asked.update({name: value})
    known = {*_SHORT, *Template.model_fields, *BacktestRequest.model_fields}
    raise TypeError(f"a request has no {name!r}{nearest(name, sorted(known))}")


def _instrument(asked: Body, template: Body, value: Any) -> None:
    template["instrument_id"] = instrument(value)


def _time(member: str) -> Callable[[Body, Body, Any], None]:
    def put(asked: Body, template: Body, value: Any) -> None:
        asked["time_range"] = {**(asked.get("time_range") or {}), member: moment(value, member)}

    return put


def _indicators(asked: Body, template: Body, value: Any) -> None:
    from roehub.indicators import indicator_grids  # noqa: PLC0415 - brings the catalog

    template["indicator_grids"] = indicator_grids(value)


def _signals(asked: Body, template: Body, value: Any) -> None:
    from roehub.indicators import signal_grids  # noqa: PLC0415 - brings the catalog

    template["signal_grids"] = signal_grids(value)


def _risk(member: str, name: str) -> Callable[[Body, Body, Any], None]:
    def put(asked: Body, template: Body, value: Any) -> None:
        risk: Body = {**cast("Body", template.get("risk_grid") or {})}
        risk[f"{member}_enabled"] = value is not None
        if value is not None:
            risk[member] = axis(value, name)
        template["risk_grid"] = risk

    return put


def _word(member: str) -> Callable[[Body, Body, Any], None]:
    return lambda asked, template, value: template.update({member: value})


def _strategy_id(asked: Body, template: Body, value: Any) -> None:
    asked["strategy_id"] = str(value) if isinstance(value, UUID) else value


def _include(asked: Body, template: Body, value: Any) -> None:
    asked["include"] = [value] if isinstance(value, str) else value


def _ranking(asked: Body, template: Body, value: Any) -> None:
    asked["ranking"] = {"primary_metric": value} if isinstance(value, str) else value


_SHORT: dict[str, Callable[[Body, Body, Any], None]] = {
    "instrument": _instrument,
    "start": _time("start"),
    "end": _time("end"),
    "indicators": _indicators,
    "signals": _signals,
    "stop_loss": _risk("sl", "stop_loss"),
    "take_profit": _risk("tp", "take_profit"),
    "direction": _word("direction_mode"),
    "sizing": _word("sizing_mode"),
    "ranking": _ranking,
    "include": _include,
    "strategy_id": _strategy_id,
}
