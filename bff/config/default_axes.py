"""The default axes of every indicator, from a YAML file that is checked against the catalog.

See: docs/configuration.md
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from backtest.axes import (
    MAX_AXIS_VALUES,
    Axis,
    ExplicitAxis,
    RangeAxis,
    axis_len,
    axis_problem,
    axis_values,
)
from backtest.indicators.definition import Indicator, Param, SignalParam
from bff.config.yaml_file import BadConfig, ConfigProblem

Found = Iterator[tuple[str, str]]
Number = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Explicit(_Strict):
    mode: Literal["explicit"]
    values: list[Number | StrictStr]


class _Range(_Strict):
    mode: Literal["range"]
    start: Number
    stop_incl: Number
    step: Number


_Axis: TypeAlias = Annotated[_Explicit | _Range, Field(discriminator="mode")]


class _IndicatorAxes(_Strict):
    source: _Axis | None = None
    params: dict[str, _Axis] = {}
    signals: dict[str, _Axis] = {}


class _Document(_Strict):
    version: Literal[1]
    indicators: dict[str, _IndicatorAxes]


@dataclass(frozen=True, slots=True)
class YamlDefaults:
    """A `GridDefaults`: complete for every indicator of the catalog that can be asked for."""

    indicators: Mapping[str, Mapping[str, Axis]]
    signals: Mapping[str, Mapping[str, Axis]]

    def indicator_axes(self, indicator_id: str) -> Mapping[str, Axis]:
        """Default axes by parameter name, the source axis under `"source"`; empty if none."""
        return self.indicators.get(indicator_id, {})

    def signal_axes(self, indicator_id: str) -> Mapping[str, Axis]:
        """Default axes of the signal rule's parameters; empty if none."""
        return self.signals.get(indicator_id, {})


def read_defaults(
    document: object, catalog: Mapping[str, Indicator], *, where: str
) -> YamlDefaults:
    """Check a document and keep its axes.

    Args:
        document: The parsed YAML file.
        catalog: What indicators there are.
        where: Name of the file, for messages.

    Raises:
        BadConfig: Every problem: shape, unknown or missing indicators and axes, bounds, lattice.
    """
    try:
        parsed = _Document.model_validate(document)
    except ValidationError as exc:
        raise BadConfig(list(shape_problems(exc, where))) from exc
    problems = [
        ConfigProblem(where, f"indicators.{key}", message)
        for key, message in _catalog_problems(parsed, catalog)
    ]
    if problems:
        raise BadConfig(problems)
    return YamlDefaults(
        indicators={key: _indicator_axes(entry) for key, entry in parsed.indicators.items()},
        signals={
            key: {name: _to_axis(axis) for name, axis in entry.signals.items()}
            for key, entry in parsed.indicators.items()
        },
    )


def shape_problems(exc: ValidationError, where: str) -> Iterator[ConfigProblem]:
    """What pydantic found, as places in a file; the tag of a union is not a place."""
    for error in exc.errors(include_url=False, include_context=False):
        parts = [str(part) for part in error["loc"] if part not in {"explicit", "range"}]
        match error["type"]:
            case "extra_forbidden":
                message = "unknown key; remove it or correct its spelling"
            case "missing":
                message = "the key is missing; add it"
            case _:
                message = f"{error['msg']}, was {_shown(error['input'])}"
        yield ConfigProblem(where, ".".join(parts), message)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _catalog_problems(document: _Document, catalog: Mapping[str, Indicator]) -> Found:
    offered = {key: row for key, row in catalog.items() if not row.is_internal}
    for key in document.indicators.keys() - offered.keys():
        yield key, "no such indicator in the catalog; remove it or correct its spelling"
    for key, row in offered.items():
        entry = document.indicators.get(key)
        if entry is None:
            yield key, "the indicator is missing; give every axis a default"
            continue
        yield from _source_problems(key, entry, row)
        yield from _axes_problems(f"{key}.params", entry.params, row.params)
        signal_params = row.rule.params if row.rule else ()
        yield from _axes_problems(f"{key}.signals", entry.signals, signal_params)


def _source_problems(key: str, entry: _IndicatorAxes, row: Indicator) -> Found:
    place = f"{key}.source"
    if not row.sources:
        if entry.source is not None:
            yield place, "the indicator reads fixed series; remove the key"
        return
    if entry.source is None:
        yield place, f"the source is missing; choose from {', '.join(row.sources)}"
        return
    axis = _to_axis(entry.source)
    if not isinstance(axis, ExplicitAxis):
        yield place, "a source must be an explicit axis"
        return
    yield from _own_problem(place, axis)
    for value in axis.values:
        if value not in row.sources:
            yield place, f"a source must be one of {', '.join(row.sources)}, was {_shown(value)}"


def _axes_problems(
    place: str, given: Mapping[str, _Axis], known: tuple[Param | SignalParam, ...]
) -> Found:
    rows = {param.name: param for param in known}
    for name in given.keys() - rows.keys():
        allowed = ", ".join(rows) or "nothing"
        yield f"{place}.{name}", f"unknown parameter; known here: {allowed}"
    for name, row in rows.items():
        if name not in given:
            yield f"{place}.{name}", f"the axis is missing; its usual value is {row.default}"
        else:
            yield from _number_problems(f"{place}.{name}", _to_axis(given[name]), row)


def _number_problems(place: str, axis: Axis, row: Param | SignalParam) -> Found:
    own = list(_own_problem(place, axis))
    if own:
        yield from own
        return
    low, high = _bounds(row)
    ends = axis.values if isinstance(axis, ExplicitAxis) else (axis.start, axis.stop_incl)
    for value in ends:
        if isinstance(value, str):
            yield place, f"a value must be a number, was {_shown(value)}"
        elif not low <= value <= high:
            yield place, f"a value must be between {low} and {high}, was {value}"
        elif row.kind == "int" and value != int(value):
            yield place, f"a value must be whole, was {value}"
    if isinstance(axis, RangeAxis) and not _on_lattice(axis, low, row.step):
        yield place, f"the range must lie on steps of {row.step} counted from {low}"
    elif isinstance(row, SignalParam) and row.nonzero and 0 in axis_values(axis):
        yield place, "a value must not be 0"


def _own_problem(place: str, axis: Axis) -> Found:
    problem = axis_problem(axis)
    if problem is not None:
        member, _, message = problem
        yield f"{place}.{member}", message
    elif axis_len(axis) > MAX_AXIS_VALUES:
        yield place, f"an axis must have at most {MAX_AXIS_VALUES} values, had {axis_len(axis)}"


def _bounds(row: Param | SignalParam) -> tuple[float, float]:
    return (row.hard_min, row.hard_max) if isinstance(row, Param) else (row.min, row.max)


def _on_lattice(axis: RangeAxis, origin: float, step: float) -> bool:
    """Exact on the decimal numbers as written; a binary remainder of 0.3 by 0.1 is not zero."""
    unit, offset = Fraction(repr(step)), Fraction(repr(axis.start)) - Fraction(repr(origin))
    return offset % unit == 0 and Fraction(repr(axis.step)) % unit == 0


def _indicator_axes(entry: _IndicatorAxes) -> dict[str, Axis]:
    axes = {name: _to_axis(axis) for name, axis in entry.params.items()}
    return axes if entry.source is None else {"source": _to_axis(entry.source), **axes}


def _to_axis(axis: _Axis) -> Axis:
    if isinstance(axis, _Explicit):
        return ExplicitAxis(tuple(axis.values))
    return RangeAxis(axis.start, axis.stop_incl, axis.step)
