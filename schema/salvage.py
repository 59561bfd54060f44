"""The parts of a malformed request that are sound, so that the catalog can judge them as well."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from backtest.axes import Axis, axis_problem
from backtest.errors import Loc, Problem
from backtest.request import IndicatorGrid, RiskGrid, SignalGrids
from schema import request as schema
from schema.translate import to_axes, to_indicator_grid, to_risk_grid

M = TypeVar("M", bound=BaseModel)

_AXES: TypeAdapter[schema.AxisMap] = TypeAdapter(schema.AxisMap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """What could be read of the grids under one root, every piece with its place."""

    indicator_grids: tuple[tuple[Loc, IndicatorGrid], ...]
    signal_grids: SignalGrids
    signal_loc: Loc
    risk_grid: tuple[Loc, RiskGrid] | None
    has_all_indicators: bool = field(default=False)


def rule_problems(body: object) -> Iterator[Problem]:
    """What the domain says of the sound parts of a request."""
    for pieces in _all_pieces(body):
        yield from _axis_problems(pieces)


def _axis_problems(pieces: Pieces) -> Iterator[Problem]:
    for loc, axis in _all_axes(pieces):
        found = axis_problem(axis)
        if found is not None:
            member, code, message = found
            yield Problem((*loc, member), code, message)


def _all_axes(pieces: Pieces) -> Iterator[tuple[Loc, Axis]]:
    for loc, grid in pieces.indicator_grids:
        yield from (((*loc, "params", name), axis) for name, axis in grid.params.items())
        if grid.source is not None:
            yield (*loc, "source"), grid.source
    for indicator_id, axes in pieces.signal_grids.items():
        loc = (*pieces.signal_loc, indicator_id)
        yield from (((*loc, name), axis) for name, axis in axes.items())
    if pieces.risk_grid is not None:
        loc, risk = pieces.risk_grid
        sides = (("sl", risk.sl), ("tp", risk.tp))
        yield from (((*loc, name), axis) for name, axis in sides if axis is not None)


def _all_pieces(body: object) -> Iterator[Pieces]:
    for root in ("template", "overrides"):
        block = _members(body).get(root)
        if isinstance(block, dict):
            yield _read_pieces(_members(block), (root,))


def _read_pieces(block: Mapping[str, Any], root: Loc) -> Pieces:
    raw_grids = block.get("indicator_grids")
    items = cast("list[object]", raw_grids) if isinstance(raw_grids, list) else []
    grids = tuple(
        ((*root, "indicator_grids", index), to_indicator_grid(grid))
        for index, item in enumerate(items)
        if (grid := _model(schema.IndicatorGrid, item)) is not None
    )
    risk = _model(schema.RiskGrid, block.get("risk_grid"))
    return Pieces(
        indicator_grids=grids,
        signal_grids=dict(_signal_grids(block.get("signal_grids"))),
        signal_loc=(*root, "signal_grids"),
        risk_grid=None if risk is None else ((*root, "risk_grid"), to_risk_grid(risk)),
        has_all_indicators=0 < len(items) == len(grids),
    )


def _signal_grids(raw: object) -> Iterator[tuple[str, Any]]:
    for indicator_id, axes in _members(raw).items():
        try:
            yield indicator_id, to_axes(_AXES.validate_python(axes))
        except ValidationError:
            continue


def _model(model: type[M], raw: object) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _members(raw: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
