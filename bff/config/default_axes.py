"""The default axes of every indicator, from a YAML file that is checked against the catalog.

Each entry is read as the grid that a request could have named, and judged by the same rules.

See: docs/configuration.md#indicatorsyaml
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from backtest.axes import Axis
from backtest.axis_rules import normal_name
from backtest.catalog_rules import indicator_problems, order_problems, signal_problems
from backtest.errors import Loc, Problem
from backtest.indicators.definition import Indicator
from backtest.request import IndicatorGrid
from bff.config.yaml_file import BadConfig, ConfigProblem, members_of, shape_problems
from schema.axis import AxisModel
from schema.request import AxisMap
from schema.translate import to_axes


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _read_null_as_absent(cls, value: object) -> object:
        if not isinstance(value, dict):
            return {} if value is None else value
        members = cast("dict[object, object]", value)
        return {name: member for name, member in members.items() if member is not None}


class _Entry(_Strict):
    source: AxisModel | None = None
    params: AxisMap = {}
    signals: AxisMap = {}


class _Inputs(_Strict):
    source: AxisModel | None = None


class _RuleAxes(_Strict):
    params: AxisMap = {}


class _Rules(_Strict):
    v1: _RuleAxes = _RuleAxes()


class _SharedEntry(_Strict):
    inputs: _Inputs = _Inputs()
    params: AxisMap = {}
    signals: _Rules = _Rules()


class _Document(_Strict):
    version: Literal[1]
    indicators: dict[str, _Entry]


class _SharedDocument(_Strict):
    version: Literal[1] = Field(1, validation_alias=AliasChoices("version", "schema_version"))
    defaults: dict[str, _SharedEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a file spells its entries; `places` leads to their parts.

    The form with `defaults` is shared with other services: it may leave axes out, which requests
    have to name then, and may hold helpers that nobody can ask for. The other form may leave out
    indicators that are newer than itself.
    """

    root: str
    places: Mapping[str, Loc]
    is_shared: bool

    def place(self, key: str, loc: Loc) -> Loc:
        """Where a part of the grid of an entry stands in the file."""
        part = self.places.get(str(loc[0]), ()) if loc else ()
        return (self.root, key, *part, *loc[1:])


_OWN = _Form(
    root="indicators",
    places={"source": ("source",), "params": ("params",), "signals": ("signals",)},
    is_shared=False,
)
_SHARED = _Form(
    root="defaults",
    places={
        "source": ("inputs", "source"),
        "params": ("params",),
        "signals": ("signals", "v1", "params"),
    },
    is_shared=True,
)


@dataclass(frozen=True, slots=True)
class YamlDefaults:
    """A `GridDefaults`; `notices` say what a file leaves out or what of it is not read."""

    indicators: Mapping[str, Mapping[str, Axis]]
    signals: Mapping[str, Mapping[str, Axis]]
    notices: tuple[str, ...] = field(default=(), compare=False)

    def indicator_axes(self, indicator_id: str) -> Mapping[str, Axis]:
        """Default axes by parameter name, the source axis under `"source"`; empty if none."""
        return self.indicators.get(indicator_id, {})

    def signal_axes(self, indicator_id: str) -> Mapping[str, Axis]:
        """Default axes of the signal rule's parameters; empty if none."""
        return self.signals.get(indicator_id, {})


@dataclass(frozen=True, slots=True)
class _Given:
    """One entry of a file: the grid that a request could have named, and its signal axes."""

    key: str
    grid: IndicatorGrid
    signal_axes: Mapping[str, Axis]

    @property
    def indicator_id(self) -> str:
        return normal_name(self.key)

    @property
    def axes(self) -> dict[str, Axis]:
        source = {} if self.grid.source is None else {"source": self.grid.source}
        return {**source, **_by_normal_name(self.grid.params)}


def read_defaults(
    document: object, catalog: Mapping[str, Indicator], *, where: str
) -> YamlDefaults:
    """Check a document and keep its axes.

    Args:
        document: The parsed YAML file, in either form.
        catalog: What indicators there are.
        where: Name of the file, for messages.

    Raises:
        BadConfig: Every problem: shape, unknown or missing indicators and axes, and whatever a
            request with these axes would be refused for.
    """
    is_shared = "defaults" in members_of(document)
    form, read = (_SHARED, _shared_entries) if is_shared else (_OWN, _own_entries)
    try:
        entries = read(document)
    except ValidationError as exc:
        raise BadConfig(list(shape_problems(exc, where))) from exc
    helpers = {key for key, row in catalog.items() if row.is_internal and form.is_shared}
    kept = [entry for entry in entries if entry.indicator_id not in helpers]
    problems = list(_entry_problems(kept, catalog, form))
    listed = {entry.indicator_id: entry for entry in kept}
    gaps = list(_gaps(listed, catalog, form))
    expected = {key: row for key, row in catalog.items() if key in listed or not row.is_newer}
    if not form.is_shared:
        problems.extend(_gaps(listed, expected, form))
    if problems:
        raise BadConfig([_to_config_problem(problem, where) for problem in problems])
    return YamlDefaults(
        indicators={entry.indicator_id: entry.axes for entry in kept},
        signals={entry.indicator_id: _by_normal_name(entry.signal_axes) for entry in kept},
        notices=(
            f"{where}: indicators or axes without a default: {len(gaps)}; give them in requests",
        )
        * bool(gaps),
    )


def _own_entries(document: object) -> list[_Given]:
    parsed = _Document.model_validate(document)
    return [
        _Given(key, _grid(key, entry.source, entry.params), to_axes(entry.signals))
        for key, entry in parsed.indicators.items()
    ]


def _shared_entries(document: object) -> list[_Given]:
    parsed = _SharedDocument.model_validate(document)
    return [
        _Given(key, _grid(key, entry.inputs.source, entry.params), to_axes(entry.signals.v1.params))
        for key, entry in parsed.defaults.items()
    ]


def _grid(key: str, source: AxisModel | None, params: AxisMap) -> IndicatorGrid:
    source_axis = None if source is None else source.to_axis()
    return IndicatorGrid(indicator_id=key, params=to_axes(params), source=source_axis)


def _by_normal_name(axes: Mapping[str, Axis]) -> dict[str, Axis]:
    return {normal_name(name): axis for name, axis in axes.items()}


def _entry_problems(
    entries: list[_Given], catalog: Mapping[str, Indicator], form: _Form
) -> Iterator[Problem]:
    """What the rules of requests say of the entries, at the places of the file."""
    ids = [entry.indicator_id for entry in entries]
    for entry in entries:
        found = list(indicator_problems(entry.grid, ()))
        row = catalog.get(entry.indicator_id)
        if ids.count(entry.indicator_id) > 1:
            found.append(
                Problem((), "duplicate_indicator", "the indicator is listed twice; remove one")
            )
        elif row is not None and not found and set(row.axes) <= entry.axes.keys():
            found.extend(order_problems(row, entry.axes, ()))
        if row is not None and not row.is_internal:
            signals = signal_problems({row.id}, {row.id: entry.signal_axes}, ())
            found.extend(replace(p, loc=("signals", *p.loc[1:])) for p in signals)
        for problem in found:
            yield replace(problem, loc=form.place(entry.key, problem.loc))


def _gaps(
    entries: Mapping[str, _Given], catalog: Mapping[str, Indicator], form: _Form
) -> Iterator[Problem]:
    """Axes of the catalog without a default."""
    for key, row in catalog.items():
        if row.rule is None:
            continue
        entry = entries.get(key)
        if entry is None:
            message = "the indicator is missing; give every axis a default"
            yield Problem(form.place(key, ()), "required", message)
            continue
        for name in row.axes:
            if name not in entry.axes:
                member: Loc = (name,) if name == "source" else ("params", name)
                yield Problem(form.place(entry.key, member), "required", "give the axis a default")
        for param in row.rule.params:
            if param.name not in _by_normal_name(entry.signal_axes):
                message = f"give the axis a default; its usual value is {param.default}"
                yield Problem(form.place(entry.key, ("signals", param.name)), "required", message)


def _to_config_problem(problem: Problem, where: str) -> ConfigProblem:
    return ConfigProblem(where, ".".join(map(str, problem.loc)), problem.message)
