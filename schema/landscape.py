"""The landscape of a grid, as clients are told it.

See: docs/landscape.md
"""

from typing import Annotated, Protocol

import strawberry
from pydantic import BaseModel, Field, PrivateAttr

from backtest.axes import Scalar
from schema.enums import AxisKind, NeighbourhoodShape, SurfaceStatistic
from schema.report import ANSWER
from schema.scalars import AxisScalar


@strawberry.pydantic.type(description="What the variants with one value of an axis returned.")
class LandscapeValue(BaseModel):
    """What the variants with one value of an axis returned."""

    model_config = ANSWER

    value: Annotated[
        Scalar, Field(description="The value."), strawberry.field(graphql_type=AxisScalar)
    ]
    n_variants: Annotated[int, Field(description="How many variants have it.")]
    best_pct: Annotated[float, Field(description="Best total return.")]
    median_pct: Annotated[float, Field(description="Median total return.")]
    mean_pct: Annotated[float, Field(description="Mean total return.")]
    profitable_share: Annotated[float, Field(description="Share of them with a gain.")]


@strawberry.pydantic.type(description="An axis, and what it is worth.")
class LandscapeAxis(BaseModel):
    """An axis, and what it is worth."""

    model_config = ANSWER

    name: Annotated[str, Field(description="Such as `ma.sma.window` or `sl_pct`.")]
    kind: Annotated[AxisKind, Field(description="Where it comes from.")]
    share: Annotated[
        float | None,
        Field(description="Share of the variance of the return that it explains alone."),
    ]
    values: Annotated[tuple[LandscapeValue, ...], Field(description="Its values.")]


@strawberry.pydantic.type(
    description="The neighbours of a returned variant: one step away on one axis, else the same, "
    "stops included."
)
class Neighbourhood(BaseModel):
    """The neighbours of a returned variant, one step away on one axis of numbers."""

    model_config = ANSWER

    place: Annotated[int, Field(description="Its place in `variants`, from 0.")]
    n_neighbours: Annotated[int, Field(description="How many there are.")]
    median_pct: Annotated[float | None, Field(description="Median of their returns.")]
    worst_pct: Annotated[float | None, Field(description="The worst of them.")]
    kept: Annotated[
        float | None, Field(description="What the median neighbour keeps of the own gain.")
    ]
    shape: Annotated[NeighbourhoodShape | None, Field(description="Plateau, slope or spike.")]
    edges: Annotated[
        tuple[str, ...],
        Field(description="Axes of which it has the lowest or the highest value."),
        strawberry.field(graphql_type=list[str]),
    ]


@strawberry.pydantic.type(description="Returns over two axes, in percent.")
class Surface(BaseModel):
    """Returns over two axes, in percent.

    `cells` has the shape (len(x_values), len(y_values)).

    See: docs/landscape.md
    """

    model_config = ANSWER

    x: Annotated[str, Field(description="Name of the first axis.")]
    y: Annotated[str, Field(description="Name of the second axis.")]
    x_values: Annotated[
        tuple[Scalar, ...],
        Field(description="Values of the first axis."),
        strawberry.field(graphql_type=list[AxisScalar]),
    ]
    y_values: Annotated[
        tuple[Scalar, ...],
        Field(description="Values of the second axis."),
        strawberry.field(graphql_type=list[AxisScalar]),
    ]
    statistic: Annotated[SurfaceStatistic, Field(description="What a cell tells.")]
    with_stops: Annotated[
        bool,
        Field(description="Whether it is over stage B; otherwise over all variants without stops."),
    ]
    cells: Annotated[
        tuple[tuple[float | None, ...], ...],
        Field(description="A row for each value of `x`; null where no variant is."),
        strawberry.field(graphql_type=list[list[float | None]]),
    ]


@strawberry.pydantic.type(description="Returns over two axes, at one value of a third.")
class SurfaceAt(BaseModel):
    """Returns over two axes, at one value of a third.

    See: docs/landscape.md
    """

    model_config = ANSWER

    value: Annotated[
        Scalar,
        Field(description="Value of the third axis."),
        strawberry.field(graphql_type=AxisScalar),
    ]
    surface: Annotated[Surface, Field(description="Of the variants that have it.")]


class SurfaceDrawing(Protocol):
    """Draws the surfaces of a landscape when somebody asks for them.

    See: docs/landscape.md
    """

    def surface(self, x: str | None, y: str | None, statistic: SurfaceStatistic) -> Surface:
        """One over two axes."""
        ...

    def surfaces(
        self, by: str, x: str | None, y: str | None, statistic: SurfaceStatistic
    ) -> list[SurfaceAt]:
        """One for each value of a third axis."""
        ...


@strawberry.pydantic.type(description="What the grid looks like.")
class Landscape(BaseModel):
    """What the grid looks like."""

    model_config = ANSWER

    axes: Annotated[
        tuple[LandscapeAxis, ...],
        Field(description="Indicator and signal axes without stops, risk axes over stage B."),
    ]
    interactions: Annotated[
        float | None, Field(description="Share of the variance that no axis explains alone.")
    ]
    neighbourhoods: Annotated[
        tuple[Neighbourhood, ...], Field(description="Of each returned variant, best first.")
    ]
    robust_order: Annotated[
        tuple[int, ...],
        Field(description="Places in `variants` by the median of the neighbours, best first."),
        strawberry.field(graphql_type=list[int]),
    ]
    _drawing: SurfaceDrawing | None = PrivateAttr(default=None)

    def attach_drawing(self, drawing: SurfaceDrawing) -> None:
        """Tell who draws surfaces; that is done when somebody asks for one."""
        self._drawing = drawing

    @strawberry.pydantic.field(
        description="Returns over two axes, by default the two that explain most and fit; at most "
        "10 000 cells. SLICE holds all other axes at the best variant's values."
    )
    def surface(
        self,
        x: str | None = None,
        y: str | None = None,
        statistic: SurfaceStatistic = SurfaceStatistic.BEST,
    ) -> Surface:
        """A map; blocking work, as is all execution of a document."""
        assert self._drawing is not None
        return self._drawing.surface(x, y, statistic)

    @strawberry.pydantic.field(
        description="The same for each value of a third axis `by`; at most 10 000 cells in all."
    )
    def surfaces(
        self,
        by: str,
        x: str | None = None,
        y: str | None = None,
        statistic: SurfaceStatistic = SurfaceStatistic.BEST,
    ) -> list[SurfaceAt]:
        """Small maps; blocking work, as is all execution of a document."""
        assert self._drawing is not None
        return self._drawing.surfaces(by, x, y, statistic)
