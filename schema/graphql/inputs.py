"""The GraphQL spelling of the request, made from the same models that REST reads.

Two things are spelled differently: the choice between a saved strategy and a template is a
`@oneOf` input, and maps are lists of entries.
See: docs/graphql.md
"""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from pydantic import Field
from strawberry.types.arguments import InputContext
from strawberry.types.base import get_object_definition

from schema.enums import DirectionMode, SizingMode, Timeframe
from schema.request import (
    Execution,
    InstrumentId,
    Overrides,
    RunOptions,
    StrategyId,
    Template,
    TimeRange,
)
from schema.scalars import AxisScalar, WholeNumber


@strawberry.pydantic.input(description="A run of an ad-hoc grid.")
class TemplateRunInput(Template, RunOptions):
    """A run of an ad-hoc grid.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """


@strawberry.pydantic.input(description="A run of a saved strategy.")
class SavedRunInput(RunOptions):
    """A run of a saved strategy.

    See: docs/saved-strategies.md
    """

    strategy_id: StrategyId
    overrides: Annotated[Overrides | None, Field(description="Changes to the strategy.")] = None


@strawberry.input(one_of=True, description="What to run: exactly one of the two.")
class RunBacktestInput:
    """What to run: exactly one of the two.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """

    template: strawberry.Maybe[TemplateRunInput] = strawberry.field(description="An ad-hoc grid.")
    saved: strawberry.Maybe[SavedRunInput] = strawberry.field(description="A saved strategy.")


@strawberry.input(description="A parameter and its value.")
class NamedValueInput:
    """A parameter and its value.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """

    name: str = strawberry.field(description="Name of the parameter; each may occur once.")
    value: AxisScalar = strawberry.field(description="Its value.")


@strawberry.input(description="An indicator with one value for each parameter.")
class IndicatorSelectionInput:
    """An indicator with one value for each parameter.

    See: docs/graphql.md#what-only-graphql-has
    """

    indicator_id: str = strawberry.field(description="Id from the catalog.")
    source: str | None = strawberry.field(default=None, description="Candle series, if any.")
    params: list[NamedValueInput] | None = strawberry.field(
        default=None, description="Its parameters."
    )


@strawberry.input(description="The signal parameters of one indicator.")
class SignalValuesInput:
    """The signal parameters of one indicator.

    See: docs/graphql.md#what-only-graphql-has
    """

    indicator_id: str = strawberry.field(description="An indicator of the variant.")
    params: list[NamedValueInput] = strawberry.field(description="Parameters of its signal rule.")


@strawberry.input(description="Stop-loss and take-profit of one variant.")
class RiskInput:
    """Stop-loss and take-profit of one variant.

    See: docs/fills.md
    """

    sl_enabled: bool | None = strawberry.field(default=False, description="Use a stop-loss.")
    sl_pct: float | None = strawberry.field(default=None, description="Percent of the entry price.")
    tp_enabled: bool | None = strawberry.field(default=False, description="Use a take-profit.")
    tp_pct: float | None = strawberry.field(default=None, description="Percent of the entry price.")


@strawberry.input(description="One variant, spelled out as a run's payload tells it.")
class VariantReportInput:
    """One variant, spelled out as a run's payload tells it.

    See: docs/graphql.md#what-only-graphql-has
    """

    time_range: TimeRange = strawberry.field(description="The range that trades and counts.")
    instrument_id: InstrumentId = strawberry.field(description="What to trade.")
    timeframe: Timeframe = strawberry.field(description="Length of a bar.")
    indicator_selections: list[IndicatorSelectionInput] = strawberry.field(
        description="At least one indicator; each may occur once."
    )
    signals: list[SignalValuesInput] | None = strawberry.field(
        default=None, description="Signal parameters by indicator."
    )
    risk: RiskInput | None = strawberry.field(default=None, description="Stop-loss, take-profit.")
    execution: Execution | None = strawberry.field(default=None, description="Money and costs.")
    direction_mode: DirectionMode | None = strawberry.field(
        default=DirectionMode.LONG_SHORT, description="Which sides may be entered."
    )
    sizing_mode: SizingMode | None = strawberry.field(
        default=SizingMode.ALL_IN, description="How entries are sized."
    )
    warmup_bars: WholeNumber | None = strawberry.field(
        default=None, description="Bars before the range that only indicators see."
    )


def _keep_raw(cls: type, value: Mapping[str, Any], context: InputContext) -> Mapping[str, Any]:
    del cls, context
    return value


# Both were read, with every problem told, before execution began; building the models again from
# the GraphQL spelling would only find places that the client did not write.
for _input in (RunBacktestInput, VariantReportInput):
    get_object_definition(_input, strict=True).from_input = _keep_raw
