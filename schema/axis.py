"""An axis as a client writes it: listed values or a range.

See: docs/grid.md
"""

from typing import Annotated, Literal

import strawberry
from pydantic import BaseModel, ConfigDict, Field

from backtest import axes
from schema.scalars import AxisNumber, AxisScalar, AxisValue

STRICT = ConfigDict(extra="forbid", frozen=True)


@strawberry.pydantic.input(
    name="ExplicitAxisInput", description="An axis that lists its values; their order is kept."
)
class ExplicitAxis(BaseModel):
    """An axis that lists its values; their order is kept."""

    model_config = STRICT

    mode: strawberry.Private[Literal["explicit"]]
    values: Annotated[
        tuple[AxisValue, ...],
        Field(description="At least one value, all different; `1` and `1.0` are the same."),
        strawberry.field(graphql_type=list[AxisScalar]),
    ]

    def to_axis(self) -> axes.Axis:
        """The axis in the words of the domain."""
        return axes.ExplicitAxis(self.values)


@strawberry.pydantic.input(
    name="RangeAxisInput",
    description="An axis of evenly spaced values, counted in decimal arithmetic.",
)
class RangeAxis(BaseModel):
    """An axis of evenly spaced values, counted in decimal arithmetic."""

    model_config = STRICT

    mode: strawberry.Private[Literal["range"]]
    start: Annotated[
        AxisNumber, Field(description="The first value."), strawberry.field(graphql_type=float)
    ]
    stop_incl: Annotated[
        AxisNumber,
        Field(description="No value is above this one; at least `start`."),
        strawberry.field(graphql_type=float),
    ]
    step: Annotated[
        AxisNumber,
        Field(description="Distance between two values, above 0."),
        strawberry.field(graphql_type=float),
    ]

    def to_axis(self) -> axes.Axis:
        """The axis in the words of the domain."""
        return axes.RangeAxis(self.start, self.stop_incl, self.step)


AxisModel = Annotated[ExplicitAxis | RangeAxis, Field(discriminator="mode")]


@strawberry.input(one_of=True, description="An axis: its values, given in exactly one way.")
class AxisInput:
    """The GraphQL spelling of an axis; over REST the member `mode` makes the choice.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """

    explicit: strawberry.Maybe[ExplicitAxis] = strawberry.field(description="Values as listed.")
    range: strawberry.Maybe[RangeAxis] = strawberry.field(description="Evenly spaced values.")


@strawberry.input(description="The axis of one parameter.")
class NamedAxisInput:
    """The GraphQL spelling of one entry of a map from parameter names to axes.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """

    name: str = strawberry.field(description="Name of the parameter; each may occur once.")
    axis: AxisInput = strawberry.field(description="Its values.")


@strawberry.input(description="The signal axes of one indicator.")
class SignalGridInput:
    """The GraphQL spelling of one entry of `signal_grids`.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """

    indicator_id: str = strawberry.field(
        description="An indicator of the run; each may occur once."
    )
    params: list[NamedAxisInput] = strawberry.field(description="Parameters of its signal rule.")
