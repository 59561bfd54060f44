"""A saved strategy's stored payload, read into the same template that an ad-hoc request becomes.

See: docs/saved-strategies.md
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from backtest import request as domain
from backtest.errors import InvalidRequest
from backtest.types import DirectionMode, SizingMode, Timeframe
from schema.axis import AxisModel
from schema.problems import shape_problems, stored_place
from schema.request import Execution, InstrumentId, RiskGrid
from schema.scalars import Text, require_some
from schema.translate import to_axes, to_execution, to_instrument, to_risk_grid, to_signal_grids

NOT_RUNNABLE = "The saved strategy cannot be run"
# In this order: where there is an `indicator_id`, an `id` may be that of a row.
_NAMES_OF_ID = ("indicator_id", "id", "kind", "name")


def _to_axis(value: object) -> object:
    if value is None or isinstance(value, dict):
        return cast("object", value)
    return {"mode": "explicit", "values": [value]}


SavedAxis = Annotated[AxisModel, BeforeValidator(_to_axis)]
SavedAxes = dict[Text, SavedAxis]


class _Stored(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class SavedIndicator(_Stored):
    """One indicator of a stored strategy; a plain value stands for a one-value axis.

    `id_member` is the name under which the id is stored.

    See: docs/saved-strategies.md
    """

    # Pydantic misses an absent id under the first of these names.
    id: Text = Field(validation_alias=AliasChoices("id", *_NAMES_OF_ID))
    id_member: str = "id"
    inputs: SavedAxes = Field(default_factory=dict[str, Any])
    params: SavedAxes = Field(default_factory=dict[str, Any])

    @model_validator(mode="before")
    @classmethod
    def _take_first_name(cls, stored: object) -> object:
        if not isinstance(stored, dict):
            return stored
        members = cast("dict[str, object]", stored)
        found = next((name for name in _NAMES_OF_ID if members.get(name) is not None), None)
        given: dict[str, object] = {name: members.get(name) or {} for name in ("inputs", "params")}
        if found is None:
            return given
        stored_id = members[found]
        is_text = isinstance(stored_id, str)
        given[found] = stored_id.strip().lower() if is_text else stored_id
        return {**given, "id_member": found}

    def to_grid(self) -> domain.IndicatorGrid:
        """The indicator in the words of the domain."""
        inputs = to_axes(self.inputs)
        return domain.IndicatorGrid(
            indicator_id=self.id,
            params=to_axes(self.params),
            source=inputs.get("source"),
            id_member=self.id_member,
        )


class StrategySpec(_Stored):
    """The stored payload. What only describes the strategy (tags, names) is not read.

    See: docs/saved-strategies.md
    """

    spec_kind: Literal["roehub.strategy.v1"]
    schema_version: Literal[1]
    instrument_id: InstrumentId
    timeframe: Timeframe
    indicators: Annotated[tuple[SavedIndicator, ...], AfterValidator(require_some)]
    direction_mode: DirectionMode | None = None
    sizing_mode: SizingMode | None = None
    execution: Execution | None = None
    risk: RiskGrid | None = None
    risk_grid: RiskGrid | None = None
    signal_grids: dict[Text, SavedAxes] | None = None

    @model_validator(mode="before")
    @classmethod
    def _promote_risk_values(cls, stored: object) -> object:
        if not isinstance(stored, dict):
            return stored
        members = cast("dict[str, object]", stored)
        grid = members.get("risk_grid")
        if not isinstance(grid, dict):
            return members
        block = cast("dict[str, object]", grid)
        sides = {side: _to_axis(block[side]) for side in ("sl", "tp") if side in block}
        return {**members, "risk_grid": {**block, **sides}}

    def to_template(self) -> domain.Template:
        """The template that the strategy stands for."""
        return domain.Template(
            instrument=to_instrument(self.instrument_id),
            timeframe=self.timeframe,
            indicator_grids=tuple(indicator.to_grid() for indicator in self.indicators),
            direction_mode=self.direction_mode or DirectionMode.LONG_SHORT,
            sizing_mode=self.sizing_mode or SizingMode.ALL_IN,
            execution=to_execution(self.execution),
            risk_grid=to_risk_grid(self.risk_grid or self.risk or RiskGrid()),
            signal_grids=to_signal_grids(self.signal_grids or {}),
        )


def read_spec(spec: Mapping[str, Any]) -> domain.Template:
    """Check a stored payload and translate it.

    Args:
        spec: The JSON object as stored.

    Raises:
        InvalidRequest: It does not describe something that can run; places start with `"spec"`.

    See: docs/saved-strategies.md, docs/errors.md#validation_error-422
    """
    as_written = partial(stored_place, spec=spec)
    try:
        template = StrategySpec.model_validate(dict(spec)).to_template()
    except ValidationError as error:
        problems = shape_problems(error, ("spec",))
        raise InvalidRequest(
            (replace(problem, loc=as_written(problem.loc)) for problem in problems), NOT_RUNNABLE
        ) from error
    return replace(template, as_written=as_written)
