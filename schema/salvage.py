"""The sound parts of a malformed request, held against the catalog.

So one answer tells both what is malformed and what the catalog refuses, and a client need not fix
the one to learn of the other.
See: docs/errors.md
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from backtest.axes import Axis
from backtest.axis_rules import normal_name
from backtest.catalog_rules import indicator_problems, risk_problems, signal_problems
from backtest.errors import Loc, Problem
from schema import request as schema
from schema.axis import ExplicitAxis, RangeAxis
from schema.translate import to_axes, to_indicator_grid, to_risk_grid

M = TypeVar("M", bound=BaseModel)

_AXIS: TypeAdapter[ExplicitAxis | RangeAxis] = TypeAdapter(schema.AxisModel)


def rule_problems(body: object) -> Iterator[Problem]:
    """What the catalog says of the sound parts of a request.

    Indicator grids, the axes of signals and the risk grid are judged one by one. Signals of a
    saved run are not: which indicators it has is not known here.

    See: docs/errors.md
    """
    members = _members(body)
    template = _members(members.get("template"))
    yield from _indicator_problems(template)
    yield from _signal_problems(template)
    for root in ("template", "overrides"):
        risk = _read(schema.RiskGrid, _members(members.get(root)).get("risk_grid"))
        if risk is not None:
            yield from risk_problems(to_risk_grid(risk), (root, "risk_grid"))


def _indicator_problems(template: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, raw in enumerate(_items(template.get("indicator_grids"))):
        loc: Loc = ("template", "indicator_grids", position)
        name = _name(raw)
        if name is not None and name in seen:
            yield Problem(
                (*loc, "indicator_id"),
                "duplicate_indicator",
                "the indicator is listed twice; remove one",
            )
        seen.add(name or "")
        grid = _read(schema.IndicatorGrid, _with_sound_axes(raw))
        if grid is not None:
            yield from indicator_problems(to_indicator_grid(grid), loc)


def _signal_problems(template: Mapping[str, Any]) -> Iterator[Problem]:
    names = [_name(raw) for raw in _items(template.get("indicator_grids"))]
    known = {name for name in names if name is not None}
    has_all = bool(names) and None not in names
    for indicator_id, raw in _members(template.get("signal_grids")).items():
        if normal_name(indicator_id) in known or has_all:
            axes = {indicator_id: dict(_sound_axes(raw))}
            yield from signal_problems(known, axes, ("template", "signal_grids"))


def _with_sound_axes(raw: object) -> object:
    """An indicator grid without what is malformed in it, its id apart."""
    members = _members(raw)
    sound = {"indicator_id": members.get("indicator_id")}
    params = _members(members.get("params"))
    source = members.get("source")
    return {
        **sound,
        "params": {name: params[name] for name, _ in _sound_axes(params)},
        "source": source if _axis(source) is not None else None,
    }


def _sound_axes(raw: object) -> Iterator[tuple[str, Axis]]:
    for name, value in _members(raw).items():
        axis = _axis(value)
        if axis is not None:
            yield from to_axes({name: axis}).items()


def _axis(raw: object) -> ExplicitAxis | RangeAxis | None:
    try:
        return _AXIS.validate_python(raw)
    except ValidationError:
        return None


def _read(model: type[M], raw: object) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _name(raw: object) -> str | None:
    indicator_id = _members(raw).get("indicator_id")
    return normal_name(indicator_id) if isinstance(indicator_id, str) else None


def _members(raw: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}


def _items(raw: object) -> list[object]:
    return cast("list[object]", raw) if isinstance(raw, list) else []
